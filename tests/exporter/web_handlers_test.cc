// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_handlers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/page.h"

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
  in_flight[2].current->hint = "<script>alert('x')</script>";
  snapshot.in_flight = std::make_shared<const std::vector<TerminationRecord>>(in_flight);
  std::vector<TerminationRecord> recent(1);
  recent[0].pod = "old";
  snapshot.recent = std::make_shared<const std::vector<TerminationRecord>>(recent);
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
  for (const char* path : {"/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/terminations"}) {
    EXPECT_EQ(Get(path).status, 200) << path;
  }
  for (const char* path : {"", "/metricsX", "/metrics/", "//metrics", "/metrics%00", "/Metrics",
                           "/-/ready/", "/api/v1/terminations/x", "/api", "/../etc/passwd"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
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
}

TEST(WebHandlers, TerminationsAreFiltered) {
  EXPECT_EQ(Count(""), 4U);
  EXPECT_EQ(Count("state=in_flight"), 3U);
  EXPECT_EQ(Count("state=recent"), 1U);
  EXPECT_EQ(Count("state=in_flight&namespace=prod"), 2U);
  EXPECT_EQ(Count("namespace=prod&pod=pod%2D2"), 1U);
  EXPECT_EQ(Count("limit=2"), 2U);
  EXPECT_EQ(Count("limit=0"), 0U);
  for (const char* query : {"state=x", "limit=x", "limit=-1", "limit=1x", "limit=%"}) {
    EXPECT_EQ(Get("/api/v1/terminations", query).status, 400) << query;
  }
  EXPECT_EQ(Answer({"GET", "/api/v1/terminations", "%&=&%4"}, Snapshot(), "/metrics").status, 200);
}

TEST(WebHandlers, ThePageEscapesAndRunsNoScript) {
  const HttpResponse page = Get("/");
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.body.find("&lt;script&gt;"), std::string::npos);
  ASSERT_FALSE(page.headers.empty());
  EXPECT_EQ(page.headers[0].first, "Content-Security-Policy");
  EXPECT_EQ(page.headers[0].second.find("script-src"), std::string::npos);
  EXPECT_TRUE(page.headers[0].second.starts_with("default-src 'none'"));
  EXPECT_EQ(HtmlEscaped("<&\"'>"), "&lt;&amp;&quot;&#39;&gt;");
}

}  // namespace
}  // namespace kle
