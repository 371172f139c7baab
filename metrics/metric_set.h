// SPDX-License-Identifier: Apache-2.0
// Every family of /metrics: what is counted, observed and set. Their names, help and labels are in
// metric_set_impl.h and metric_record.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/gap.h"
#include "metrics/termination.h"
#include "parser/catalogue.h"
#include "parser/framer.h"
#include "parser/klog.h"

namespace prometheus {
struct MetricFamily;
class Registry;
}  // namespace prometheus

namespace kle {

inline constexpr std::string_view kMetricPrefix = "kubelet_lifecycle_";

// One family as documented; docs/METRICS.md is generated from these.
struct MetricInfo {
  std::string_view name;    // without the prefix
  std::string_view type;    // counter, gauge, histogram
  std::string_view labels;  // comma-separated label names, "" for none
  std::string_view help;
  bool own = false;  // tells of the running exporter and not of the log: no part of a history
};
std::span<const MetricInfo> MetricTable();

// Not thread-safe: the owner of the pipeline writes, and collects between writes.
class MetricSet {
 public:
  MetricSet();
  ~MetricSet();

  // Terminations and what they are made of. Durations below zero are never observed.
  // Of the record only what BuildEnds fills. Stopped: once containers and sandbox are gone; ended:
  // once the object is too, or none is to go.
  void ObserveStopped(const TerminationRecord& record);
  void ObserveEnded(const TerminationRecord& record);
  void ObservePhase(Phase phase, Precision precision, Duration duration);
  void ObserveUnmount(std::string_view plugin, std::string_view operation, Duration duration);
  void ObserveStartup(std::string_view phase, Duration duration);
  // One failed attempt: goes to the family of its phase (container_kill_failures_total, ...).
  void CountFailure(Phase phase, Reason reason, std::string_view plugin);
  void CountOrphanedPod();
  void CountKubeletRestart();
  void CountSyncSkip(Reason reason);
  void CountNodeShutdown(std::string_view result);
  void CountTrackerEviction(std::string_view reason);  // evicted, expired

  // The kubelet and what can be measured.
  void SetKubeletInfo(std::string_view version, std::string_view cgroup_driver,
                      std::string_view runtime);
  // `runtime`: the container runtime's lines are read too.
  void SetVerbosity(int level, bool runtime);

  void SetBuildInfo(std::string_view version, std::string_view compiler);

  // Self metrics.
  void CountLine(LineFormat format, uint64_t times = 1);
  void CountEvent(EventKind kind);
  void CountParseError(ParseError error);
  void CountTruncatedRecord();
  void CountGap(const Gap& gap);
  void CountClockStep();
  void CountStateCommit();  // when it begins: the state written holds itself
  void CountStateCommitError();
  void CountStateRejected(std::string_view reason);  // a closed set: StateFault's names
  void CountDropped(std::string_view list);          // containers, volumes, failures
  void CountTraceExports(std::string_view result, uint64_t traces);  // sent, failed, dropped
  void SetJournalLag(Duration lag);
  void SetJournalHeadroom(Duration headroom);
  void SetJournalPolling(bool polling);
  void SetJournalFilesUnreadable(std::string_view reason, int64_t files);
  void SetLastEvent(Timestamp at);
  void SetTrackedPods(size_t pods);
  void SetConfigReload(bool good, Timestamp last_success);
  void SetReady(bool ready);

  // Replaces every per-phase gauge and the stuck_* series from the terminations in flight.
  void SetInFlight(const std::vector<InFlightPod>& in_flight);

  // Every counter and histogram among what Collect() gave, as bytes; into a new set. False
  // when they cannot be what Totals gave; the set is of no use then.
  static std::string Totals(const std::vector<prometheus::MetricFamily>& families);
  [[nodiscard]] bool RestoreTotals(std::string_view bytes);

  // All families as they are now, for prometheus::TextSerializer: what /metrics shows, by name and
  // labels, as people read and compare it.
  std::vector<prometheus::MetricFamily> Collect();

 private:
  friend std::span<const MetricInfo> MetricTable();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kle
