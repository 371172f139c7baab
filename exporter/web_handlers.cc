// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_handlers.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "exporter/page.h"
#include "exporter/record_json.h"

namespace kle {
namespace {

// A snapshot is made every ten seconds at the least.
constexpr std::chrono::seconds kStaleAfter(60);

constexpr size_t kMostRecords = 20'000;

HttpResponse Plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      plain += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

// The first of a repeated parameter wins.
std::map<std::string, std::string> Parameters(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    parameters.emplace(Unescaped(pair.substr(0, equals)),
                       Unescaped(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return parameters;
}

HttpResponse JsonError(std::string_view message) {
  return {400, "application/json", JsonText({{"error", message}}) + "\n", {}};
}

HttpResponse Terminations(std::string_view query, const Snapshot& snapshot) {
  auto parameters = Parameters(query);
  const std::string& state = parameters["state"];
  if (!state.empty() && state != "in_flight" && state != "recent") {
    return JsonError("state is in_flight or recent");
  }
  size_t limit = kMostRecords;
  if (const std::string& text = parameters["limit"]; !text.empty()) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
      return JsonError("limit is a whole number");
    }
  }
  const std::string& namespace_ = parameters["namespace"];
  const std::string& pod = parameters["pod"];
  std::string body = R"({"schema":"kubelet-lifecycle/v1","terminations":[)";
  std::string_view separator = "\n";
  const auto add = [&](const RecordList& records) {
    if (!records) return;
    for (const TerminationRecord& record : *records) {
      if (limit == 0) return;
      if (!namespace_.empty() && record.namespace_ != namespace_) continue;
      if (!pod.empty() && record.pod != pod) continue;
      body.append(separator).append(JsonText(ToJson(record)));
      separator = ",\n";
      --limit;
    }
  };
  if (state != "recent") add(snapshot.in_flight);
  if (state != "in_flight") add(snapshot.recent);
  body += "]}\n";
  return {200, "application/json", std::move(body), {}};
}

HttpResponse Page(const Snapshot& snapshot, std::string_view telemetry_path) {
  HttpResponse response{200, "text/html; charset=utf-8", LandingPage(snapshot, telemetry_path), {}};
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; "
                                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Service Unavailable";
  }
}

namespace {

HttpResponse Healthy(const Snapshot& snapshot) {
  const auto age = std::chrono::steady_clock::now() - snapshot.made_at;
  if (age <= kStaleAfter) return Plain(200, "ok\n");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  return Plain(503, "nothing was committed for " + std::to_string(seconds) +
                        " s: the reading thread hangs\n");
}

bool Allowed(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

HttpResponse NotAllowed() {
  HttpResponse response = Plain(405, "only GET and HEAD\n");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

}  // namespace

HttpResponse AnswerProbe(const HttpRequest& request, const Snapshot& snapshot) {
  const bool healthy = request.path == "/-/healthy";
  if (!healthy && request.path != "/-/ready") return Plain(404, "not found\n");
  if (!Allowed(request)) return NotAllowed();
  if (healthy) return Healthy(snapshot);
  return snapshot.ready ? Plain(200, "ready\n") : Plain(503, snapshot.reason + "\n");
}

HttpResponse Answer(const HttpRequest& request, const Snapshot& snapshot,
                    std::string_view telemetry_path) {
  const std::string_view path = request.path;
  const bool metrics = path == telemetry_path;
  if (!metrics && path != "/" && path != "/api/v1/terminations") {
    return AnswerProbe(request, snapshot);
  }
  if (!Allowed(request)) return NotAllowed();
  if (metrics) return {200, "text/plain; version=0.0.4; charset=utf-8", snapshot.metrics, {}};
  if (path == "/") return Page(snapshot, telemetry_path);
  return Terminations(request.query, snapshot);
}

}  // namespace kle
