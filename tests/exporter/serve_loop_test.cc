// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <thread>

#include "temp_folder.h"

namespace kle {
namespace {

// Hands out what it was given, then is idle; asks the loop to stop when its script ends.
class ScriptedSource : public LineSource {
 public:
  struct Step {
    ReadStatus status = ReadStatus::kIdle;
    std::string text = {};
    std::string trouble = {};
    std::optional<Duration> headroom = {};
  };

  ScriptedSource(std::deque<Step> steps, std::atomic<bool>& stop,
                 std::optional<Timestamp> received = ParseTimestamp("2026-11-23T10:00:00Z"))
      : steps_(std::move(steps)), stop_(stop), received_(received) {}

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds) override {
    if (steps_.empty()) {
      stop_ = true;
      return ReadStatus::kIdle;
    }
    step_ = steps_.front();
    steps_.pop_front();
    line = LogLine();
    line.text = step_.text;
    line.received = received_;
    return step_.status;
  }
  Gap gap() const override { return {GapReason::kVacuumed}; }
  SourceHealth Health() override {
    SourceHealth health;
    health.trouble = step_.trouble;
    health.unreadable = {{"permission", 2}};
    health.headroom = step_.headroom;
    return health;
  }

 private:
  std::deque<Step> steps_;
  Step step_;
  std::atomic<bool>& stop_;
  const std::optional<Timestamp> received_;
};

struct Ran {
  std::shared_ptr<const Snapshot> last;
  std::vector<std::string> reasons;  // of the snapshots committed, without repetitions
};

Ran RunLoop(std::deque<ScriptedSource::Step> steps, bool journal) {
  std::atomic<bool> stop{false};
  ScriptedSource source(std::move(steps), stop);
  SnapshotBox snapshots;
  Ran ran;
  ServeLoopOptions options;
  options.commit_every = std::chrono::milliseconds(0);
  options.needs_kubelet_line = journal;
  options.no_line_advice = "is it there?";
  options.on_publish = [&](const Snapshot& snapshot) {
    if (ran.reasons.empty() || ran.reasons.back() != snapshot.reason) {
      ran.reasons.push_back(snapshot.reason);
    }
  };
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), options);
  EXPECT_TRUE(loop.Run(stop));
  ran.last = snapshots.Get();
  return ran;
}

std::string Delete() {
  return KubeletLine(0, R"("SyncLoop DELETE" source="api" pods=["prod/web-0"])");
}

TEST(ServeLoop, ReadyOnceCaughtUp) {
  const Ran ran = RunLoop({{ReadStatus::kLine, Delete()},
                           {ReadStatus::kLine, KubeletLine(1, "\"shows the one before complete\"")},
                           {ReadStatus::kIdle}},
                          true);
  ASSERT_EQ(ran.reasons.size(), 2U);
  EXPECT_TRUE(ran.reasons[0].starts_with("catching up"));
  EXPECT_EQ(ran.reasons[1], "");
  EXPECT_TRUE(ran.last->ready);
  ASSERT_TRUE(ran.last->in_flight);
  ASSERT_EQ(ran.last->in_flight->size(), 1U);
  EXPECT_EQ(ran.last->in_flight->front()->pod, "web-0");
  EXPECT_NE(ran.last->metrics.find("kubelet_lifecycle_ready 1\n"), std::string::npos);
  EXPECT_NE(ran.last->metrics.find("kubelet_lifecycle_build_info{"), std::string::npos);
  EXPECT_NE(ran.last->metrics.find("\nprocess_cpu_seconds_total "), std::string::npos);
  EXPECT_NE(ran.last->metrics.find(R"(journal_files_unreadable{reason="permission"} 2)"),
            std::string::npos);
}

// What a line stamped so far from now is, in klog's form.
std::string LineFromNow(std::chrono::seconds off, std::string_view rest) {
  const auto at = std::chrono::system_clock::now() + off;
  const auto stamp = FormatTimestamp(std::chrono::time_point_cast<Duration>(at));
  return "I" + stamp.substr(5, 2) + stamp.substr(8, 2) + " " + stamp.substr(11, 15) +
         "   28696 kubelet.go:1987] " + std::string(rest);
}

TEST(ServeLoop, AZoneThatIsNotTheMachinesIsToldOnce) {
  using std::chrono::hours;
  using Step = ScriptedSource::Step;
  const auto line = [](std::chrono::seconds off, const std::string& pod) {
    return Step{ReadStatus::kLine,
                LineFromNow(off, R"("SyncLoop DELETE" source="api" pods=["prod/)" + pod + R"("])")};
  };
  const auto run = [&](std::deque<Step> steps, const std::string& advice) {
    std::atomic<bool> stop{false};
    ScriptedSource source(std::move(steps), stop, std::nullopt);
    SnapshotBox snapshots;
    std::vector<std::string> warnings;
    ServeLoopOptions options;
    options.commit_every = std::chrono::milliseconds(0);
    options.clock_advice = advice;
    options.on_publish = [&](const Snapshot& snapshot) {
      if (warnings.empty() || warnings.back() != snapshot.warning) {
        warnings.push_back(snapshot.warning);
      }
    };
    PipelineOptions pipeline;
    pipeline.zone = {"UTC", 0,
                     std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};
    Restored fresh;
    fresh.pipeline = std::make_unique<Pipeline>(pipeline);
    ServeLoop loop(source, snapshots, std::move(fresh), options);
    EXPECT_TRUE(loop.Run(stop));
    EXPECT_TRUE(snapshots.Get()->ready);
    return warnings;
  };
  const Step idle{ReadStatus::kIdle};
  // What is old when it is read first is no sign of another zone.
  const std::deque<Step> old{line(hours(-5), "a"), line(hours(-5), "b"), idle, idle};
  EXPECT_EQ(run(old, "which zone?"), std::vector<std::string>{""});
  for (const auto& [off, wanted] :
       {std::pair(hours(-2), "2h00m before this machine's clock: which zone?"),
        std::pair(hours(2), "2h00m after this machine's clock: which zone?")}) {
    std::deque<Step> steps = old;
    for (const char* pod : {"c", "d", "e", "f"}) steps.push_back(line(off, pod));
    steps.push_back(idle);
    const auto warnings = run(steps, "which zone?");
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_NE(warnings.back().find(wanted), std::string::npos) << warnings.back();
    EXPECT_EQ(run(steps, ""), std::vector<std::string>{""});
  }
}

// Who waits at its end is given the next line before long; hangs up after a hundred.
class BusySource : public LineSource {
 public:
  explicit BusySource(std::atomic<bool>& stop) : stop_(stop) {}

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override {
    if (wait.count() == 0) return ReadStatus::kIdle;
    stop_ = ++lines_ == 100;
    line = LogLine();
    line.text = "hello";
    return ReadStatus::kLine;
  }

 private:
  int lines_ = 0;
  std::atomic<bool>& stop_;
};

TEST(ServeLoop, ReadyThoughTheKubeletNeverPauses) {
  std::atomic<bool> stop{false};
  BusySource source(stop);
  SnapshotBox snapshots;
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), ServeLoopOptions());
  EXPECT_TRUE(loop.Run(stop));
  EXPECT_TRUE(snapshots.Get()->ready) << snapshots.Get()->reason;
}

// A commit of it waits 50 ms, a line 5 ms. Hangs up when it is told to, or after `most` lines.
class SlowSource : public LineSource {
 public:
  SlowSource(std::atomic<bool>& stop, int most, const std::atomic<bool>* enough = nullptr)
      : stop_(stop), most_(most), enough_(enough) {}

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop_ = ++lines_ >= most_ || (enough_ != nullptr && *enough_);
    line = LogLine();
    line.text = "hello";
    return ReadStatus::kLine;
  }
  SourceHealth Health() override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return {};
  }

 private:
  int lines_ = 0;
  std::atomic<bool>& stop_;
  const int most_;
  const std::atomic<bool>* enough_;
};

TEST(ServeLoop, ACommitThatHadToWaitDoesNotPutOffTheNext) {
  std::atomic<bool> stop{false};
  SlowSource source(stop, 300);  // twenty times a commit's wait would leave room for one
  SnapshotBox snapshots;
  int published = 0;
  ServeLoopOptions options;
  options.commit_every = std::chrono::milliseconds(10);
  options.on_publish = [&](const Snapshot&) { ++published; };
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), options);
  EXPECT_TRUE(loop.Run(stop));
  EXPECT_GE(published, 5);  // the first and the last are made in any case
}

// A disk that hangs until what is shown has said so three times.
TEST(ServeLoop, ADiskThatHangsIsToldAndCountedOnce) {
  std::atomic<bool> stop{false};
  std::atomic<bool> enough{false};
  TempFolder folder;
  StateFile state(folder / "state", [&](CommitStep step) {
    while (step == CommitStep::kOpened && !enough && !stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  SlowSource source(stop, 10'000, &enough);
  SnapshotBox snapshots;
  std::vector<bool> once;
  ServeLoopOptions options;
  options.commit_every = std::chrono::milliseconds(10);
  options.hung_after = std::chrono::milliseconds(50);
  options.state = &state;
  options.on_publish = [&](const Snapshot& snapshot) {
    if (enough) return;  // a slow disk may hang again
    const std::string& metrics = snapshot.metrics;
    if (metrics.find("state_commit_errors_total 0\n") != std::string::npos) return;
    once.push_back(metrics.find("state_commit_errors_total 1\n") != std::string::npos);
    enough = once.size() == 3;
  };
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), options);
  EXPECT_TRUE(loop.Run(stop));
  EXPECT_EQ(once, std::vector<bool>(3, true));
}

// Gives its lines, and is idle until it has been so for a second.
class QuietSource : public LineSource {
 public:
  QuietSource(std::deque<std::string> lines, std::atomic<bool>& stop)
      : lines_(std::move(lines)), stop_(stop) {}

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds) override {
    if (lines_.empty()) {
      stop_ = ++idle_ >= 50;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return ReadStatus::kIdle;
    }
    text_ = std::move(lines_.front());
    lines_.pop_front();
    line = LogLine();
    line.text = text_;
    line.received = ParseTimestamp("2026-11-23T10:00:00Z");
    return ReadStatus::kLine;
  }
  SourceHealth Health() override { return {}; }

 private:
  std::deque<std::string> lines_;
  std::string text_;
  int idle_ = 0;
  std::atomic<bool>& stop_;
};

// Nobody's next line shows the last record complete; what it ends is to be seen all the same.
TEST(ServeLoop, WhatTheLastLineEndsIsAmongTheRecent) {
  const std::string uid = "11111111-2222-3333-4444-555555555555";
  const std::string of_pod = R"( pod="prod/web-0" podUID=")" + uid + "\"";
  std::atomic<bool> stop{false};
  QuietSource source(
      {Delete(), KubeletLine(1, "\"Pod terminated all containers successfully\"" + of_pod),
       KubeletLine(2, R"("SyncLoop REMOVE" source="api" pods=["prod/web-0"])")},
      stop);
  SnapshotBox snapshots;
  ServeLoopOptions options;
  options.commit_every = std::chrono::milliseconds(0);
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), options);
  EXPECT_TRUE(loop.Run(stop));
  ASSERT_TRUE(snapshots.Get()->recent);
  EXPECT_EQ(snapshots.Get()->recent->size(), 1U);
}

TEST(ServeLoop, AJournalWithoutTheKubeletIsNotReady) {
  const Ran ran = RunLoop({{ReadStatus::kLine, "hello"}, {ReadStatus::kIdle}}, true);
  EXPECT_FALSE(ran.last->ready);
  EXPECT_TRUE(ran.last->reason.starts_with("no kubelet line seen yet: is it there?"))
      << ran.last->reason;
  EXPECT_NE(ran.last->reason.find("2 journal files unreadable: permission"), std::string::npos);
  EXPECT_NE(ran.last->metrics.find("kubelet_lifecycle_ready 0\n"), std::string::npos);
}

TEST(ServeLoop, AnEmptyFileIsReady) {
  EXPECT_TRUE(RunLoop({{ReadStatus::kIdle}}, false).last->ready);
}

TEST(ServeLoop, TheHeadroomIsAbsentUntilASourceHasOne) {
  const auto metrics = [](std::optional<Duration> headroom) {
    return RunLoop({{ReadStatus::kIdle, "", "", headroom}}, false).last->metrics;
  };
  EXPECT_EQ(metrics({}).find("journal_headroom_seconds"), std::string::npos);
  EXPECT_NE(metrics(std::chrono::seconds(7)).find("journal_headroom_seconds 7\n"),
            std::string::npos);
}

TEST(ServeLoop, TroubleIsNotReadyUntilItIsOver) {
  const Ran ran = RunLoop(
      {{ReadStatus::kIdle}, {ReadStatus::kIdle, "", "cannot read"}, {ReadStatus::kIdle}}, false);
  EXPECT_EQ(ran.reasons.size(), 4U);
  EXPECT_TRUE(ran.reasons[2].starts_with("cannot read"));
  EXPECT_TRUE(ran.last->ready);
}

TEST(ServeLoop, GapsAreCounted) {
  const Ran ran = RunLoop({{ReadStatus::kGap}, {ReadStatus::kGap}, {ReadStatus::kIdle}}, false);
  EXPECT_NE(ran.last->metrics.find(R"(journal_gaps_total{reason="vacuumed"} 2)"),
            std::string::npos);
}

}  // namespace
}  // namespace kle
