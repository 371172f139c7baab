// SPDX-License-Identifier: Apache-2.0
#include "metrics/record_builder.h"

#include <algorithm>
#include <chrono>

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kSigkillCode = 137;
constexpr int64_t kDefaultGraceSeconds = 30;  // terminationGracePeriodSeconds when nobody sets it
// At -v 2 a hook is invisible. A kill this soon after the DELETE leaves no room for one.
constexpr Duration kNoRoomForHook = 300ms;
// An unmount that began and says nothing for that long hangs (kubelet: a mount command has 2 min).
constexpr Duration kHungUnmount = 2min;
// After the containers went, a second DELETE is the kubelet's own; REMOVE follows in milliseconds.
constexpr Duration kRemovalDue = 5s;

constexpr Duration kTellingGrace = 5s;
// SIGKILL follows the grace at once; what lives on after that is the runtime's trouble.
constexpr Duration kKillDue = 5s;
// The sync loop's back-off between two skipped rounds is 5 s at most.
constexpr Duration kSkipHolds = 15s;

template <typename T>
void KeepMin(std::optional<T>& into, const std::optional<T>& value) {
  if (value && (!into || *value < *into)) into = value;
}

template <typename T>
void KeepMax(std::optional<T>& into, const std::optional<T>& value) {
  if (value && (!into || *value > *into)) into = value;
}

std::optional<Timestamp> FirstKill(const PodFacts& pod) {
  std::optional<Timestamp> first;
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, *pod.termination)) KeepMin(first, container.kill_at);
  }
  // One that was under way at the request counts from there.
  const auto& requested = pod.termination->requested_at;
  return first && requested ? std::max(*first, *requested) : first;
}

struct Hooks {
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> ended_at;
  bool running = false;
};

Hooks FindHooks(const PodFacts& pod) {
  Hooks hooks;
  for (const ContainerFacts& container : pod.containers) {
    if (container.hook_outcome == HookOutcome::kNone && !container.hook_at) continue;
    KeepMin(hooks.started_at, container.hook_at);
    KeepMax(hooks.ended_at, container.hook_ended_at);
    if (!container.hook_ended_at && container.hook_at && !container.exited_at) hooks.running = true;
  }
  if (hooks.running) hooks.ended_at.reset();
  return hooks;
}

Precision WorstExit(const PodFacts& pod) {
  Precision worst = Precision::kExact;
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination) || !container.exited_at) continue;
    worst = std::max(worst, container.exit_precision());
  }
  return worst;
}

std::optional<Timestamp> LastUnmount(const PodFacts& pod) {
  std::optional<Timestamp> last;
  for (const VolumeFacts& volume : pod.volumes) KeepMax(last, volume.record.unmounted_at);
  return last;
}

PhaseSpan Unmounting(const PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  PhaseSpan span{Phase::kUnmountVolumes, term.first_unmount_at, {}, Precision::kExact};
  if (span.started_at) {
    if (!VolumesOutstanding(pod)) span.ended_at = LastUnmount(pod);
    return span;
  }
  // No volume told of itself: the worker's wait is all there is.
  span.started_at = term.volumes_undesired_at;
  span.ended_at = term.volumes_claimed_at;
  span.precision = Precision::kBound;
  return span;
}

// When the kubelet had nothing left to do on the node.
std::optional<Timestamp> LocalEnd(const PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  if (VolumesOutstanding(pod)) return std::nullopt;
  const auto unmounted = Unmounting(pod).ended_at;
  if (term.worker_completed_at) {
    // In 1.23 the worker does not wait for the volumes.
    return std::max(*term.worker_completed_at, unmounted.value_or(*term.worker_completed_at));
  }
  if (term.cgroup_removed_at) return term.cgroup_removed_at;
  return unmounted ? unmounted : term.terminated_at;
}

Outcome ContainerOutcome(const ContainerFacts& container) {
  if (!container.exited_at) return container.kill_failed ? Outcome::kFailed : Outcome::kUnknown;
  if (!container.kill_at) return Outcome::kUnknown;  // went by itself or by another's hand
  // SIGKILL came from the kubelet only if the grace had run out; sooner, it was another killer.
  // Where the runtime's lines are read, its own SIGKILL is seen.
  if (container.runtime.sigkill_at && container.exit_code.value_or(kSigkillCode) == kSigkillCode) {
    return Outcome::kKilled;
  }
  const bool retried = !container.exit_code && container.kills > 1;
  if (!container.grace_seconds || container.exit_code.value_or(kSigkillCode) != kSigkillCode ||
      retried) {
    return Outcome::kGraceful;
  }
  const auto grace = std::chrono::seconds(*container.grace_seconds);
  const Duration lived = *container.exited_at - *container.kill_at;
  // Kubelets before 1.22 print no exit code, and a relist comes late: a short grace tells nothing.
  if (!container.exit_code && container.exit_precision() != Precision::kExact) {
    return lived >= grace && grace >= kTellingGrace ? Outcome::kKilled : Outcome::kGraceful;
  }
  return lived >= grace - 500ms ? Outcome::kKilled : Outcome::kGraceful;
}

ContainerRecord BuildContainer(const ContainerFacts& container) {
  ContainerRecord record;
  record.name = container.name;
  record.id = container.id;
  record.grace_seconds = container.grace_seconds;
  record.kill_started_at = container.kill_at;
  record.exited_at = container.exited_at;
  record.exit_code = container.exit_code;
  record.outcome = ContainerOutcome(container);
  record.attempts = container.kills;
  record.precision = container.exit_precision();
  record.prestop_outcome = container.hook_outcome;
  if (container.hook_at && container.hook_ended_at) {
    record.prestop = *container.hook_ended_at - *container.hook_at;
  }
  return record;
}

Outcome PodOutcome(const TerminationRecord& record, const TerminationFacts& term) {
  if (!term.completed || term.blind) return Outcome::kUnknown;
  if (term.trigger == Trigger::kForceDelete) return Outcome::kForced;
  const auto any = [&record](Outcome outcome) {
    return std::ranges::any_of(record.containers, [outcome](const ContainerRecord& container) {
      return container.outcome == outcome;
    });
  };
  if (any(Outcome::kFailed)) return Outcome::kFailed;
  if (any(Outcome::kKilled)) return Outcome::kKilled;
  if (term.state == State::kInterrupted || term.state == State::kExpired) return Outcome::kUnknown;
  // Neither the request nor the kill was read: what SIGKILL ended may have had its grace, or not.
  const bool unread = !term.kill_seen && !term.requested_at;
  const auto unexplained = [](const ContainerRecord& container) {
    return container.exit_code.value_or(kSigkillCode) == kSigkillCode;
  };
  const bool told =
      !record.containers.empty() && std::ranges::none_of(record.containers, unexplained);
  if (unread && !told) return Outcome::kUnknown;
  // Its kill was not read: SIGKILL may have come when the grace had run out, or sooner.
  const auto by_whom = [&](const ContainerRecord& container) {
    return container.exit_code == kSigkillCode && !container.kill_started_at;
  };
  if (std::ranges::any_of(record.containers, by_whom)) return Outcome::kUnknown;
  return Outcome::kGraceful;
}

// As the worker decided it, else the most that a container was given.
std::optional<int64_t> GraceGranted(const PodFacts& pod) {
  if (pod.termination->grace_granted) return pod.termination->grace_granted;
  std::optional<int64_t> granted;
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, *pod.termination)) KeepMax(granted, container.grace_seconds);
  }
  return granted;
}

void BuildGrace(const PodFacts& pod, TerminationRecord& record) {
  record.grace_granted = GraceGranted(pod);
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination)) continue;
    std::optional<Timestamp> begun = container.hook_at;
    KeepMin(begun, container.kill_at);
    if (begun && container.exited_at && *container.exited_at >= *begun) {
      KeepMax(record.grace_used, std::optional<Duration>(*container.exited_at - *begun));
    }
  }
  record.grace_exceeded = std::ranges::any_of(
      record.containers,
      [](const ContainerRecord& container) { return container.outcome == Outcome::kKilled; });
}

const FailureRecord* LastFailure(const TerminationFacts& term, Phase phase) {
  const FailureRecord* last = nullptr;
  for (const FailureRecord& failure : term.failures) {
    if (failure.phase == phase && (last == nullptr || failure.last_at >= last->last_at)) {
      last = &failure;
    }
  }
  return last;
}

// Where the pod is now, and since when.
void FindPhase(const PodFacts& pod, const BuildContext& context, Current& current) {
  const TerminationFacts& term = *pod.termination;
  const Timestamp requested = term.requested_at.value_or(term.last_event_at);
  current.phase = Phase::kDispatch;
  current.since = requested;
  if (term.blind) {
    current.phase = term.first_unmount_at ? Phase::kUnmountVolumes : Phase::kStopSandbox;
    current.since = term.first_unmount_at.value_or(requested);
    return;
  }
  const auto terminated_at =
      term.terminated_at || !term.by_runtime ? term.terminated_at : term.sandbox_stopped_at;
  if (!terminated_at) {
    const Hooks hooks = FindHooks(pod);
    const auto first_kill = FirstKill(pod);
    const auto last_exit = LastExit(pod);
    if (hooks.running && !first_kill) {
      current.phase = Phase::kPrestop;
      current.since = hooks.started_at.value_or(requested);
    } else if (AnyRunning(pod) && first_kill) {
      current.phase = Phase::kStopContainers;
      current.since = *first_kill;
    } else if (last_exit) {
      current.phase = Phase::kStopSandbox;
      current.since = *last_exit;
    } else if (term.sandbox_failed_at) {
      current.phase = Phase::kStopSandbox;
      current.since = requested;
    }
    return;
  }
  if (VolumesOutstanding(pod)) {
    current.phase = Phase::kUnmountVolumes;
    current.since = term.first_unmount_at.value_or(*terminated_at);
    return;
  }
  const auto local_end = LocalEnd(pod);
  current.since = local_end.value_or(*terminated_at);
  const bool worker_visible = context.verbosity >= 4 && term.worker_entered_at;
  if (worker_visible && !term.cgroup_removed_at && !term.worker_completed_at) {
    current.phase = Phase::kRemoveCgroup;
  } else if (term.removed_from_api_at || term.reclaimed_line_at ||
             (term.last_delete_at && *term.last_delete_at > *terminated_at)) {
    current.phase = Phase::kRemoveFromApi;
    current.since = term.reclaimed_line_at.value_or(
        term.removed_from_api_at.value_or(term.last_delete_at.value_or(current.since)));
  } else {
    current.phase = Phase::kUpdateStatus;
  }
}

// Longest grace that a kill still waits for.
Duration RemainingGrace(const PodFacts& pod) {
  int64_t seconds = 0;
  for (const ContainerFacts& container : pod.containers) {
    if (container.kill_at && !container.exited_at) {
      seconds = std::max(seconds, container.grace_seconds.value_or(kDefaultGraceSeconds));
    }
  }
  return std::chrono::seconds(seconds);
}

// Why it is still there: its own last failure in this step, else what the silence means, else what
// holds up the whole node.
std::optional<Reason> DeriveReason(const PodFacts& pod, const Current& current,
                                   const BuildContext& context, Timestamp now) {
  const TerminationFacts& term = *pod.termination;
  if (const FailureRecord* failure = LastFailure(term, current.phase)) return failure->reason;
  const Duration waited = now - current.since;
  switch (current.phase) {
    case Phase::kDispatch:
      if (pod.mount_failed_at) return Reason::kMountPending;
      if (pod.pull_failed_at) return Reason::kPullBlocked;
      break;
    case Phase::kStopContainers:
      if (waited > RemainingGrace(pod) + kKillDue) return Reason::kGraceExceeded;
      break;
    case Phase::kUnmountVolumes:
      if (waited >= kHungUnmount) return Reason::kVolumeHung;
      break;
    case Phase::kRemoveFromApi:
      if (waited >= kRemovalDue) return Reason::kApiFinalizer;
      break;
    default:
      break;
  }
  const NodeTrouble& trouble = context.trouble;
  const bool skips = trouble.skipped_at && *trouble.skipped_at >= current.since;
  if (skips && now - *trouble.skipped_at <= kSkipHolds) return trouble.skip_reason;
  if (trouble.restarted_at && *trouble.restarted_at > current.since) return Reason::kKubeletRestart;
  return std::nullopt;
}

}  // namespace

Precision ContainerFacts::exit_precision() const {
  switch (exit_source) {
    case ExitSource::kRuntime:
    case ExitSource::kStopReturned:
      return Precision::kExact;
    case ExitSource::kRelist:
      return Precision::kRelist;
    default:
      return Precision::kBound;
  }
}

bool Belongs(const ContainerFacts& container, const TerminationFacts& termination) {
  if (container.sandbox) return false;
  if (container.kills > 0 || container.hook_at) return true;
  return container.exited_at &&
         (!termination.requested_at || *container.exited_at >= *termination.requested_at);
}

bool AnyRunning(const PodFacts& pod) {
  int nameless = 0;
  bool sandbox_known = false;
  for (const ContainerFacts& container : pod.containers) {
    sandbox_known = sandbox_known || (container.sandbox && container.running);
    if (container.sandbox || container.exited_at) continue;
    if (Belongs(container, *pod.termination)) return true;
    if (!container.running) continue;
    if (!container.name.empty()) return true;
    ++nameless;
  }
  // PLEG names no sandbox as such: of what runs and was never killed, one is the sandbox.
  return nameless > (sandbox_known ? 0 : 1);
}

std::optional<Timestamp> LastExit(const PodFacts& pod) {
  std::optional<Timestamp> last;
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination)) continue;
    if (!container.exited_at) return std::nullopt;
    KeepMax(last, container.exited_at);
  }
  return last;
}

bool VolumesOutstanding(const PodFacts& pod) {
  return std::ranges::any_of(pod.volumes, [](const VolumeFacts& volume) {
    return !volume.record.unmounted_at && (volume.mounted || volume.record.started_at);
  });
}

PhaseSpan MeasurePhase(const PodFacts& pod, Phase phase, const BuildContext& context) {
  const TerminationFacts& term = *pod.termination;
  if (const PhaseSpan* observed = term.observed_span(phase)) return *observed;
  PhaseSpan span{phase, {}, {}, Precision::kExact};
  const bool hooks_visible = context.verbosity >= 3;
  switch (phase) {
    case Phase::kDispatch: {
      if (term.by_runtime) break;  // when it was asked for is not known
      const Hooks hooks = FindHooks(pod);
      span.started_at = term.requested_at;
      span.ended_at = FirstKill(pod);
      KeepMin(span.ended_at, hooks.started_at);
      if (!hooks_visible && span.duration().value_or(Duration::zero()) > kNoRoomForHook) {
        span.precision = Precision::kBound;
      }
      break;
    }
    case Phase::kPrestop: {
      const Hooks hooks = FindHooks(pod);
      span.started_at = hooks.started_at;
      span.ended_at = hooks.ended_at;
      if (!hooks_visible) span.precision = Precision::kBound;
      if (!span.started_at && hooks_visible) span.started_at = span.ended_at = FirstKill(pod);
      break;
    }
    case Phase::kStopContainers:
      span.started_at = FirstKill(pod);
      if (span.started_at) span.ended_at = LastExit(pod);
      span.precision = WorstExit(pod);
      break;
    case Phase::kStopSandbox:
      span.started_at = LastExit(pod);
      if (span.started_at && term.terminated_at) {
        span.ended_at = std::max(*term.terminated_at, *span.started_at);
      }
      span.precision = std::max(WorstExit(pod), term.terminated_precision);
      break;
    case Phase::kUnmountVolumes:
      return Unmounting(pod);
    case Phase::kRemoveCgroup:
      span.started_at =
          term.volume_paths_cleaned_at ? term.volume_paths_cleaned_at : term.volumes_claimed_at;
      if (context.verbosity >= 4) span.ended_at = term.cgroup_removed_at;
      if (!term.cgroup_removed_at && !term.worker_entered_at) span.started_at.reset();
      break;
    case Phase::kUpdateStatus:
      if (context.verbosity < 3) break;
      span.started_at = LocalEnd(pod);
      span.ended_at = term.reclaimed_line_at;
      if (!term.worker_completed_at) span.precision = Precision::kBound;
      break;
    case Phase::kRemoveFromApi:
      span.started_at = term.reclaimed_line_at;
      if (!span.started_at) {
        span.started_at = LocalEnd(pod);
        span.precision = Precision::kBound;
      }
      // What ended without a DELETE keeps its object until somebody deletes it.
      if (OutlivesItsEnd(term.trigger)) KeepMax(span.started_at, pod.delete_at);
      span.ended_at = term.removed_at;
      break;
  }
  if (span.started_at && span.ended_at && *span.ended_at < *span.started_at) {
    // Two goroutines may print in either order; the object may also have gone first.
    const bool near = *span.started_at - *span.ended_at < 10ms;
    span.ended_at = near ? span.started_at : std::optional<Timestamp>{};
    if (!near && phase == Phase::kRemoveFromApi) span.started_at.reset();
  }
  return span;
}

Current BuildCurrent(const PodFacts& pod, const BuildContext& context) {
  const TerminationFacts& term = *pod.termination;
  Current current;
  FindPhase(pod, context, current);
  const Timestamp now = std::max(context.now, current.since);
  current.reason = DeriveReason(pod, current, context, now);
  current.age = std::max(now - term.requested_at.value_or(current.since), Duration::zero());
  const Duration due =
      std::chrono::seconds(GraceGranted(pod).value_or(kDefaultGraceSeconds)) + context.stuck_slack;
  current.overdue = std::max(current.age - due, Duration::zero());
  return current;
}

TerminationRecord BuildEnds(const PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  TerminationRecord record;
  record.namespace_ = pod.namespace_;
  record.pod = pod.name;
  record.uid = pod.uid;
  record.trigger = term.trigger;
  record.state = term.state;
  record.requested_at = term.requested_at;
  record.terminated_at = term.terminated_at;
  record.termination_precision = term.terminated_precision;
  record.removed_at = term.removed_at;
  if (term.cgroup_removed_at && !VolumesOutstanding(pod)) {
    record.reclaimed_at = term.cgroup_removed_at;
    KeepMax(record.reclaimed_at, LastUnmount(pod));
  } else if (term.reclaimed_line_at && !VolumesOutstanding(pod)) {
    record.reclaimed_at = term.reclaimed_line_at;
  }
  // Lines may be missing or out of order: an end before its beginning is no measurement.
  if (record.requested_at) {
    for (auto* end : {&record.terminated_at, &record.reclaimed_at}) {
      if (*end && **end < *record.requested_at) end->reset();
    }
  }
  if (record.reclaimed_at && record.terminated_at) {
    record.reclaimed_at = std::max(*record.reclaimed_at, *record.terminated_at);
  }
  record.containers.reserve(pod.containers.size());
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, term)) record.containers.push_back(BuildContainer(container));
  }
  BuildGrace(pod, record);
  record.outcome = PodOutcome(record, term);
  return record;
}

TerminationRecord BuildRecord(const PodFacts& pod, const BuildContext& context) {
  const TerminationFacts& term = *pod.termination;
  TerminationRecord record = BuildEnds(pod);
  record.volumes.reserve(pod.volumes.size());
  for (const VolumeFacts& volume : pod.volumes) {
    const VolumeRecord& told = volume.record;
    const bool was_there = volume.mounted || told.started_at || told.unmounted_at;
    if (was_there || told.failures > 0) record.volumes.push_back(told);
  }
  record.failures = term.failures;
  record.phases.reserve(kPhaseCount);
  for (int i = 0; i < kPhaseCount && term.trigger != Trigger::kFinished; ++i) {
    const PhaseSpan span = MeasurePhase(pod, static_cast<Phase>(i), context);
    if (span.started_at) record.phases.push_back(span);
  }
  std::ranges::stable_sort(record.phases, {},
                           [](const PhaseSpan& span) { return *span.started_at; });
  if (term.state == State::kInFlight) {
    record.current = BuildCurrent(pod, context);
    if (const auto reason = record.current->reason) {
      record.current->hint = std::string(Info(*reason).hint) +
                             " Runbook: dashboards/runbooks/reasons.md#" + Anchor(*reason);
    }
  }
  return record;
}

}  // namespace kle
