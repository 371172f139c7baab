// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_handlers.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <iterator>

#include "exporter/api.h"
#include "exporter/gzip.h"
#include "exporter/web_assets.h"

namespace kle {
namespace {

// A snapshot is made every ten seconds at the least; the first when the source is open.
constexpr std::chrono::seconds kStaleAfter(60);
constexpr std::chrono::minutes kOpenWithin(5);

constexpr size_t kWorthPacking = 1024;

constexpr std::string_view kAssetPrefix = "/web/";
constexpr std::string_view kPage = "index.html";

HttpResponse Plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

// Whether the client has it already: If-None-Match is a list of tags, or a star. Compared weakly.
bool Matches(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const size_t end = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view tag = if_none_match.substr(0, end);
    if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
    while (!tag.empty() && (tag.front() == ' ' || tag.front() == '\t')) tag.remove_prefix(1);
    while (!tag.empty() && (tag.back() == ' ' || tag.back() == '\t')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

HttpResponse TaggedAs(std::string_view etag, const HttpRequest& request, HttpResponse response) {
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", "no-cache");  // kept, but asked for each time
  if (Matches(request.if_none_match, etag)) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

HttpResponse Asset(const HttpRequest& request, const WebAsset& asset) {
  HttpResponse response{200, std::string(asset.content_type), std::string(asset.bytes), {}};
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
       "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Referrer-Policy", "no-referrer"}};
  return TaggedAs(asset.etag, request, std::move(response));
}

const WebAsset* AssetAt(std::string_view path) {
  if (path == "/") return FindWebAsset(kPage);
  if (!path.starts_with(kAssetPrefix)) return nullptr;
  path.remove_prefix(kAssetPrefix.size());
  return path == kPage ? nullptr : FindWebAsset(path);  // its links are relative to "/"
}

// Before the first commit a page without a series would end every series for who scrapes it.
HttpResponse Metrics(const HttpRequest& request, const Snapshot& snapshot) {
  if (snapshot.metrics.empty()) return Plain(503, snapshot.reason + "\n");
  HttpResponse response{200, "text/plain; version=0.0.4; charset=utf-8", {}, {}};
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (snapshot.metrics.size() > kWorthPacking && TakesGzip(request.accept_encoding)) {
    response.body = Gzipped(snapshot.metrics);
  }
  if (response.body.empty()) {
    response.body = snapshot.metrics;
  } else {
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

HttpResponse Healthy(const Snapshot& snapshot) {
  const auto age = std::chrono::steady_clock::now() - snapshot.made_at;
  if (age <= (snapshot.sequence == 0 ? kOpenWithin : kStaleAfter)) return Plain(200, "ok\n");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  return Plain(503, "nothing was committed for " + std::to_string(seconds) +
                        " s: the reading thread hangs\n");
}

HttpResponse Ready(const Snapshot& snapshot) {
  if (!snapshot.ready) return Plain(503, snapshot.reason + "\n");
  return Plain(200, snapshot.warning.empty() ? "ready\n" : "ready\n" + snapshot.warning + "\n");
}

HttpResponse NotAllowed() {
  HttpResponse response = Plain(405, "only GET and HEAD\n");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

// What is asked and what there is to say.
struct Asked {
  const HttpRequest& request;
  const Snapshot& snapshot;
  std::string_view telemetry_path;
};

// To add a path: its handler, and a row; docs/API.md.
struct Route {
  std::string_view path;
  HttpResponse (*answer)(const Asked& asked);
  bool probe = false;  // answered on the probes' address too
};

constexpr Route kRoutes[] = {
    {"/-/healthy", [](const Asked& asked) { return Healthy(asked.snapshot); }, true},
    {"/-/ready", [](const Asked& asked) { return Ready(asked.snapshot); }, true},
    {"/api/v1/terminations",
     [](const Asked& asked) { return TerminationsAnswer(asked.request, asked.snapshot); }},
    {"/api/v1/status",
     [](const Asked& asked) {
       return StatusAnswer(asked.request, asked.snapshot, asked.telemetry_path);
     }},
};

HttpResponse AnswerTo(const Asked& asked, bool probes_only) {
  const HttpRequest& request = asked.request;
  const auto* const route = std::ranges::find(kRoutes, request.path, &Route::path);
  const bool routed = route != std::end(kRoutes) && (route->probe || !probes_only);
  const bool metrics = !probes_only && request.path == asked.telemetry_path;
  const WebAsset* const asset = probes_only ? nullptr : AssetAt(request.path);
  if (!routed && !metrics && asset == nullptr) return Plain(404, "not found\n");
  if (request.method != "GET" && request.method != "HEAD") return NotAllowed();
  if (metrics) return Metrics(request, asked.snapshot);
  return routed ? route->answer(asked) : Asset(request, *asset);
}

}  // namespace

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
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

HttpResponse Tagged(const HttpRequest& request, HttpResponse response) {
  std::array<char, 24> etag{};
  std::snprintf(etag.data(), etag.size(), "\"%016zx\"",
                std::hash<std::string_view>()(response.body));
  return TaggedAs(etag.data(), request, std::move(response));
}

HttpResponse Answer(const HttpRequest& request, const Snapshot& snapshot,
                    std::string_view telemetry_path) {
  return AnswerTo({request, snapshot, telemetry_path}, false);
}

HttpResponse AnswerProbe(const HttpRequest& request, const Snapshot& snapshot) {
  return AnswerTo({request, snapshot, {}}, true);
}

}  // namespace kle
