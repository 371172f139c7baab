// SPDX-License-Identifier: Apache-2.0
#include "exporter/http_responder.h"

#include <strings.h>

#include <utility>
#include <vector>

namespace kle {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The last one given wins.
void Set(Headers& headers, const std::string& name, const std::string& value) {
  for (auto& [known, old] : headers) {
    if (strcasecmp(known.c_str(), name.c_str()) == 0) {
      old = value;
      return;
    }
  }
  headers.emplace_back(name, value);
}

}  // namespace

HttpResponse HttpResponder::Guarded(const HttpRequest& request, const WebState* web,
                                    const char* authorization, const std::string& client) const {
  if (probes_only_) return AnswerProbe(request, *snapshots_.Get());
  if (web != nullptr && web->auth->required()) {
    const AuthVerdict verdict =
        authorization == nullptr ? AuthVerdict::kDenied : web->auth->Check(authorization, client);
    HttpResponse refused;
    if (verdict == AuthVerdict::kBusy) {
      refused.status = 503;
      refused.body = "busy with other passwords\n";
      refused.headers.emplace_back("Retry-After", "1");
      return refused;
    }
    if (verdict == AuthVerdict::kDenied) {
      refused.status = 401;
      refused.body = "Unauthorized\n";
      refused.headers.emplace_back("WWW-Authenticate", "Basic");
      return refused;
    }
  }
  return Answer(request, *snapshots_.Get(), telemetry_path_);
}

HttpResponse HttpResponder::Respond(const HttpRequest& request, const char* authorization,
                                    const std::string& client) const {
  const auto web = web_ == nullptr ? nullptr : web_->Get();
  HttpResponse response = Guarded(request, web.get(), authorization, client);
  Headers headers{{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  for (const auto& [name, value] : response.headers) Set(headers, name, value);
  if (web) {
    for (const auto& [name, value] : web->config.headers) Set(headers, name, value);
  }
  response.headers = std::move(headers);
  return response;
}

}  // namespace kle
