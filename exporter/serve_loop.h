// SPDX-License-Identifier: Apache-2.0
// One thread from source to snapshot.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "exporter/committer.h"
#include "exporter/line_source.h"
#include "exporter/live_web_config.h"
#include "exporter/restore.h"
#include "exporter/snapshot.h"
#include "exporter/state_file.h"
#include "metrics/pipeline.h"

namespace kle {

class TraceExport;

struct ServeLoopOptions {
  // Between commits while events come; lines that are none wait five times as long.
  std::chrono::milliseconds commit_every{1000};
  // A journal in which no kubelet line was ever seen is not ready; an empty file is.
  bool needs_kubelet_line = false;
  // Why there may be none, one line, for the readiness.
  std::string no_line_advice;
  // What to do about lines that were just written and are stamped far from this machine's clock;
  // "": they are not looked at (a journal tells when it got a line).
  std::string clock_advice;
  // May be null: nothing is kept over a restart then. Must outlive the loop.
  StateFile* state = nullptr;
  // A state that the disk has not taken by then counts as failed, and is shown without it.
  std::chrono::milliseconds hung_after{10'000};
  // Written into each state: machine, boot and kind of the source.
  SavedState identity;
  // May be null. Once it is true, on_reload is called in the reading thread, and it is false again.
  std::atomic<bool>* reload_asked = nullptr;
  std::function<void(Pipeline&)> on_reload;
  // Whether the configuration is good, and since when; may be empty.
  std::function<LiveWebConfig::Health()> config_health;
  // May be null; must outlive the loop.
  TraceExport* traces = nullptr;
  // After each snapshot that became visible; from any thread.
  Committer::Published on_publish;
  // From the reading thread while it goes round, so often at most; 0: never. For a watchdog.
  std::function<void()> on_turn;
  std::chrono::milliseconds turn_every{0};
};

// Reads until `stop` is set or the source fails for good. Not thread-safe.
class ServeLoop {
 public:
  // Source and box must outlive the loop.
  ServeLoop(LineSource& source, SnapshotBox& snapshots, Restored restored,
            ServeLoopOptions options);

  [[nodiscard]] Result<void> Run(const std::atomic<bool>& stop);

 private:
  // Coarse: a look at it costs a few nanoseconds, and every line takes one.
  struct Clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Clock>;
    // NOLINTNEXTLINE(readability-identifier-naming): the standard's
    static constexpr bool is_steady = true;
    static time_point now();
  };

  void Turn();
  std::chrono::milliseconds Patience() const;
  void OnLine(const LogLine& line);
  void OnIdle();
  void OnGap();
  void Reload();
  void TakeOutcome();
  void NoteHungDisk();
  void NoteClock();
  void TakeTraceCounts();
  bool CommitDue() const;
  void Commit();
  std::shared_ptr<Snapshot> MakeSnapshot(const SourceHealth& health);
  void UpdateSelfMetrics(const SourceHealth& health, bool ready);
  void LogChanges(const SourceHealth& health, const Snapshot& snapshot);
  std::string WhyNotReady(const SourceHealth& health);

  LineSource& source_;
  ServeLoopOptions options_;
  std::unique_ptr<Pipeline> pipeline_;
  Committer committer_;
  RecordList recent_;
  std::string totals_;  // of the snapshot last made
  uint64_t sequence_ = 0;
  uint64_t events_ = 0;     // at the last commit
  bool changed_ = false;    // since the last commit
  bool urgent_ = false;     // and not only by lines that are no events
  bool aged_ = false;       // nothing new was in the last commit
  bool owed_ = false;       // as soon as it can be
  bool reading_ = false;    // the source had a line when it was last asked
  bool caught_up_ = false;  // once
  bool behind_ = true;      // now
  std::optional<Timestamp> last_received_;
  uint64_t live_lines_ = 0;            // since it was caught up
  std::optional<Timestamp> judged_;    // event's time last held against the clock
  std::optional<Duration> clock_off_;  // how far that was from it, where that is too far
  std::string warning_;                // of it
  Clock::time_point last_line_{};
  Clock::time_point committed_{};
  Clock::time_point turned_{};
  std::chrono::nanoseconds cost_{};  // of the last commit: this thread's processor time
  std::string trouble_;              // last one logged
  std::string commit_error_;         // likewise
  bool hung_ = false;                // the state being written is counted as failed
  std::string reason_ = "starting";
};

}  // namespace kle
