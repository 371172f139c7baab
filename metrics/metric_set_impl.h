// SPDX-License-Identifier: Apache-2.0
// The families and their children, for the files that make up MetricSet.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "metrics/metric_set.h"

namespace kle {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// Timeouts cluster at the grace, at grace + 2 min and at 2m3s: edges sit just above them.
inline const Buckets kTerminationBuckets = {0.5, 1,  2,  3,   5,   8,   10,  15,  20,  30,   35,
                                            45,  60, 90, 120, 150, 180, 300, 600, 900, 1800, 3600};
inline const Buckets kVolumeBuckets = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600};
inline const Buckets kRatioBuckets = {.1, .25, .5, .75, .9, 1, 1.1, 1.5, 2, 5};

inline constexpr size_t kMaxPlugins = 32;

inline const MetricInfo& InfoOf(std::string_view name) {
  return *std::ranges::find(MetricTable(), name, &MetricInfo::name);
}

// A value from the log may become a label only if it looks like what it should be.
inline bool IsLabelSafe(std::string_view text, std::string_view extra) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string::npos;
  });
}

inline std::string Text(std::string_view view) { return std::string(view); }

struct HistogramFamily {
  Family<Histogram>& family;
  const Buckets& buckets;

  Histogram& Add(const prometheus::Labels& labels) const { return family.Add(labels, buckets); }
};

struct MetricSet::Impl {
  template <typename Builder>
  auto& Register(Builder builder, std::string_view name) {
    return builder.Name(Text(kMetricPrefix) + Text(name))
        .Help(Text(InfoOf(name).help))
        .Register(registry);
  }
  Family<Counter>& Counters(std::string_view name) {
    Family<Counter>& family = Register(prometheus::BuildCounter(), name);
    counter_families.emplace(family.GetName(), &family);
    return family;
  }
  Family<Gauge>& Gauges(std::string_view name) { return Register(prometheus::BuildGauge(), name); }
  HistogramFamily& Histograms(std::string_view name, const Buckets& buckets) {
    Family<Histogram>& family = Register(prometheus::BuildHistogram(), name);
    return histogram_families.emplace(family.GetName(), HistogramFamily{family, buckets})
        .first->second;
  }

  // Children are made once and found by index: Family::Add costs 360 ns and six allocations.
  template <typename Metric, size_t N, typename Make>
  static auto& Cached(std::array<Metric*, N>& cache, size_t index, Make make) {
    if (cache[index] == nullptr) cache[index] = &make();
    return *cache[index];
  }

  std::string_view PluginLabel(std::string_view plugin) {
    if (!IsLabelSafe(plugin, "./-_:")) return "other";
    const auto it = plugins.find(plugin);
    if (it != plugins.end()) return *it;
    if (plugins.size() >= kMaxPlugins) return "other";
    return *plugins.emplace(plugin).first;
  }

  // The child with these labels of a family that has a handful: looked up without making strings.
  struct Series {
    std::string first;
    std::string second;
    Histogram* histogram;
  };
  template <typename Make>
  static Histogram& Known(std::vector<Series>& all, std::string_view first, std::string_view second,
                          Make make) {
    for (const Series& series : all) {
      if (series.first == first && series.second == second) return *series.histogram;
    }
    Histogram& histogram = make();
    all.push_back({Text(first), Text(second), &histogram});
    return histogram;
  }

  // By full name, for what an earlier process counted.
  std::map<std::string, Family<Counter>*> counter_families;
  std::map<std::string, HistogramFamily> histogram_families;

  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};

  HistogramFamily& termination =
      Histograms("pod_termination_duration_seconds", kTerminationBuckets);
  HistogramFamily& deletion = Histograms("pod_deletion_duration_seconds", kTerminationBuckets);
  HistogramFamily& phase =
      Histograms("pod_termination_phase_duration_seconds", kTerminationBuckets);
  HistogramFamily& container_stop =
      Histograms("container_stop_duration_seconds", kTerminationBuckets);
  Histogram& grace = Histograms("termination_grace_period_seconds", kTerminationBuckets).Add({});
  Histogram& grace_used = Histograms("termination_grace_used_ratio", kRatioBuckets).Add({});
  HistogramFamily& hook = Histograms("prestop_hook_duration_seconds", kTerminationBuckets);
  HistogramFamily& unmount = Histograms("volume_unmount_duration_seconds", kVolumeBuckets);
  HistogramFamily& startup = Histograms("pod_startup_phase_duration_seconds", kVolumeBuckets);
  Family<Counter>& terminations = Counters("pod_terminations_total");
  Counter& grace_exceeded = Counters("grace_period_exceeded_total").Add({});
  Family<Counter>& kill_failures = Counters("container_kill_failures_total");
  Family<Counter>& sandbox_failures = Counters("sandbox_stop_failures_total");
  Family<Counter>& cgroup_failures = Counters("cgroup_removal_failures_total");
  Family<Counter>& status_failures = Counters("status_update_failures_total");
  Family<Counter>& unmount_failures = Counters("volume_unmount_failures_total");
  Family<Gauge>& terminating = Gauges("terminating_pods");
  Family<Gauge>& oldest = Gauges("terminating_oldest_age_seconds");
  Family<Gauge>& overdue = Gauges("overdue_pods");
  Family<Gauge>& stuck = Gauges("stuck_pod_age_seconds");
  Gauge& stuck_truncated = Gauges("stuck_pods_truncated").Add({});
  Counter& orphans = Counters("orphaned_pods_total").Add({});
  Counter& restarts = Counters("kubelet_restarts_total").Add({});
  Family<Counter>& sync_skips = Counters("sync_skips_total");
  Family<Counter>& shutdowns = Counters("node_shutdowns_total");
  Family<Gauge>& kubelet_info = Gauges("kubelet_info");
  Family<Gauge>& signal = Gauges("signal_available");
  Gauge& verbosity = Gauges("kubelet_verbosity_seen").Add({});
  Family<Gauge>& build_info = Gauges("build_info");
  Family<Counter>& lines = Counters("lines_total");
  Family<Counter>& events = Counters("events_total");
  Family<Counter>& parse_errors = Counters("parse_errors_total");
  Counter& suppressed = Counters("lines_suppressed_total").Add({});
  Family<Counter>& gaps = Counters("journal_gaps_total");
  Gauge& lag = Gauges("journal_lag_seconds").Add({});
  Gauge& headroom = Gauges("journal_headroom_seconds").Add({});
  Family<Gauge>& unreadable = Gauges("journal_files_unreadable");
  Gauge& last_event = Gauges("last_event_timestamp_seconds").Add({});
  Gauge& tracked = Gauges("tracked_pods").Add({});
  Family<Counter>& evictions = Counters("tracker_evictions_total");
  Counter& clock_steps = Counters("clock_steps_total").Add({});
  Counter& commits = Counters("state_commits_total").Add({});
  Counter& commit_errors = Counters("state_commit_errors_total").Add({});
  Family<Counter>& rejected_states = Counters("state_rejected_total");
  Family<Counter>& dropped = Counters("tracker_dropped_total");
  Family<Counter>& traces = Counters("trace_exports_total");
  Gauge& polling = Gauges("journal_polling").Add({});
  Gauge& config_good = Gauges("config_last_reload_successful").Add({});
  Gauge& config_read_at = Gauges("config_last_reload_success_timestamp_seconds").Add({});
  Gauge& ready = Gauges("ready").Add({});

  std::array<Histogram*, kTriggerCount * kPrecisionCount> terminations_by{};
  std::array<Histogram*, kTriggerCount * kPrecisionCount> deletions_by{};
  std::array<Histogram*, kPhaseCount * kPrecisionCount> phases_by{};
  std::array<Histogram*, kOutcomeCount * kPrecisionCount> stops_by{};
  std::array<Histogram*, 4> hooks_by{};
  std::vector<Series> unmounts;  // by plugin and operation
  std::vector<Series> startups;  // by phase
  std::array<Counter*, kTriggerCount * kOutcomeCount> ended_by{};
  std::array<Counter*, kPhaseCount * kReasonCount> failures_by{};
  std::array<Counter*, kLineFormatCount> lines_by{};
  std::array<Counter*, kEventKindCount> events_by{};
  // Since the last Collect: an atomic counter costs as much as reading the line.
  std::array<uint64_t, kLineFormatCount> lines_counted{};
  std::array<uint64_t, kEventKindCount> events_counted{};
  std::array<Gauge*, kPhaseCount> terminating_by{};
  std::array<Gauge*, kPhaseCount> oldest_by{};
  std::vector<Gauge*> signals_by;  // in the order of Signals()
  std::vector<Gauge*> overdue_now;
  std::vector<Gauge*> stuck_now;
  Gauge* info_now = nullptr;
  std::set<std::string, std::less<>> plugins;
};

}  // namespace kle
