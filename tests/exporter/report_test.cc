// SPDX-License-Identifier: Apache-2.0
#include "exporter/report.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "exporter/http_post.h"
#include "exporter/otlp.h"
#include "exporter/progress_bar.h"
#include "exporter/sha256.h"
#include "exporter/text.h"

namespace kle {
namespace {

Timestamp At(double after) { return *ParseTimestamp("2026-11-23T10:00:00Z") + FromSeconds(after); }

TerminationRecord Ended(const std::string& pod, double seconds) {
  TerminationRecord record;
  record.namespace_ = "prod";
  record.pod = pod;
  record.trigger = Trigger::kApiDelete;
  record.outcome = Outcome::kGraceful;
  record.state = State::kRemoved;
  record.requested_at = At(0);
  record.terminated_at = At(seconds);
  record.removed_at = At(seconds);
  record.phases = {{Phase::kStopContainers, At(0), At(seconds), Precision::kExact}};
  return record;
}

TerminationRecord Stuck(const std::string& pod) {
  TerminationRecord record = Ended(pod, 1);
  record.state = State::kInFlight;
  record.removed_at.reset();
  record.current =
      Current{Phase::kUnmountVolumes,    Reason::kVolumeBusy,       At(1),
              std::chrono::seconds(300), std::chrono::seconds(210), "Find the process."};
  record.failures = {
      {At(1), At(9), Phase::kUnmountVolumes, Reason::kVolumeBusy, "data", 7, "busy"}};
  return record;
}

void Add(Report& report, TerminationRecord record) {
  report.terminations.push_back(std::make_shared<const TerminationRecord>(std::move(record)));
}

Report MakeReport() {
  Report report;
  report.source.kubelet_version = "v1.32.13";
  report.source.lines = 12345;
  report.source.formats = {{"klog_text", 12345}};
  report.source.kubelet_restarts = 1;
  report.source.gaps[GapReason::kSuppressed] = {2, 1625};
  report.source.gaps[GapReason::kCorrupted] = {1, 7};
  for (int i = 1; i <= 10; ++i) {
    Add(report, Ended("web-" + std::to_string(i), i));
  }
  Add(report, Stuck("db-0"));
  report.summary = Summarize(report.terminations, report.source);
  return report;
}

std::string Written(void (*write)(std::ostream&, const Report&), const Report& report) {
  std::ostringstream out;
  write(out, report);
  return std::move(out).str();
}

TEST(Summary, CountsAndQuantiles) {
  const Summary summary = MakeReport().summary;
  EXPECT_EQ(summary.terminations, 11U);
  EXPECT_EQ(summary.in_flight, 1U);
  EXPECT_EQ(summary.stuck, 1U);
  EXPECT_EQ(summary.kubelet_restarts, 1U);
  EXPECT_EQ(summary.by_state.at("removed"), 10U);
  EXPECT_EQ(summary.failures.at("volume_busy"), 7U);
  EXPECT_EQ(summary.deletion_seconds.count, 10U);
  EXPECT_DOUBLE_EQ(summary.deletion_seconds.p50, 5);
  EXPECT_DOUBLE_EQ(summary.deletion_seconds.p90, 9);
  EXPECT_DOUBLE_EQ(summary.deletion_seconds.p99, 10);
  EXPECT_DOUBLE_EQ(summary.deletion_seconds.max, 10);
  ASSERT_EQ(summary.phases.size(), 1U);
  EXPECT_EQ(summary.phases[0].first, Phase::kStopContainers);
}

TEST(Summary, QuantilesOfFew) {
  EXPECT_EQ(QuantilesOf({}).count, 0U);
  EXPECT_DOUBLE_EQ(QuantilesOf({3}).p50, 3);
  EXPECT_DOUBLE_EQ(QuantilesOf({1, 2}).p99, 2);
}

TEST(Summary, TotalIsUntilTheLastOfAll) {
  TerminationRecord record = Ended("db-0", 60);
  record.removed_at = At(5);  // its object was deleted by force
  EXPECT_EQ(TotalOf(record), FromSeconds(60));
  record.terminated_at.reset();
  EXPECT_EQ(TotalOf(record), FromSeconds(5));
  record.requested_at.reset();
  EXPECT_EQ(TotalOf(record), std::nullopt);
}

TEST(Report, JsonIsOneDocument) {
  const auto json = nlohmann::json::parse(Written(WriteReportJson, MakeReport()));
  EXPECT_EQ(json["schema"], "kubelet-lifecycle/v1");
  EXPECT_EQ(json["source"]["kubelet_version"], "v1.32.13");
  EXPECT_EQ(json["source"]["formats"]["klog_text"], 12345);
  EXPECT_EQ(json["source"]["gaps"], (nlohmann::json{{"suppressed", 2}, {"corrupted", 1}}));
  EXPECT_EQ(json["source"]["lines_missing"], 1632);
  EXPECT_EQ(json["terminations"].size(), 11U);
  EXPECT_EQ(json["summary"]["kubelet_restarts"], 1);
  EXPECT_EQ(json["summary"]["stuck"], 1);
  EXPECT_EQ(json["summary"]["deletion_seconds"]["max"], 10.0);
}

TEST(Report, JsonOfNothing) {
  const auto json = nlohmann::json::parse(Written(WriteReportJson, Report()));
  EXPECT_TRUE(json["terminations"].empty());
  EXPECT_TRUE(json["terminations"].is_array());
  EXPECT_TRUE(json["source"]["gaps"].is_object());
  EXPECT_TRUE(json["summary"]["by_state"].is_object());
}

TEST(Report, CsvHasOneRowEach) {
  std::istringstream csv(Written(WriteReportCsv, MakeReport()));
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(csv, line)) lines.push_back(line);
  ASSERT_EQ(lines.size(), 12U);
  const auto commas = [](const std::string& text) {
    return std::count(text.begin(), text.end(), ',');
  };
  for (const std::string& row : lines) EXPECT_EQ(commas(row), commas(lines[0])) << row;
  EXPECT_TRUE(lines[1].starts_with("prod,web-1,,api_delete,graceful,removed,"));
  EXPECT_TRUE(lines[11].ends_with(",volume_busy,true"));
}

TEST(Report, TableFitsItsWidth) {
  Report report = MakeReport();
  Add(report, Ended(std::string(200, 'x'), 99));
  for (const size_t width : {60U, 80U, 133U}) {
    std::istringstream table(ReportTable(report, {width, false, 3}));
    for (std::string line; std::getline(table, line);) {
      EXPECT_LE(Columns(line), width) << line;
    }
  }
}

TEST(Report, TableShowsWhatMatters) {
  const std::string table = ReportTable(MakeReport(), {80, false, 3});
  for (const char* wanted : {"v1.32.13", "prod/web-10", "prod/db-0", "volume_busy", "overdue",
                             "Find the process.", "SLOWEST 3 of 10", "NEVER FINISHED 1"}) {
    EXPECT_NE(table.find(wanted), std::string::npos) << wanted << "\n" << table;
  }
  EXPECT_EQ(table.find("prod/web-1 "), std::string::npos);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_NE(ReportTable(MakeReport(), {80, true, 3}).find("\x1b[1m"), std::string::npos);
}

TEST(Report, TableSaysThatTheZoneIsAGuess) {
  Report report = MakeReport();
  report.source.first_event_at = report.source.last_event_at = At(0);
  EXPECT_EQ(ReportTable(report, {80, false, 3}).find("--timezone"), std::string::npos);
  report.source.zone_assumed = true;
  EXPECT_NE(ReportTable(report, {80, false, 3}).find("Z (assuming UTC: --timezone)\n"),
            std::string::npos);
}

TEST(Report, TableSaysWhatIsNotExact) {
  Report report = MakeReport();
  EXPECT_EQ(ReportTable(report, {80, false, 3}).find("≤"), std::string::npos);
  TerminationRecord bound = Ended("bound", 99);
  bound.termination_precision = Precision::kBound;
  for (PhaseSpan& span : bound.phases) span.precision = Precision::kRelist;
  Add(report, bound);
  report.summary = Summarize(report.terminations, report.source);
  const std::string table = ReportTable(report, {80, false, 3});
  EXPECT_NE(table.find("  ≤1\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  ~1\n"), std::string::npos) << table;
  EXPECT_NE(table.find(" ~"), std::string::npos) << table;
}

TEST(Report, NeverFinishedComesFirst) {
  const std::string table = ReportTable(MakeReport(), {80, false, 10});
  EXPECT_LT(table.find("NEVER FINISHED"), table.find("DURATIONS"));
  const std::string first_screen = table.substr(0, [&] {
    size_t end = 0;
    for (int line = 0; line < 24; ++line) end = table.find('\n', end) + 1;
    return end;
  }());
  EXPECT_NE(first_screen.find("prod/db-0"), std::string::npos) << first_screen;
  EXPECT_NE(first_screen.find("volume_busy"), std::string::npos) << first_screen;
}

TEST(Report, NeverFinishedSaysWhatTheKubeletSaid) {
  TerminationRecord record = Stuck("db-0");
  record.current->phase = Phase::kStopSandbox;
  const std::string id(64, 'a');
  record.failures = {
      {At(1), At(90), Phase::kStopContainers, Reason::kOther, "app", 3, "of another step"},
      {At(1), At(5), Phase::kStopSandbox, Reason::kRuntimeDown, id, 1, "an earlier one"},
      {At(9), At(30), Phase::kStopSandbox, Reason::kCniTeardown, id, 8,
       "E1123 log.go:32] \"StopPodSandbox failed\" err=\"dial tcp 10.0.0.2:4001: refused "
       "\x1b[2J\""}};
  Report report;
  Add(report, record);
  report.summary = Summarize(report.terminations, report.source);
  const std::string table = ReportTable(report, {80, false, 3});
  EXPECT_NE(table.find("           Find the process.\n"
                       "           Failed 8x (aaaaaaaaaaaaa), last at 2026-11-23 10:00:30Z:\n"
                       "           E1123 log.go:32] \"StopPodSandbox failed\" err=\"dial tcp\n"
                       "           10.0.0.2:4001: refused ?[2J\"\n"),
            std::string::npos)
      << table;
  EXPECT_EQ(table.find("an earlier one"), std::string::npos);
  EXPECT_EQ(table.find("of another step"), std::string::npos);
}

TEST(Report, NamesOfPodsStayWhole) {
  const std::string pod = "checkout-with-a-long-name-7d9f8b6c5d-x2x4z";
  Report report;
  Add(report, Ended(pod, 3));
  const std::string beside = ReportTable(report, {80, false, 3});
  EXPECT_NE(beside.find("  prod/" + pod + "  api_delete, graceful\n"), std::string::npos) << beside;
  const std::string below = ReportTable(report, {60, false, 3});
  EXPECT_NE(below.find("  prod/" + pod + "\n           api_delete, graceful\n"), std::string::npos)
      << below;
}

TEST(Report, IdsOfTheRuntimeAreShort) {
  TerminationRecord record = Ended("web", 9);
  const std::string id = "0123456789abc" + std::string(51, 'f');
  record.failures = {
      {At(1), At(2), Phase::kStopSandbox, Reason::kCniTeardown, id, 2, "no"},
      {At(1), At(2), Phase::kStopContainers, Reason::kOther, std::string(64, 'x'), 2, "no"}};
  Report report;
  Add(report, record);
  const std::string table = ReportTable(report, {133, false, 3});
  EXPECT_NE(table.find("cni_teardown (0123456789abc)\n"), std::string::npos) << table;
  EXPECT_NE(table.find(", 0123456789abc (failed 2x)"), std::string::npos) << table;
  EXPECT_NE(table.find("other (" + std::string(64, 'x') + ")"), std::string::npos) << table;
}

TEST(Report, WhatIsWithinItsGraceIsSaidToBe) {
  TerminationRecord record = Stuck("db-0");
  record.failures.clear();
  record.current->reason.reset();
  record.current->age = std::chrono::seconds(78);
  record.current->overdue = {};
  const auto table_with = [&record](int64_t grace) {
    record.grace_granted = grace;
    Report report;
    Add(report, record);
    return ReportTable(report, {120, false, 3});
  };
  EXPECT_NE(table_with(600).find(", within its grace of 10m00s\n"), std::string::npos);
  EXPECT_EQ(table_with(60).find("within its grace"), std::string::npos);
}

TEST(Report, ManyUnfinishedAreCutAndSaid) {
  Report report = MakeReport();
  for (int i = 0; i < 20; ++i) Add(report, Stuck("db-" + std::to_string(i)));
  report.summary = Summarize(report.terminations, report.source);
  EXPECT_NE(ReportTable(report, {80, false, 5}).find("and 16 more: --slowest=21"),
            std::string::npos);
}

TEST(Report, HeldUpIsRankedByWhatThePhaseTook) {
  Report report;
  const auto add = [&](const std::string& pod, double begin, double end,
                       std::vector<FailureRecord> failures) {
    TerminationRecord record = Ended(pod, end + 1);
    record.phases.push_back({Phase::kUnmountVolumes, At(begin), At(end), Precision::kExact});
    record.failures = std::move(failures);
    Add(report, std::move(record));
  };
  const auto failed = [](double first, double last, const std::string& volume, int count) {
    return FailureRecord{At(first), At(last), Phase::kUnmountVolumes, Reason::kVolumeBusy, volume,
                         count,     "busy"};
  };
  add("often", 5, 25, {failed(6, 20, "data", 7)});
  // One failure, and the next try only after a long while.
  add("once", 10, 100, {failed(11, 11, "data", 1), failed(12, 12, "logs", 1)});
  report.summary = Summarize(report.terminations, report.source);
  const std::string table = ReportTable(report, {100, false, 10});
  const size_t begin = table.find("HELD UP, longest 2 of 2\n");
  ASSERT_NE(begin, std::string::npos) << table;
  EXPECT_EQ(table.substr(begin, table.find("\n\n", begin) - begin),
            "HELD UP, longest 2 of 2\n"
            "    1m30s  prod/once\n"
            "           in unmount_volumes since 2026-11-23 10:00:10Z, volume_busy, volume data "
            "(failed 1x),\n"
            "           volume_busy, volume logs (failed 1x)\n"
            "    20.0s  prod/often\n"
            "           in unmount_volumes since 2026-11-23 10:00:05Z, volume_busy, volume data "
            "(failed 7x)")
      << table;
}

TEST(Diff, RatiosOfMediansAndP99) {
  Report right = MakeReport();
  for (RecordPtr& one : right.terminations) {
    TerminationRecord record = *one;
    if (!record.removed_at) continue;
    record.removed_at = *record.requested_at + 2 * (*record.removed_at - *record.requested_at);
    one = std::make_shared<const TerminationRecord>(record);
  }
  right.summary = Summarize(right.terminations, right.source);
  const auto diff = nlohmann::json::parse(DiffJson(MakeReport(), right));
  EXPECT_EQ(diff["schema"], "kubelet-lifecycle-diff/v1");
  EXPECT_EQ(diff["left"]["source"]["kubelet_version"], "v1.32.13");
  EXPECT_EQ(diff["durations"][1]["name"], "deletion");
  EXPECT_EQ(diff["durations"][1]["left"],
            nlohmann::json({{"count", 10}, {"p50", 5.0}, {"p99", 10.0}}));
  EXPECT_EQ(diff["durations"][1]["ratio"], nlohmann::json({{"p50", 2.0}, {"p99", 2.0}}));
  EXPECT_EQ(diff["failures"]["volume_busy"], nlohmann::json({{"left", 7}, {"right", 7}}));
}

TEST(Diff, TableFitsAndSaysWhatOneSideLacks) {
  Report empty;
  empty.name = std::string(200, 'x');
  for (const size_t width : {60U, 80U, 133U}) {
    const std::string table = DiffTable(MakeReport(), empty, {width, false, 3});
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), width) << line;
    EXPECT_NE(table.find("deletion"), std::string::npos);
    EXPECT_NE(table.find("-"), std::string::npos);
  }
}

TEST(Progress, RateAndTimeLeft) {
  EXPECT_EQ(ProgressText({250'000'000, 1'000'000'000}, 1, 2, 100),
            "[#######.......................]  25 %  250.0 MB of 1.0 GB  125.0 MB/s  6.0s left");
  EXPECT_EQ(ProgressText({0, 0}, 12345, 1, 100), "12,345 lines  12,345 lines/s");
  for (const size_t width : {20U, 60U, 70U}) {
    EXPECT_LE(Columns(ProgressText({1, 3}, 1, 1, width)), width);
  }
}

TEST(Html, StandsAloneAndHostileTextStaysText) {
  Report report = MakeReport();
  report.name = "</script><script>alert(1)</script>";
  TerminationRecord hostile = *report.terminations.back();
  hostile.failures[0].message = "</script><img src=x onerror=alert(1)><!--<script>";
  report.terminations.back() = std::make_shared<const TerminationRecord>(hostile);
  const std::string html = Written(WriteReportHtml, report);
  EXPECT_EQ(html.find("{{"), std::string::npos);
  EXPECT_EQ(html.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_EQ(html.find("src="), html.find("src=x"));  // but for the text nothing is referred to
  EXPECT_EQ(html.find("<link"), std::string::npos);
  const size_t begin = html.find("id=\"data\">") + 10;
  const size_t end = html.find("</script>", begin);
  const auto data = nlohmann::json::parse(html.substr(begin, end - begin));
  EXPECT_EQ(data["name"], report.name);
  EXPECT_EQ(data["terminations"].size(), 11U);
  EXPECT_EQ(data["terminations"][0]["pod"], "db-0");    // the never finished first
  EXPECT_EQ(data["terminations"][1]["pod"], "web-10");  // then the slowest
  EXPECT_EQ(data["terminations"][0]["failures"][0]["message"], hostile.failures[0].message);
  // Each script and the sheet are named by their hash.
  for (size_t at = html.find("<script>"); at != std::string::npos;
       at = html.find("<script>", at + 1)) {
    const size_t body = at + std::string_view("<script>").size();
    const std::string hash = CspHash(html.substr(body, html.find("</script>", body) - body));
    EXPECT_NE(html.find("'" + hash + "'"), std::string::npos) << html.substr(at, 80);
  }
  EXPECT_EQ(html.find("unsafe-inline"), std::string::npos);
}

TEST(Html, CspHash) {
  EXPECT_EQ(CspHash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  EXPECT_EQ(CspHash(std::string(119, 'x')), "sha256-AAtI1O3w+nvuPGI27NJ4W6pdtO64u1Q0GwKeDZ+l+ww=");
}

TEST(Otlp, OneTraceATermination) {
  TerminationRecord record = Ended("web-1", 5);
  record.uid = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
  record.containers.resize(1);
  record.containers[0].name = "app";
  record.containers[0].kill_started_at = At(0);
  record.containers[0].exited_at = At(5);
  record.containers[0].exit_code = 137;
  record.volumes.resize(1);
  record.volumes[0].name = "data";
  record.volumes[0].started_at = At(5);
  record.volumes[0].unmounted_at = At(5.5);
  record.failures = {{At(1), At(2), Phase::kUnmountVolumes, Reason::kVolumeBusy, "data", 2, "b"}};
  const std::array records{std::make_shared<const TerminationRecord>(record)};
  const auto request = nlohmann::json::parse(OtlpTraces(records, {"node-1", "v1.32.13"}));
  const auto& resource = request["resourceSpans"][0];
  const auto attribute = [](const nlohmann::json& where, const std::string& key) {
    for (const auto& one : where["attributes"]) {
      if (one["key"] == key) return one["value"].front();
    }
    return nlohmann::json();
  };
  EXPECT_EQ(attribute(resource["resource"], "k8s.node.name"), "node-1");
  const auto& spans = resource["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0]["name"], "pod termination");
  EXPECT_FALSE(spans[0].contains("parentSpanId"));
  EXPECT_EQ(spans[0]["startTimeUnixNano"], "1795428000000000000");
  EXPECT_EQ(spans[0]["endTimeUnixNano"], "1795428005000000000");
  EXPECT_EQ(spans[0]["events"][0]["attributes"][1]["value"]["stringValue"], "volume_busy");
  std::set<std::string> ids;
  for (const auto& span : spans) {
    EXPECT_EQ(span["traceId"], TraceIdOf(record));
    EXPECT_EQ(attribute(span, "k8s.pod.uid"), record.uid);
    EXPECT_EQ(attribute(span, "k8s.namespace.name"), "prod");
    EXPECT_EQ(span["spanId"].get<std::string>().size(), 16U);
    ids.insert(span["spanId"]);
  }
  EXPECT_EQ(ids.size(), 4U);
  EXPECT_EQ(spans[1]["name"], "stop_containers");
  EXPECT_EQ(spans[1]["parentSpanId"], spans[0]["spanId"]);
  EXPECT_EQ(spans[2]["name"], "container app");
  EXPECT_EQ(spans[2]["parentSpanId"], spans[1]["spanId"]);
  EXPECT_EQ(attribute(spans[2], "process.exit.code"), "137");
  EXPECT_EQ(spans[3]["name"], "volume data");
}

TEST(Otlp, AStaticPodsSecondEndIsAnotherTrace) {
  TerminationRecord first = Ended("etcd", 5);
  first.uid = "3a1b5c6d7e8f90123456789abcdef012";
  TerminationRecord second = first;
  second.requested_at = At(100);
  EXPECT_EQ(TraceIdOf(first).substr(0, 16), "3a1b5c6d7e8f9012");
  EXPECT_EQ(TraceIdOf(first).size(), 32U);
  EXPECT_NE(TraceIdOf(first), TraceIdOf(second));
  TerminationRecord nameless = Ended("unknown", 5);
  EXPECT_EQ(TraceIdOf(nameless).size(), 32U);
}

TEST(Otlp, Endpoints) {
  const auto parts = [](const char* url) {
    auto endpoint = ParseEndpoint(url);
    return endpoint ? endpoint->host + " " + endpoint->port + " " + endpoint->path
                    : endpoint.error().message();
  };
  EXPECT_EQ(parts("http://localhost:4318/v1/traces"), "localhost 4318 /v1/traces");
  EXPECT_EQ(parts("http://[::1]:4318/v1/traces"), "::1 4318 /v1/traces");
  EXPECT_EQ(parts("http://collector"), "collector 80 /");
  for (const char* odd : {"", "localhost:4318", "http://", "http://a:b/", "http://a b/",
                          "http://[::1", "http://a:0/", "http://a:65536/"}) {
    EXPECT_NE(parts(odd).find("try http://localhost:4318"), std::string::npos) << odd;
  }
  EXPECT_NE(parts("https://a/").find("TLS"), std::string::npos);
}

}  // namespace
}  // namespace kle
