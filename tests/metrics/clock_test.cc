// SPDX-License-Identifier: Apache-2.0
// Wall clocks that jump, reboots and gaps, as the journal shows them.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "parser/zone.h"
#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;
using namespace std::chrono_literals;

// Of each of its entries the journal's fields, or `journalctl -o json` of it.
enum class Read { kLive, kSaved };

class Journal {
 public:
  explicit Journal(Read read = Read::kLive)
      : read_(read),
        pipeline_(Options(), [this](const RecordPtr& record) { ended_.push_back(*record); }) {}

  // A line at `uptime` seconds since boot; the wall clock is ahead of the uptime by `wall_`
  // seconds.
  void Say(double uptime, std::string_view text) {
    const double wall = uptime + wall_;
    const std::string line = At(wall, text);
    LogLine entry;
    entry.text = line;
    entry.received = kBase + FromSeconds(wall) + 150us;
    entry.monotonic = FromSeconds(uptime) + 150us;
    entry.boot = boot_;
    if (read_ == Read::kLive) return pipeline_.Push(entry);
    LogLine saved;
    const std::string json = Json(entry);
    saved.text = json;
    pipeline_.Push(saved);
  }
  void Step(double seconds) { wall_ += seconds; }
  void Reboot() { ++boot_; }
  Pipeline& pipeline() { return pipeline_; }

  const TerminationRecord& End() {
    pipeline_.Finish();
    if (ended_.empty()) ended_ = pipeline_.InFlight();
    return ended_.at(0);
  }

 private:
  static PipelineOptions Options() {
    PipelineOptions options;
    options.zone.timezone = "UTC";
    return options;
  }
  static std::string Json(const LogLine& entry) {
    std::string message;
    for (const char c : entry.text) {
      if (c == '"' || c == '\\') message += '\\';
      message += c;
    }
    return R"({"__REALTIME_TIMESTAMP":")" +
           std::to_string(entry.received->time_since_epoch().count()) +
           R"(","__MONOTONIC_TIMESTAMP":")" + std::to_string(entry.monotonic->count()) +
           R"(","_BOOT_ID":")" + std::to_string(entry.boot) + R"(","_PID":"4321","MESSAGE":")" +
           message + R"("})";
  }
  static constexpr Timestamp kBase =
      std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours(10);
  double wall_ = 7200;
  uint32_t boot_ = 0;
  std::vector<TerminationRecord> ended_;
  Read read_;
  Pipeline pipeline_;
};

void Deletion(Journal& journal, double step) {
  journal.Say(0, SyncLoop("ADD"));
  journal.Say(1, Pleg("ContainerStarted", kSandbox));
  journal.Say(1, Pleg("ContainerStarted", kApp));
  journal.Say(10, SyncLoop("DELETE"));
  journal.Say(10.5, Kill(30));
  journal.Step(step);
  journal.Say(12, Finished(0));
  journal.Say(12.1, Pleg("ContainerDied", kApp));
  journal.Say(12.2, Pleg("ContainerDied", kSandbox));
  journal.Say(12.5, SyncLoop("DELETE"));
  journal.Say(12.6, SyncLoop("REMOVE"));
}

class Stepped : public ::testing::TestWithParam<std::tuple<Read, double>> {};

TEST_P(Stepped, DurationsAreThoseOfTheMonotonicClock) {
  const auto [read, step] = GetParam();
  Journal journal(read);
  Deletion(journal, step);
  const TerminationRecord& record = journal.End();
  ASSERT_TRUE(record.termination().has_value());
  EXPECT_NEAR(ToSeconds(*record.termination()), 2.2, 1e-3);
  EXPECT_NEAR(ToSeconds(*record.deletion()), 2.6, 1e-3);
  EXPECT_NEAR(ToSeconds(*record.containers.at(0).stop_duration()), 1.5, 1e-3);
  for (const PhaseSpan& span : record.phases) {
    if (span.duration()) {
      EXPECT_LT(ToSeconds(*span.duration()), 3) << Name(span.phase);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Steps, Stepped,
                         ::testing::Combine(::testing::Values(Read::kLive, Read::kSaved),
                                            ::testing::Values(0.0, 3600.0, -3600.0, 90.0, -2.0)));

// The runtime stamps an exit by its own clock, and the kubelet tells it after that was set.
TEST(ClockStep, AnExitOfTheFormerClock) {
  for (const double step : {0.0, 400.0, 3.0, -3.0, -90.0}) {
    Journal journal;
    journal.Say(0, SyncLoop("ADD"));
    journal.Say(1, Pleg("ContainerStarted", kSandbox));
    journal.Say(1, Pleg("ContainerStarted", kApp));
    journal.Say(10, SyncLoop("DELETE"));
    journal.Say(10.5, Kill(30));
    journal.Say(12.1, OfContainer("Container exited normally"));
    journal.Step(step);
    journal.Say(12.3, OfPod("Post-termination container state",
                            "containers=\"(app state=exited exitCode=0 "
                            "finishedAt=2026-11-23T12:00:12.000000000Z)\""));
    journal.Say(12.5, SyncLoop("DELETE"));
    journal.Say(12.6, SyncLoop("REMOVE"));
    const ContainerRecord& container = journal.End().containers.at(0);
    ASSERT_EQ(container.precision, Precision::kExact) << step;
    EXPECT_NEAR(ToSeconds(*container.stop_duration()), 1.5, 1e-3) << step;
  }
}

class Boot : public ::testing::TestWithParam<Read> {};
INSTANTIATE_TEST_SUITE_P(Reads, Boot, ::testing::Values(Read::kLive, Read::kSaved));

TEST_P(Boot, WhatWasInFlightEndsInterruptedWithoutAnObservation) {
  Journal journal(GetParam());
  journal.Say(0, SyncLoop("ADD"));
  journal.Say(10, SyncLoop("DELETE"));
  journal.Say(10.5, Kill(30));
  journal.Reboot();
  journal.Say(60, SyncLoop("ADD", "default/other"));
  const TerminationRecord record = journal.End();
  EXPECT_EQ(record.state, State::kInterrupted);
  EXPECT_EQ(journal.pipeline().tracker().counts().interrupted, 1u);
  EXPECT_EQ(journal.pipeline().tracker().counts().in_flight, 0u);
}

TEST(Zone, IsAssumedWhereNeitherTheLogNorTheUserTellsIt) {
  const auto assumed = [](const ZoneOptions& zone, std::optional<Timestamp> received) {
    PipelineOptions options;
    options.zone = zone;
    Pipeline pipeline(options);
    LogLine line;
    const std::string text = At(0, SyncLoop("ADD"));
    line.text = text;
    line.received = received;
    pipeline.Push(line);
    pipeline.Finish();
    EXPECT_EQ(pipeline.summary().events, 1U);
    return pipeline.summary().zone_assumed;
  };
  EXPECT_TRUE(assumed({.timezone = "", .year = 2026, .reference = {}}, {}));
  EXPECT_FALSE(assumed({.timezone = "UTC", .year = 2026, .reference = {}}, {}));
  EXPECT_FALSE(assumed({}, std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 10h));
}

TEST(Gap, AnUncertainPodExpiresAfterAnHourOfSilence) {
  Journal journal;
  journal.Say(10, SyncLoop("DELETE"));
  journal.Say(10.5, Kill(30));
  journal.pipeline().tracker().OnGap(Timestamp{});
  journal.Say(1800, SyncLoop("ADD", "default/clock"));
  EXPECT_EQ(journal.pipeline().tracker().counts().in_flight, 1u);
  journal.Say(3700, SyncLoop("UPDATE", "default/clock"));
  journal.pipeline().Idle(Timestamp{});  // what is held back is complete
  EXPECT_EQ(journal.pipeline().tracker().counts().expired, 1u);
  EXPECT_EQ(journal.End().state, State::kExpired);
}

TEST(Silence, NeverEndsATermination) {
  Journal journal;
  journal.Say(10, SyncLoop("DELETE"));
  journal.Say(10.5, Kill(30));
  journal.Say(40000, SyncLoop("ADD", "default/clock"));
  EXPECT_EQ(journal.pipeline().tracker().counts().in_flight, 1u);
}

}  // namespace
}  // namespace kle
