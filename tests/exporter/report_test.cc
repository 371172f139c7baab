// SPDX-License-Identifier: Apache-2.0
#include "exporter/report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "exporter/record_json.h"
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

Report MakeReport() {
  Report report;
  report.source.kubelet_version = "v1.32.13";
  report.source.lines = 12345;
  report.source.formats = {{"klog_text", 12345}};
  report.source.kubelet_restarts = 1;
  for (int i = 1; i <= 10; ++i) {
    report.terminations.push_back(Ended("web-" + std::to_string(i), i));
  }
  report.terminations.push_back(Stuck("db-0"));
  report.summary = Summarize(report.terminations, report.source);
  return report;
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

TEST(Report, JsonIsOneDocument) {
  const auto json = nlohmann::json::parse(ReportJson(MakeReport()));
  EXPECT_EQ(json["schema"], "kubelet-lifecycle/v1");
  EXPECT_EQ(json["source"]["kubelet_version"], "v1.32.13");
  EXPECT_EQ(json["source"]["formats"]["klog_text"], 12345);
  EXPECT_EQ(json["terminations"].size(), 11U);
  EXPECT_EQ(json["summary"]["kubelet_restarts"], 1);
  EXPECT_EQ(json["summary"]["stuck"], 1);
  EXPECT_EQ(json["summary"]["deletion_seconds"]["max"], 10.0);
}

TEST(Report, JsonOfNothing) {
  const auto json = nlohmann::json::parse(ReportJson(Report()));
  EXPECT_TRUE(json["terminations"].empty());
  EXPECT_TRUE(json["terminations"].is_array());
  EXPECT_TRUE(json["summary"]["by_state"].is_object());
}

TEST(Report, CsvHasOneRowEach) {
  std::istringstream csv(ReportCsv(MakeReport()));
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
  report.terminations.push_back(Ended(std::string(200, 'x'), 99));
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

}  // namespace
}  // namespace kle
