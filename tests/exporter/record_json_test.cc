// SPDX-License-Identifier: Apache-2.0
#include "exporter/record_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Timestamp At(double after) {
  return *ParseTimestamp("2026-11-23T23:01:26.161509Z") + FromSeconds(after);
}

TerminationRecord FullRecord() {
  TerminationRecord record;
  record.namespace_ = "prod";
  record.pod = "web-0";
  record.uid = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
  record.trigger = Trigger::kApiDelete;
  record.outcome = Outcome::kKilled;
  record.state = State::kRemoved;
  record.requested_at = At(0);
  record.terminated_at = At(30.5);
  record.removed_at = At(31.25);
  record.grace_granted = 30;
  record.grace_used = FromSeconds(30.000123);
  record.grace_exceeded = true;
  record.phases = {{Phase::kDispatch, At(0), At(0.000024), Precision::kExact},
                   {Phase::kUnmountVolumes, At(31), std::nullopt, Precision::kBound}};
  ContainerRecord container;
  container.name = "app";
  container.id = "d4fd848c";
  container.grace_seconds = 30;
  container.kill_started_at = At(0.1);
  container.exited_at = At(30.2);
  container.exit_code = 137;
  container.outcome = Outcome::kKilled;
  container.attempts = 1;
  container.prestop = milliseconds(5000);
  container.prestop_outcome = HookOutcome::kCompleted;
  record.containers = {container};
  record.volumes = {{"data", "kubernetes.io/empty-dir/u-data", "kubernetes.io/empty-dir", At(30.6),
                     At(31), 2, 1}};
  record.failures = {{At(30.6), At(30.9), Phase::kUnmountVolumes, Reason::kVolumeBusy, "data", 1,
                      "target is busy"}};
  return record;
}

TEST(RecordJson, HasTheContractsShape) {
  EXPECT_EQ(
      RecordJson(FullRecord()),
      R"({"namespace":"prod","pod":"web-0","uid":"9517cc45-6c1c-49d3-9b90-c0757b328ac8",)"
      R"("trigger":"api_delete","outcome":"killed","state":"removed",)"
      R"("requested_at":"2026-11-23T23:01:26.161509Z","terminated_at":"2026-11-23T23:01:56.661509Z",)"
      R"("reclaimed_at":null,"removed_at":"2026-11-23T23:01:57.411509Z",)"
      R"("termination_seconds":30.5,"reclaim_seconds":null,"deletion_seconds":31.25,)"
      R"("termination_precision":"exact",)"
      R"("grace":{"granted_seconds":30,"used_seconds":30.000123,"exceeded":true},)"
      R"("phases":[{"phase":"dispatch","started_at":"2026-11-23T23:01:26.161509Z",)"
      R"("ended_at":"2026-11-23T23:01:26.161533Z","seconds":0.000024,"precision":"exact"},)"
      R"({"phase":"unmount_volumes","started_at":"2026-11-23T23:01:57.161509Z","ended_at":null,)"
      R"("seconds":null,"precision":"bound"}],)"
      R"("containers":[{"name":"app","id":"d4fd848c","grace_seconds":30,)"
      R"("kill_started_at":"2026-11-23T23:01:26.261509Z","exited_at":"2026-11-23T23:01:56.361509Z",)"
      R"("stop_seconds":30.1,"exit_code":137,"outcome":"killed","attempts":1,"precision":"exact",)"
      R"("prestop_seconds":5.0,"prestop_outcome":"completed"}],)"
      R"("volumes":[{"name":"data","unique_name":"kubernetes.io/empty-dir/u-data",)"
      R"("plugin":"kubernetes.io/empty-dir","started_at":"2026-11-23T23:01:56.761509Z",)"
      R"("unmounted_at":"2026-11-23T23:01:57.161509Z","seconds":0.4,"attempts":2,"failures":1}],)"
      R"("failures":[{"first_at":"2026-11-23T23:01:56.761509Z",)"
      R"("last_at":"2026-11-23T23:01:57.061509Z","phase":"unmount_volumes","reason":"volume_busy",)"
      R"("object":"data","count":1,"message":"target is busy"}],"current":null})");
}

TEST(RecordJson, CurrentOfAPodInFlight) {
  TerminationRecord record;
  record.current = Current{Phase::kStopSandbox, std::nullopt, At(0), seconds(90), seconds(0), ""};
  EXPECT_NE(
      RecordJson(record).find(
          R"("current":{"phase":"stop_sandbox","reason":"","since":"2026-11-23T23:01:26.161509Z",)"
          R"("age_seconds":90.0,"overdue_seconds":0.0,"hint":""})"),
      std::string::npos);
  record.current->reason = Reason::kCniTeardown;
  const auto json = nlohmann::json::parse(RecordJson(record));
  EXPECT_EQ(json["current"]["reason"], "cni_teardown");
  EXPECT_TRUE(json["requested_at"].is_null());
  EXPECT_TRUE(json["grace"]["granted_seconds"].is_null());
}

TEST(RecordJson, ASampleThatWasCutHasItsEnd) {
  TerminationRecord record = FullRecord();
  record.failures[0].message_end = "exit status 32";
  const auto json = nlohmann::json::parse(RecordJson(record));
  EXPECT_EQ(json["failures"][0]["message_end"], "exit status 32");
  EXPECT_EQ(Sample(record.failures[0]), "target is busy … exit status 32");
}

TEST(RecordJson, BytesThatAreNoUtf8AreReplaced) {
  TerminationRecord record;
  record.pod = "bad \xff byte";
  EXPECT_NE(RecordJson(record).find("bad \xef\xbf\xbd byte"), std::string::npos);
}

TEST(RecordJson, TextIsReadAsItWas) {
  std::string every_ascii;
  for (int c = 1; c < 128; ++c) every_ascii += static_cast<char>(c);
  for (const std::string& text : {every_ascii, std::string("a \"quoted\" \\ one"),
                                  std::string("caf\u00e9"), std::string("a\0b", 3)}) {
    TerminationRecord record;
    record.pod = text;
    EXPECT_EQ(nlohmann::json::parse(RecordJson(record))["pod"], text);
  }
}

TEST(RecordJson, ADurationIsItsSecondsToTheMicrosecond) {
  for (const int64_t micros : {0L, 1L, 10L, 999'999L, 1'000'000L, 1'000'001L, 12'500'000L,
                               86'400'000'000L, -1L, -2'500'000L}) {
    TerminationRecord record;
    record.grace_used = Duration(micros);
    const auto json = nlohmann::json::parse(RecordJson(record));
    ASSERT_TRUE(json["grace"]["used_seconds"].is_number_float()) << json;
    EXPECT_EQ(json["grace"]["used_seconds"], static_cast<double>(micros) / 1e6);
  }
}

// Every name of a closed set is in the schema, and nothing else.
template <typename Enum>
std::vector<std::string> Names(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.emplace_back(Name(static_cast<Enum>(i)));
  return names;
}

TEST(RecordJson, TheSchemaKnowsTheClosedSets) {
  std::ifstream file(KLE_TEST_DATA "/../docs/api/kubelet-lifecycle-v1.schema.json");
  const auto defs = nlohmann::json::parse(file)["$defs"];
  EXPECT_EQ(defs["phase"]["enum"], Names<Phase>(kPhaseCount));
  EXPECT_EQ(defs["reason"]["enum"], Names<Reason>(kReasonCount));
  EXPECT_EQ(defs["trigger"]["enum"], Names<Trigger>(kTriggerCount));
  EXPECT_EQ(defs["outcome"]["enum"], Names<Outcome>(kOutcomeCount));
  EXPECT_EQ(defs["precision"]["enum"], Names<Precision>(kPrecisionCount));
  EXPECT_EQ(defs["state"]["enum"], Names<State>(kStateCount));
}

}  // namespace
}  // namespace kle
