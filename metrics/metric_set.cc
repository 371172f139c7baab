// SPDX-License-Identifier: Apache-2.0
#include "metrics/metric_set.h"

#include <algorithm>

#include "metrics/coverage.h"
#include "metrics/metric_set_impl.h"

namespace kle {

std::span<const MetricInfo> MetricTable() {
  static const std::vector<MetricInfo> table = MetricSet().impl_->all.table;
  return table;
}

// Children of closed sets exist from the start.
MetricSet::MetricSet() : impl_(std::make_unique<Impl>()) {
  Impl& m = *impl_;
  const std::pair<CounterFamily*, Phase> failures[] = {
      {&m.kill_failures, Phase::kStopContainers},
      {&m.sandbox_failures, Phase::kStopSandbox},
      {&m.cgroup_failures, Phase::kRemoveCgroup},
      {&m.status_failures, Phase::kUpdateStatus},
  };
  for (const auto& [family, phase] : failures) {
    family->With({Name(Reason::kOther)});
    for (const ReasonRow& row : ReasonTable()) {
      if (row.phase == phase) family->With({Name(row.reason)});
    }
  }
  m.sandbox_failures.With({Name(Reason::kCniTeardown)});
  for (const Reason reason : {Reason::kPlegUnhealthy, Reason::kRuntimeDown, Reason::kOther}) {
    m.sync_skips.With({Name(reason)});
  }
  for (const ParseError error :
       {ParseError::kBadHeader, ParseError::kBadJson, ParseError::kBadFields}) {
    m.parse_errors.With({Name(error)});
  }
  m.parse_errors.With({"truncated"});
  m.parse_errors.With({"impossible_duration"});
  for (CounterFamily* family :
       {&m.shutdowns, &m.lines, &m.events, &m.gaps, &m.dropped, &m.traces, &m.evictions}) {
    family->AddClosedSet();
  }
  for (GaugeFamily* family : {&m.terminating, &m.oldest, &m.signal}) family->AddClosedSet();
  m.headroom.RemoveAll();  // a log file has none
  SetVerbosity(0, false);
}

MetricSet::~MetricSet() = default;

void MetricSet::ObserveStopped(const TerminationRecord& record) {
  impl_->records.Stopped(record);
  if (record.requested_at && !record.termination()) {
    impl_->parse_errors.With({"impossible_duration"}).Increment();
  }
}

void MetricSet::ObserveEnded(const TerminationRecord& record) { impl_->records.Ended(record); }

void MetricSet::ObservePhase(Phase phase, Precision precision, Duration duration) {
  impl_->phase.With({Name(phase), Name(precision)}).Observe(ToSeconds(duration));
}

void MetricSet::ObserveUnmount(std::string_view plugin, std::string_view operation,
                               Duration duration) {
  impl_->unmount.With({impl_->PluginLabel(plugin), operation}).Observe(ToSeconds(duration));
}

void MetricSet::ObserveStartup(std::string_view phase, Duration duration) {
  impl_->startup.With({phase}).Observe(ToSeconds(duration));
}

void MetricSet::CountFailure(Phase phase, Reason reason, std::string_view plugin) {
  switch (phase) {
    case Phase::kStopContainers:
      impl_->kill_failures.With({Name(reason)}).Increment();
      return;
    case Phase::kStopSandbox:
      impl_->sandbox_failures.With({Name(reason)}).Increment();
      return;
    case Phase::kRemoveCgroup:
      impl_->cgroup_failures.With({Name(reason)}).Increment();
      return;
    case Phase::kUpdateStatus:
    case Phase::kRemoveFromApi:
      impl_->status_failures.With({Name(reason)}).Increment();
      return;
    case Phase::kUnmountVolumes:
      impl_->unmount_failures.With({impl_->PluginLabel(plugin), Name(reason)}).Increment();
      return;
    case Phase::kDispatch:
    case Phase::kPrestop:
      return;  // seen in the record and in overdue_pods; no family counts them
  }
}

void MetricSet::CountOrphanedPod() { impl_->orphans.Only().Increment(); }
void MetricSet::CountKubeletRestart() { impl_->restarts.Only().Increment(); }
void MetricSet::CountSyncSkip(Reason reason) { impl_->sync_skips.With({Name(reason)}).Increment(); }
void MetricSet::CountNodeShutdown(std::string_view result) {
  impl_->shutdowns.With({result}).Increment();
}
void MetricSet::CountTrackerEviction(std::string_view reason) {
  impl_->evictions.With({reason}).Increment();
}

void MetricSet::SetKubeletInfo(std::string_view version, std::string_view cgroup_driver,
                               std::string_view runtime) {
  const auto clean = [](std::string_view value) {
    const bool safe = IsLabelSafe(value, ".+-_~ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return safe ? value : std::string_view();
  };
  impl_->kubelet_info.RemoveAll();
  impl_->kubelet_info.With({clean(version), clean(cgroup_driver), clean(runtime)}).Set(1);
}

void MetricSet::SetVerbosity(int level, bool runtime) {
  impl_->verbosity.Only().Set(level);
  for (const Signal& signal : Signals()) {
    impl_->signal.With({signal.name}).Set(Available(signal, level, runtime) ? 1 : 0);
  }
}

void MetricSet::SetBuildInfo(std::string_view version, std::string_view compiler) {
  impl_->build_info.With({version, compiler}).Set(1);
}

void MetricSet::CountLine(LineFormat format, uint64_t times) {
  impl_->lines_counted[static_cast<size_t>(format)] += times;
}
void MetricSet::CountEvent(EventKind kind) { ++impl_->events_counted[static_cast<size_t>(kind)]; }

void MetricSet::CountParseError(ParseError error) {
  impl_->parse_errors.With({Name(error)}).Increment();
}
void MetricSet::CountTruncatedRecord() { impl_->parse_errors.With({"truncated"}).Increment(); }

void MetricSet::CountGap(const Gap& gap) {
  impl_->gaps.With({Name(gap.reason)}).Increment();
  if (gap.reason == GapReason::kSuppressed) {
    impl_->suppressed.Only().Increment(static_cast<double>(gap.lines));
  }
}

void MetricSet::CountClockStep() { impl_->clock_steps.Only().Increment(); }
void MetricSet::CountStateCommit() { impl_->commits.Only().Increment(); }
void MetricSet::CountStateCommitError() { impl_->commit_errors.Only().Increment(); }
void MetricSet::CountStateRejected(std::string_view reason) {
  impl_->rejected_states.With({reason}).Increment();
}
void MetricSet::CountDropped(std::string_view list) { impl_->dropped.With({list}).Increment(); }
void MetricSet::CountTraceExports(std::string_view result, uint64_t traces) {
  impl_->traces.With({result}).Increment(static_cast<double>(traces));
}

void MetricSet::SetJournalLag(Duration lag) { impl_->lag.Only().Set(ToSeconds(lag)); }
void MetricSet::SetJournalHeadroom(Duration headroom) {
  impl_->headroom.Only().Set(ToSeconds(headroom));
}
void MetricSet::SetJournalPolling(bool polling) { impl_->polling.Only().Set(polling ? 1 : 0); }
void MetricSet::SetJournalFilesUnreadable(std::string_view reason, int64_t files) {
  impl_->unreadable.With({reason}).Set(static_cast<double>(files));
}
void MetricSet::SetLastEvent(Timestamp at) {
  impl_->last_event.Only().Set(ToSeconds(at.time_since_epoch()));
}
void MetricSet::SetTrackedPods(size_t pods) {
  impl_->tracked.Only().Set(static_cast<double>(pods));
}
void MetricSet::SetConfigReload(bool good, Timestamp last_success) {
  impl_->config_good.Only().Set(good ? 1 : 0);
  impl_->config_read_at.Only().Set(
      std::chrono::duration<double>(last_success.time_since_epoch()).count());
}
void MetricSet::SetReady(bool ready) { impl_->ready.Only().Set(ready ? 1 : 0); }

std::vector<prometheus::MetricFamily> MetricSet::Collect() {
  const auto add = [](CounterFamily& family, auto& counted, auto kind) {
    for (size_t i = 0; i < counted.size(); ++i) {
      if (counted[i] == 0) continue;
      family.With({Name(static_cast<decltype(kind)>(i))})
          .Increment(static_cast<double>(counted[i]));
    }
    counted = {};
  };
  add(impl_->lines, impl_->lines_counted, LineFormat{});
  add(impl_->events, impl_->events_counted, EventKind{});
  auto families = impl_->all.registry.Collect();
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (prometheus::MetricFamily& family : families) {
    std::ranges::sort(family.metric, {}, &prometheus::ClientMetric::label);
  }
  return families;
}

}  // namespace kle
