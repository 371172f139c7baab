// SPDX-License-Identifier: Apache-2.0
// One thread from source to snapshot.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "exporter/line_source.h"
#include "exporter/snapshot.h"
#include "metrics/pipeline.h"

namespace kle {

struct ServeLoopOptions {
  std::chrono::milliseconds commit_every{1000};
  // A journal in which no kubelet line was ever seen is not ready; an empty file is.
  bool needs_kubelet_line = false;
  // Why there may be none, one line, for the readiness.
  std::string no_line_advice;
  // After each commit, e.g. for a watchdog.
  std::function<void(const Snapshot&)> on_commit;
};

// Reads until `stop` is set or the source fails for good. Not thread-safe.
class ServeLoop {
 public:
  // All three must outlive the loop.
  ServeLoop(LineSource& source, SnapshotBox& snapshots, const PipelineOptions& pipeline,
            ServeLoopOptions options);

  [[nodiscard]] Result<void> Run(const std::atomic<bool>& stop);

 private:
  using Clock = std::chrono::steady_clock;

  void OnLine(const LogLine& line);
  void OnIdle();
  void OnGap();
  void Commit();
  void UpdateSelfMetrics(const SourceHealth& health, bool ready);
  std::string WhyNotReady(const SourceHealth& health);
  bool CommitDue() const { return Clock::now() - committed_ >= interval_; }

  LineSource& source_;
  SnapshotBox& snapshots_;
  ServeLoopOptions options_;
  Pipeline pipeline_;
  RecordList recent_;
  bool changed_ = true;     // since the last commit
  bool caught_up_ = false;  // once
  bool behind_ = true;      // now
  std::optional<Timestamp> last_received_;
  uint64_t lines_ = 0;
  Clock::time_point committed_{};
  Clock::duration interval_;
  std::string trouble_;  // last one logged
  std::string reason_ = "starting";
};

}  // namespace kle
