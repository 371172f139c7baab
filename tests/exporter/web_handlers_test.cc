// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_handlers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/web_assets.h"

namespace kle {
namespace {

Snapshot ReadySnapshot() {
  Snapshot snapshot;
  snapshot.metrics = "up 1\n";
  snapshot.ready = true;
  std::vector<TerminationRecord> in_flight(3);
  for (size_t i = 0; i < in_flight.size(); ++i) {
    in_flight[i].namespace_ = i == 0 ? "dev" : "prod";
    in_flight[i].pod = "pod-" + std::to_string(i);
    in_flight[i].current = Current();
  }
  snapshot.in_flight = Shared(in_flight);
  std::vector<TerminationRecord> recent(1);
  recent[0].pod = "old";
  snapshot.recent = Shared(recent);
  return snapshot;
}

HttpResponse Get(std::string_view path, std::string_view query = {}) {
  return Answer({"GET", path, query}, ReadySnapshot(), "/metrics");
}

size_t Count(std::string_view query) {
  const HttpResponse response = Get("/api/v1/terminations", query);
  EXPECT_EQ(response.status, 200) << query;
  return nlohmann::json::parse(response.body)["terminations"].size();
}

TEST(WebHandlers, ExactPathsOnly) {
  for (const char* path : {"/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/terminations",
                           "/api/v1/status", "/web/app.js"}) {
    EXPECT_EQ(Get(path).status, 200) << path;
  }
  for (const char* path :
       {"", "/metricsX", "/metrics/", "//metrics", "/metrics%00", "/Metrics", "/-/ready/",
        "/api/v1/terminations/x", "/api", "/../etc/passwd", "/web", "/web/", "/web/index.html",
        "/web/app.js/", "/web/../web/app.js", "/app.js", "/api/v1/status/"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST(WebHandlers, NoMetricsBeforeTheFirstCommit) {
  const HttpResponse response = Answer({"GET", "/metrics", ""}, Snapshot(), "/metrics");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "starting\n");
}

TEST(WebHandlers, OnlyGetAndHead) {
  EXPECT_EQ(Answer({"HEAD", "/metrics", ""}, ReadySnapshot(), "/metrics").status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"}) {
    const HttpResponse response = Answer({method, "/metrics", ""}, ReadySnapshot(), "/metrics");
    EXPECT_EQ(response.status, 405) << method;
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].first, "Allow");
    EXPECT_EQ(response.headers[0].second, "GET, HEAD");
  }
  EXPECT_EQ(Answer({"POST", "/nothing", ""}, ReadySnapshot(), "/metrics").status, 404);
}

TEST(WebHandlers, MetricsNameTheirFormat) {
  const HttpResponse response = Get("/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "up 1\n");
  EXPECT_EQ(Answer({"GET", "/m", ""}, ReadySnapshot(), "/m").body, "up 1\n");
}

TEST(WebHandlers, ReadinessTellsWhy) {
  Snapshot snapshot;
  snapshot.reason = "catching up";
  const HttpResponse response = Answer({"GET", "/-/ready", ""}, snapshot, "/metrics");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "catching up\n");
  EXPECT_EQ(Answer({"GET", "/-/healthy", ""}, snapshot, "/metrics").status, 200);
  snapshot.ready = true;
  EXPECT_EQ(Answer({"GET", "/-/ready", ""}, snapshot, "/metrics").body, "ready\n");
  snapshot.warning = "odd times";
  const HttpResponse odd = Answer({"GET", "/-/ready", ""}, snapshot, "/metrics");
  EXPECT_EQ(odd.status, 200);
  EXPECT_EQ(odd.body, "ready\nodd times\n");
}

TEST(WebHandlers, TerminationsAreFiltered) {
  EXPECT_EQ(Count(""), 4U);
  EXPECT_EQ(Count("state=in_flight"), 3U);
  EXPECT_EQ(Count("state=recent"), 1U);
  EXPECT_EQ(Count("state=in_flight&namespace=prod"), 2U);
  EXPECT_EQ(Count("namespace=prod&pod=pod%2D2"), 1U);
  EXPECT_EQ(Count("limit=2"), 2U);
  EXPECT_EQ(Count("limit=0"), 0U);
  EXPECT_EQ(Count("state=&limit=&&"), 4U);
}

TEST(WebHandlers, WhatCannotBeAskedForSaysWhatCan) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"state=x", "no state 'x': state is in_flight or recent, or both if left out"},
      {"limit=x", "no limit 'x': limit is a whole number, 0 or more"},
      {"limit=-1", "no limit '-1': limit is a whole number, 0 or more"},
      {"limit=1x", "no limit '1x': limit is a whole number, 0 or more"},
      {"limit=99999999999999999999",
       "no limit '99999999999999999999': limit is a whole number, 0 or more"},
      {"ns=prod", "no parameter 'ns': there are state, namespace, pod and limit"},
      {"%ff", "no parameter '\xEF\xBF\xBD': there are state, namespace, pod and limit"}};
  for (const auto& [query, error] : mistakes) {
    const HttpResponse response = Get("/api/v1/terminations", query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(nlohmann::json::parse(response.body)["error"], error);
  }
  EXPECT_EQ(Answer({"GET", "/api/v1/terminations", "&=&%4"}, Snapshot(), "/metrics").status, 400);
  EXPECT_EQ(Answer({"GET", "/api/v1/terminations", "&&"}, Snapshot(), "/metrics").status, 200);
}

std::string Header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(WebHandlers, WhatTheClientHasIsNotSentAgain) {
  for (const char* path : {"/", "/web/records.js", "/api/v1/terminations", "/api/v1/status"}) {
    const HttpResponse first = Get(path);
    const std::string etag = Header(first, "ETag");
    EXPECT_TRUE(etag.starts_with('"') && etag.ends_with('"') && etag.size() == 18) << etag;
    EXPECT_EQ(Header(first, "Cache-Control"), "no-cache");
    const auto again = [&](const std::string& tags) {
      return Answer({"GET", path, "", tags}, ReadySnapshot(), "/metrics");
    };
    for (const std::string& tags : {etag, "W/" + etag, "\"a\" ,\t" + etag, std::string("*")}) {
      EXPECT_EQ(again(tags).status, 304) << tags;
      EXPECT_EQ(again(tags).body, "");
      EXPECT_EQ(Header(again(tags), "ETag"), etag);
    }
    for (const std::string& tags : {std::string("\"a\""), etag.substr(1), std::string(",")}) {
      EXPECT_EQ(again(tags).body, first.body) << tags;
    }
  }
  EXPECT_NE(Header(Get("/api/v1/terminations"), "ETag"),
            Header(Get("/api/v1/terminations", "limit=1"), "ETag"));
}

TEST(WebHandlers, TheStatusTellsWhatIsMeasuredAndWhereToGo) {
  Snapshot snapshot = ReadySnapshot();
  snapshot.status.gaps["vacuumed"] = 2;
  snapshot.status.source.verbosity_seen = 2;
  snapshot.status.in_flight = 12'000;
  snapshot.status.signals = {{{"prestop", 3}, false}, {{"dispatch", 2}, true}};
  const auto json =
      nlohmann::json::parse(Answer({"GET", "/api/v1/status", ""}, snapshot, "/deep/metrics").body);
  EXPECT_EQ(json["links"]["metrics"], "./deep/metrics");
  EXPECT_EQ(json["ready"], true);
  EXPECT_EQ(json["source"]["gaps"]["vacuumed"], 2);
  EXPECT_EQ(json["terminations"]["in_flight"], 12'000);
  EXPECT_EQ(json["terminations"]["recent"], 1);
  EXPECT_EQ(json["signals"][0]["verbosity"], 3);
  EXPECT_EQ(json["signals"][0]["available"], false);
  EXPECT_NE(json["advice"].get<std::string>().find("--v=4"), std::string::npos);
}

TEST(WebHandlers, AssetsAreTheirFilesAndRunNothingElse) {
  EXPECT_EQ(Get("/").body, FindWebAsset("index.html")->bytes);
  EXPECT_EQ(FindWebAsset("nothing"), nullptr);
  for (const WebAsset& asset : WebAssets()) {
    EXPECT_FALSE(asset.bytes.empty()) << asset.name;
    if (asset.name == "index.html") continue;
    const HttpResponse response = Get("/web/" + std::string(asset.name));
    EXPECT_EQ(response.body, asset.bytes);
    EXPECT_EQ(response.content_type, asset.content_type);
  }
  EXPECT_EQ(Get("/web/app.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Get("/web/style.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(Get("/web/icon.svg").content_type, "image/svg+xml");
  const std::string policy = Header(Get("/"), "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; ")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
}

// Texts become text, nowhere mark-up; paths are relative, so that a proxy's prefix does not matter.
TEST(WebHandlers, ThePageIsMadeWithoutMarkupOutOfTextsAndWithoutAbsolutePaths) {
  for (const WebAsset& asset : WebAssets()) {
    for (const char* forbidden :
         {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
          "javascript:", " style=\"", " onclick", "href=\"/", "src=\"/", "fetch('/", "https://"}) {
      EXPECT_EQ(asset.bytes.find(forbidden), std::string_view::npos)
          << asset.name << ": " << forbidden;
    }
  }
}

}  // namespace
}  // namespace kle
