// SPDX-License-Identifier: Apache-2.0
// The families of /metrics but for those of a record (metric_record.h), for the files that make up
// MetricSet. To add one: a declaration here, and what sets it in MetricSet.
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "metrics/metric_family.h"
#include "metrics/metric_record.h"
#include "metrics/metric_set.h"

namespace kle {

// A value from the log may become a label only if it looks like what it should be.
inline bool IsLabelSafe(std::string_view text, std::string_view extra) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string::npos;
  });
}

struct MetricSet::Impl {
  // Of the volume plugins that a log names, as many become labels. A node has six or eight, and
  // each may cost fifty series.
  static constexpr size_t kMaxPlugins = 12;

  std::string_view PluginLabel(std::string_view plugin) {
    if (!IsLabelSafe(plugin, "./-_:")) return "other";
    const auto it = plugins.find(plugin);
    if (it != plugins.end()) return *it;
    if (plugins.size() >= kMaxPlugins) return "other";
    return *plugins.emplace(plugin).first;
  }

  Families all;
  RecordMetrics records{all};
  // clang-format off
  HistogramFamily phase{all, "pod_termination_phase_duration_seconds", "phase,precision", "Time of one step of a termination.", kTerminationBuckets};
  HistogramFamily unmount{all, "volume_unmount_duration_seconds", "plugin,operation", "From the first attempt to unmount a volume to its success, failures and back-off included: unmount (of a pod) or unmount_device (of the node).", kVolumeBuckets};
  HistogramFamily startup{all, "pod_startup_phase_duration_seconds", "phase", "Time of one step of a pod's start.", kVolumeBuckets};
  CounterFamily kill_failures{all, "container_kill_failures_total", "reason", "Failed attempts to stop a container, one an attempt."};
  CounterFamily sandbox_failures{all, "sandbox_stop_failures_total", "reason", "Failed attempts to stop a pod sandbox, its network included, one an attempt."};
  CounterFamily cgroup_failures{all, "cgroup_removal_failures_total", "reason", "Failed attempts to remove a pod's cgroup."};
  CounterFamily status_failures{all, "status_update_failures_total", "reason", "Failed calls that tell the API server of a terminating pod."};
  CounterFamily unmount_failures{all, "volume_unmount_failures_total", "plugin,reason", "Failed attempts to unmount a volume."};
  GaugeFamily terminating{all, "terminating_pods", "phase", "Terminations in flight by the step they are in."};
  GaugeFamily oldest{all, "terminating_oldest_age_seconds", "phase", "Age of the oldest termination in flight, since its request."};
  GaugeFamily overdue{all, "overdue_pods", "phase,reason", "Terminations older than their granted grace plus the slack (--stuck.slack)."};
  GaugeFamily stuck{all, "stuck_pod_age_seconds", "namespace,pod,phase,reason", "Age of an overdue termination; only the 20 oldest."};
  GaugeFamily stuck_truncated{all, "stuck_pods_truncated", "", "Overdue terminations that stuck_pod_age_seconds leaves out."};
  CounterFamily orphans{all, "orphaned_pods_total", "", "Pods found running without an object, and ended for it."};
  CounterFamily restarts{all, "kubelet_restarts_total", "", "Starts of a new kubelet process seen in the log."};
  CounterFamily sync_skips{all, "sync_skips_total", "reason", "Rounds in which the kubelet did nothing for any pod."};
  CounterFamily shutdowns{all, "node_shutdowns_total", "result", "Graceful node shutdowns: started, completed."};
  GaugeFamily kubelet_info{all, "kubelet_info", "version,cgroup_driver,runtime", "1; what the log tells of the kubelet."};
  GaugeFamily signal{all, "signal_available", "signal", "1 if this timing can be measured at the verbosity seen."};
  GaugeFamily verbosity{all, "kubelet_verbosity_seen", "", "Highest -v that a line has proven."};
  GaugeFamily build_info{all, "build_info", "version,compiler", "1; what this exporter was built from.", kOwn};
  CounterFamily lines{all, "lines_total", "format", "Lines read, by how they look."};
  CounterFamily events{all, "events_total", "event", "Lines that the event catalogue took."};
  CounterFamily parse_errors{all, "parse_errors_total", "reason", "Records that look like the kubelet's and cannot be read, and durations that cannot be."};
  CounterFamily suppressed{all, "lines_suppressed_total", "", "Lines that journald, or rsyslog, dropped for its rate limit."};
  CounterFamily gaps{all, "journal_gaps_total", "reason", "Times that entries of the journal, or lines of a followed file, are missing."};
  GaugeFamily lag{all, "journal_lag_seconds", "", "How far behind the reader is: the age of the last entry while more are waiting, 0 once it has caught up.", kOwn};
  GaugeFamily headroom{all, "journal_headroom_seconds", "", "How far the reader is ahead of the oldest entry that vacuuming would take next; absent for a log file.", kOwn};
  GaugeFamily polling{all, "journal_polling", "", "1 while the journal is looked at every 250 ms, since the system gives no inotify watch.", kOwn};
  GaugeFamily unreadable{all, "journal_files_unreadable", "reason", "Journal files that cannot be read.", kOwn};
  GaugeFamily last_event{all, "last_event_timestamp_seconds", "", "Time of the last event, in seconds since 1970.", kOwn};
  GaugeFamily tracked{all, "tracked_pods", "", "Pods remembered."};
  CounterFamily evictions{all, "tracker_evictions_total", "reason", "Terminations given up: evicted (too many in flight), expired (uncertain and silent)."};
  CounterFamily dropped{all, "tracker_dropped_total", "list", "Details left out of a record that holds as many as it may: containers, volumes, failures."};
  CounterFamily clock_steps{all, "clock_steps_total", "", "Times that the wall clock was seen to step."};
  CounterFamily commits{all, "state_commits_total", "", "Times that the state file was to be written.", kOwn};
  CounterFamily commit_errors{all, "state_commit_errors_total", "", "Times among them that it could not be written: counting goes on.", kOwn};
  CounterFamily rejected_states{all, "state_rejected_total", "reason", "State files that were found at a start and set aside.", kOwn};
  GaugeFamily config_good{all, "config_last_reload_successful", "", "1 if the configuration files and certificates, as last read, were good; 0 while older ones are in use.", kOwn};
  GaugeFamily config_read_at{all, "config_last_reload_success_timestamp_seconds", "", "When they were last read and good, in seconds since 1970.", kOwn};
  CounterFamily traces{all, "trace_exports_total", "result", "Finished terminations by what became of their trace: sent, failed (the collector did not take it), dropped (the queue was full).", kOwn};
  GaugeFamily ready{all, "ready", "", "1 once the reader has caught up with its source.", kOwn};
  // clang-format on

  // Since the last Collect: an atomic counter costs as much as reading the line.
  std::array<uint64_t, kLineFormatCount> lines_counted{};
  std::array<uint64_t, kEventKindCount> events_counted{};
  std::set<std::string, std::less<>> plugins;
};

}  // namespace kle
