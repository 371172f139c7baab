// SPDX-License-Identifier: Apache-2.0
// To add a metric: a row in kTable, its member in metric_set_impl.h, and the one place that sets
// it.
#include "metrics/metric_set.h"

#include <functional>

#include "metrics/coverage.h"
#include "metrics/metric_set_impl.h"

namespace kle {
namespace {

constexpr bool kOwn = true;

// clang-format off
constexpr MetricInfo kTable[] = {
    {"pod_termination_duration_seconds", "histogram", "trigger,precision", "From the request (SyncLoop DELETE) to the last container and the sandbox stopped."},
    {"pod_deletion_duration_seconds", "histogram", "trigger,precision", "From the request (SyncLoop DELETE) to the object gone from the API."},
    {"pod_termination_phase_duration_seconds", "histogram", "phase,precision", "Time of one step of a termination."},
    {"container_stop_duration_seconds", "histogram", "outcome,precision", "From the kill to the container's exit."},
    {"termination_grace_period_seconds", "histogram", "", "Grace granted to a pod that terminated."},
    {"termination_grace_used_ratio", "histogram", "", "Longest container stop, hooks included, divided by the grace granted."},
    {"prestop_hook_duration_seconds", "histogram", "outcome", "Time of a preStop hook: completed, timeout or failed."},
    {"volume_unmount_duration_seconds", "histogram", "plugin,operation", "From the first attempt to unmount a volume to its success, failures and back-off included: unmount (of a pod) or unmount_device (of the node)."},
    {"pod_startup_phase_duration_seconds", "histogram", "phase", "Time of one step of a pod's start."},
    {"pod_terminations_total", "counter", "trigger,outcome", "Terminations that ended."},
    {"grace_period_exceeded_total", "counter", "", "Terminations in which a container was killed because its grace had run out (exit code 137 and the grace used up)."},
    {"container_kill_failures_total", "counter", "reason", "Failed attempts to stop a container, one an attempt."},
    {"sandbox_stop_failures_total", "counter", "reason", "Failed attempts to stop a pod sandbox, its network included, one an attempt."},
    {"cgroup_removal_failures_total", "counter", "reason", "Failed attempts to remove a pod's cgroup."},
    {"status_update_failures_total", "counter", "reason", "Failed calls that tell the API server of a terminating pod."},
    {"volume_unmount_failures_total", "counter", "plugin,reason", "Failed attempts to unmount a volume."},
    {"terminating_pods", "gauge", "phase", "Terminations in flight by the step they are in."},
    {"terminating_oldest_age_seconds", "gauge", "phase", "Age of the oldest termination in flight, since its request."},
    {"overdue_pods", "gauge", "phase,reason", "Terminations older than their granted grace plus the slack (--stuck.slack)."},
    {"stuck_pod_age_seconds", "gauge", "namespace,pod,phase,reason", "Age of an overdue termination; only the 20 oldest."},
    {"stuck_pods_truncated", "gauge", "", "Overdue terminations that stuck_pod_age_seconds leaves out."},
    {"orphaned_pods_total", "counter", "", "Pods found running without an object, and ended for it."},
    {"kubelet_restarts_total", "counter", "", "Starts of a new kubelet process seen in the log."},
    {"sync_skips_total", "counter", "reason", "Rounds in which the kubelet did nothing for any pod."},
    {"node_shutdowns_total", "counter", "result", "Graceful node shutdowns: started, completed."},
    {"kubelet_info", "gauge", "version,cgroup_driver,runtime", "1; what the log tells of the kubelet."},
    {"signal_available", "gauge", "signal", "1 if this timing can be measured at the verbosity seen."},
    {"kubelet_verbosity_seen", "gauge", "", "Highest -v that a line has proven."},
    {"build_info", "gauge", "version,compiler", "1; what this exporter was built from.", kOwn},
    {"lines_total", "counter", "format", "Lines read, by how they look."},
    {"events_total", "counter", "event", "Lines that the event catalogue took."},
    {"parse_errors_total", "counter", "reason", "Records that look like the kubelet's and cannot be read, and durations that cannot be."},
    {"lines_suppressed_total", "counter", "", "Lines that journald, or rsyslog, dropped for its rate limit."},
    {"journal_gaps_total", "counter", "reason", "Times that entries are missing from the journal."},
    {"journal_lag_seconds", "gauge", "", "How far behind the reader is: the age of the last entry while more are waiting, 0 once it has caught up.", kOwn},
    {"journal_headroom_seconds", "gauge", "", "How far the reader is ahead of the oldest entry that vacuuming would take next.", kOwn},
    {"journal_polling", "gauge", "", "1 while the journal is looked at every 250 ms, since the system gives no inotify watch.", kOwn},
    {"journal_files_unreadable", "gauge", "reason", "Journal files that cannot be read.", kOwn},
    {"last_event_timestamp_seconds", "gauge", "", "Time of the last event, in seconds since 1970.", kOwn},
    {"tracked_pods", "gauge", "", "Pods remembered."},
    {"tracker_evictions_total", "counter", "reason", "Terminations given up: evicted (too many in flight), expired (uncertain and silent)."},
    {"tracker_dropped_total", "counter", "list", "Details left out of a record that holds as many as it may: containers, volumes, failures."},
    {"clock_steps_total", "counter", "", "Times that the wall clock was seen to step."},
    {"state_commits_total", "counter", "", "Times that the state file was to be written.", kOwn},
    {"state_commit_errors_total", "counter", "", "Times among them that it could not be written: counting goes on.", kOwn},
    {"state_rejected_total", "counter", "reason", "State files that were found at a start and set aside.", kOwn},
    {"config_last_reload_successful", "gauge", "", "1 if the configuration files and certificates, as last read, were good; 0 while older ones are in use.", kOwn},
    {"config_last_reload_success_timestamp_seconds", "gauge", "", "When they were last read and good, in seconds since 1970.", kOwn},
    {"trace_exports_total", "counter", "result", "Finished terminations by what became of their trace: sent, failed (the collector did not take it), dropped (the queue was full).", kOwn},
    {"ready", "gauge", "", "1 once the reader has caught up with its source.", kOwn},
};
// clang-format on

}  // namespace

std::span<const MetricInfo> MetricTable() { return kTable; }

MetricSet::MetricSet() : impl_(std::make_unique<Impl>()) {
  Impl& m = *impl_;
  // Counters of closed sets exist from the start: the first increment must not be lost to rate().
  for (int trigger = 0; trigger < kTriggerCount; ++trigger) {
    const auto name = Name(static_cast<Trigger>(trigger));
    if (static_cast<Trigger>(trigger) == Trigger::kFinished) continue;
    for (int outcome = 0; outcome < kOutcomeCount; ++outcome) {
      m.terminations.Add(
          {{"trigger", Text(name)}, {"outcome", Text(Name(static_cast<Outcome>(outcome)))}});
    }
  }
  const std::pair<Family<Counter>*, Phase> families[] = {
      {&m.kill_failures, Phase::kStopContainers},
      {&m.sandbox_failures, Phase::kStopSandbox},
      {&m.cgroup_failures, Phase::kRemoveCgroup},
      {&m.status_failures, Phase::kUpdateStatus},
  };
  for (const auto& [family, phase] : families) {
    family->Add({{"reason", Text(Name(Reason::kOther))}});
    for (const ReasonRow& row : ReasonTable()) {
      if (row.phase == phase) family->Add({{"reason", Text(Name(row.reason))}});
    }
  }
  m.sandbox_failures.Add({{"reason", Text(Name(Reason::kCniTeardown))}});
  for (const Reason reason : {Reason::kPlegUnhealthy, Reason::kRuntimeDown, Reason::kOther}) {
    m.sync_skips.Add({{"reason", Text(Name(reason))}});
  }
  for (const char* result : {"started", "completed"}) m.shutdowns.Add({{"result", result}});
  for (size_t i = 0; i < m.lines_by.size(); ++i) {
    m.lines_by[i] = &m.lines.Add({{"format", Text(Name(static_cast<LineFormat>(i)))}});
  }
  for (int i = 0; i < kEventKindCount; ++i) {
    m.events_by[static_cast<size_t>(i)] =
        &m.events.Add({{"event", Text(Name(static_cast<EventKind>(i)))}});
  }
  for (const ParseError error :
       {ParseError::kBadHeader, ParseError::kBadJson, ParseError::kBadFields}) {
    m.parse_errors.Add({{"reason", Text(Name(error))}});
  }
  m.parse_errors.Add({{"reason", "truncated"}});
  m.parse_errors.Add({{"reason", "impossible_duration"}});
  for (int i = 0; i < kGapReasonCount; ++i) {
    m.gaps.Add({{"reason", Text(Name(static_cast<GapReason>(i)))}});
  }
  for (const char* list : {"containers", "volumes", "failures"}) m.dropped.Add({{"list", list}});
  for (const char* result : {"sent", "failed", "dropped"}) m.traces.Add({{"result", result}});
  for (const char* reason : {"evicted", "expired"}) m.evictions.Add({{"reason", reason}});
  for (int i = 0; i < kPhaseCount; ++i) {
    const prometheus::Labels labels{{"phase", Text(Name(static_cast<Phase>(i)))}};
    m.terminating_by[static_cast<size_t>(i)] = &m.terminating.Add(labels);
    m.oldest_by[static_cast<size_t>(i)] = &m.oldest.Add(labels);
  }
  for (const Signal& signal : Signals()) {
    m.signals_by.push_back(&m.signal.Add({{"signal", Text(signal.name)}}));
  }
  SetVerbosity(0, false);
}

MetricSet::~MetricSet() = default;

namespace {

template <typename A, typename B>
size_t Pair(A first, B second, int seconds) {
  return static_cast<size_t>(first) * static_cast<size_t>(seconds) + static_cast<size_t>(second);
}

}  // namespace

void MetricSet::ObserveTermination(Trigger trigger, Precision precision, Duration duration) {
  Impl::Cached(impl_->terminations_by, Pair(trigger, precision, kPrecisionCount),
               [&]() -> Histogram& {
                 return impl_->termination.Add(
                     {{"trigger", Text(Name(trigger))}, {"precision", Text(Name(precision))}});
               })
      .Observe(ToSeconds(duration));
}

void MetricSet::ObserveDeletion(Trigger trigger, Precision precision, Duration duration) {
  Impl::Cached(impl_->deletions_by, Pair(trigger, precision, kPrecisionCount), [&]() -> Histogram& {
    return impl_->deletion.Add(
        {{"trigger", Text(Name(trigger))}, {"precision", Text(Name(precision))}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::ObservePhase(Phase phase, Precision precision, Duration duration) {
  Impl::Cached(impl_->phases_by, Pair(phase, precision, kPrecisionCount), [&]() -> Histogram& {
    return impl_->phase.Add({{"phase", Text(Name(phase))}, {"precision", Text(Name(precision))}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::ObserveContainerStop(Outcome outcome, Precision precision, Duration duration) {
  Impl::Cached(impl_->stops_by, Pair(outcome, precision, kPrecisionCount), [&]() -> Histogram& {
    return impl_->container_stop.Add(
        {{"outcome", Text(Name(outcome))}, {"precision", Text(Name(precision))}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::ObserveGrace(int64_t granted_seconds, std::optional<Duration> used) {
  impl_->grace.Observe(static_cast<double>(granted_seconds));
  if (used && granted_seconds > 0) {
    impl_->grace_used.Observe(ToSeconds(*used) / static_cast<double>(granted_seconds));
  }
}

void MetricSet::ObserveHook(HookOutcome outcome, Duration duration) {
  Impl::Cached(impl_->hooks_by, static_cast<size_t>(outcome), [&]() -> Histogram& {
    return impl_->hook.Add({{"outcome", Text(Name(outcome))}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::ObserveUnmount(std::string_view plugin, std::string_view operation,
                               Duration duration) {
  const std::string_view label = impl_->PluginLabel(plugin);
  Impl::Known(impl_->unmounts, label, operation, [&]() -> Histogram& {
    return impl_->unmount.Add({{"plugin", Text(label)}, {"operation", Text(operation)}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::ObserveStartup(std::string_view phase, Duration duration) {
  Impl::Known(impl_->startups, phase, {}, [&]() -> Histogram& {
    return impl_->startup.Add({{"phase", Text(phase)}});
  }).Observe(ToSeconds(duration));
}

void MetricSet::CountTermination(Trigger trigger, Outcome outcome) {
  Impl::Cached(impl_->ended_by, Pair(trigger, outcome, kOutcomeCount), [&]() -> Counter& {
    return impl_->terminations.Add(
        {{"trigger", Text(Name(trigger))}, {"outcome", Text(Name(outcome))}});
  }).Increment();
}

void MetricSet::CountGraceExceeded() { impl_->grace_exceeded.Increment(); }

void MetricSet::CountFailure(Phase phase, Reason reason, std::string_view plugin) {
  Family<Counter>* family = nullptr;
  switch (phase) {
    case Phase::kStopContainers:
      family = &impl_->kill_failures;
      break;
    case Phase::kStopSandbox:
      family = &impl_->sandbox_failures;
      break;
    case Phase::kRemoveCgroup:
      family = &impl_->cgroup_failures;
      break;
    case Phase::kUpdateStatus:
    case Phase::kRemoveFromApi:
      family = &impl_->status_failures;
      break;
    case Phase::kUnmountVolumes:
      impl_->unmount_failures
          .Add({{"plugin", Text(impl_->PluginLabel(plugin))}, {"reason", Text(Name(reason))}})
          .Increment();
      return;
    case Phase::kDispatch:
    case Phase::kPrestop:
      return;  // seen in the record and in overdue_pods; no family counts them
  }
  Impl::Cached(impl_->failures_by, Pair(phase, reason, kReasonCount), [&]() -> Counter& {
    return family->Add({{"reason", Text(Name(reason))}});
  }).Increment();
}

void MetricSet::CountOrphanedPod() { impl_->orphans.Increment(); }
void MetricSet::CountKubeletRestart() { impl_->restarts.Increment(); }

void MetricSet::CountSyncSkip(Reason reason) {
  impl_->sync_skips.Add({{"reason", Text(Name(reason))}}).Increment();
}

void MetricSet::CountNodeShutdown(std::string_view result) {
  impl_->shutdowns.Add({{"result", Text(result)}}).Increment();
}

void MetricSet::CountImpossibleDuration() {
  impl_->parse_errors.Add({{"reason", "impossible_duration"}}).Increment();
}

void MetricSet::CountTrackerEviction(std::string_view reason) {
  impl_->evictions.Add({{"reason", Text(reason)}}).Increment();
}

void MetricSet::SetKubeletInfo(std::string_view version, std::string_view cgroup_driver,
                               std::string_view runtime) {
  const auto clean = [](std::string_view value) {
    return IsLabelSafe(value, ".+-_~ABCDEFGHIJKLMNOPQRSTUVWXYZ") ? Text(value) : std::string();
  };
  if (impl_->info_now != nullptr) impl_->kubelet_info.Remove(impl_->info_now);
  impl_->info_now = &impl_->kubelet_info.Add({{"version", clean(version)},
                                              {"cgroup_driver", clean(cgroup_driver)},
                                              {"runtime", clean(runtime)}});
  impl_->info_now->Set(1);
}

void MetricSet::SetVerbosity(int level, bool runtime) {
  impl_->verbosity.Set(level);
  for (size_t i = 0; i < Signals().size(); ++i) {
    impl_->signals_by[i]->Set(Available(Signals()[i], level, runtime) ? 1 : 0);
  }
}

void MetricSet::SetBuildInfo(std::string_view version, std::string_view compiler) {
  impl_->build_info.Add({{"version", Text(version)}, {"compiler", Text(compiler)}}).Set(1);
}

void MetricSet::CountLine(LineFormat format, uint64_t times) {
  impl_->lines_counted[static_cast<size_t>(format)] += times;
}
void MetricSet::CountEvent(EventKind kind) { ++impl_->events_counted[static_cast<size_t>(kind)]; }

void MetricSet::CountParseError(ParseError error) {
  impl_->parse_errors.Add({{"reason", Text(Name(error))}}).Increment();
}

void MetricSet::CountTruncatedRecord() {
  impl_->parse_errors.Add({{"reason", "truncated"}}).Increment();
}

void MetricSet::CountGap(const Gap& gap) {
  impl_->gaps.Add({{"reason", Text(Name(gap.reason))}}).Increment();
  if (gap.reason == GapReason::kSuppressed) {
    impl_->suppressed.Increment(static_cast<double>(gap.lines));
  }
}

void MetricSet::CountClockStep() { impl_->clock_steps.Increment(); }

void MetricSet::CountStateCommit() { impl_->commits.Increment(); }
void MetricSet::CountStateCommitError() { impl_->commit_errors.Increment(); }

void MetricSet::CountStateRejected(std::string_view reason) {
  impl_->rejected_states.Add({{"reason", Text(reason)}}).Increment();
}

void MetricSet::CountTraceExports(std::string_view result, uint64_t traces) {
  impl_->traces.Add({{"result", Text(result)}}).Increment(static_cast<double>(traces));
}

void MetricSet::CountDropped(std::string_view list) {
  impl_->dropped.Add({{"list", Text(list)}}).Increment();
}

void MetricSet::SetJournalPolling(bool polling) { impl_->polling.Set(polling ? 1 : 0); }

void MetricSet::SetJournalLag(Duration lag) { impl_->lag.Set(ToSeconds(lag)); }
void MetricSet::SetJournalHeadroom(Duration headroom) { impl_->headroom.Set(ToSeconds(headroom)); }

void MetricSet::SetJournalFilesUnreadable(std::string_view reason, int64_t files) {
  impl_->unreadable.Add({{"reason", Text(reason)}}).Set(static_cast<double>(files));
}

void MetricSet::SetLastEvent(Timestamp at) {
  impl_->last_event.Set(ToSeconds(at.time_since_epoch()));
}
void MetricSet::SetTrackedPods(size_t pods) { impl_->tracked.Set(static_cast<double>(pods)); }
void MetricSet::SetConfigReload(bool good, Timestamp last_success) {
  impl_->config_good.Set(good ? 1 : 0);
  impl_->config_read_at.Set(std::chrono::duration<double>(last_success.time_since_epoch()).count());
}

void MetricSet::SetReady(bool ready) { impl_->ready.Set(ready ? 1 : 0); }

std::vector<prometheus::MetricFamily> MetricSet::Collect() {
  MetricSet::Impl& m = *impl_;
  const auto add = [](auto& counters, auto& counted) {
    for (size_t i = 0; i < counted.size(); ++i) {
      if (counted[i] > 0) counters[i]->Increment(static_cast<double>(counted[i]));
    }
    counted = {};
  };
  add(m.lines_by, m.lines_counted);
  add(m.events_by, m.events_counted);
  return m.registry.Collect();
}

}  // namespace kle
