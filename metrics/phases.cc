// SPDX-License-Identifier: Apache-2.0
#include "metrics/phases.h"

#include <algorithm>
#include <chrono>

#include "metrics/derived.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr int kHooksVisible = 3;
// Below that, a kill this soon after the DELETE leaves no room for a hook.
constexpr Duration kNoRoomForHook = 300ms;

// The phases, a function each: which line pair measures it, and how exactly. No start: it has not
// begun, or cannot be seen.

PhaseSpan Dispatch(const PodFacts& pod, int verbosity) {
  PhaseSpan span;
  if (pod.termination->by_runtime) return span;  // when it was asked for is not known
  span.started_at = pod.termination->requested_at;
  span.ended_at = FirstKill(pod);
  KeepMin(span.ended_at, FindHooks(pod).started_at);
  if (verbosity < kHooksVisible && span.duration().value_or(Duration::zero()) > kNoRoomForHook) {
    span.precision = Precision::kBound;
  }
  return span;
}

PhaseSpan Prestop(const PodFacts& pod, int verbosity) {
  PhaseSpan span;
  const Hooks hooks = FindHooks(pod);
  span.started_at = hooks.started_at;
  span.ended_at = hooks.ended_at;
  if (verbosity < kHooksVisible) {
    span.precision = Precision::kBound;
  } else if (!span.started_at) {
    span.started_at = span.ended_at = FirstKill(pod);  // none ran
  }
  return span;
}

PhaseSpan StopContainers(const PodFacts& pod, int /*verbosity*/) {
  PhaseSpan span;
  span.started_at = FirstKill(pod);
  if (span.started_at) span.ended_at = LastExit(pod);
  span.precision = WorstExit(pod);
  return span;
}

PhaseSpan StopSandbox(const PodFacts& pod, int /*verbosity*/) {
  const TerminationFacts& term = *pod.termination;
  PhaseSpan span;
  span.started_at = LastExit(pod);
  if (span.started_at && term.terminated_at) {
    span.ended_at = std::max(*term.terminated_at, *span.started_at);
  }
  span.precision = std::max(WorstExit(pod), term.terminated_precision);
  return span;
}

PhaseSpan UnmountVolumes(const PodFacts& pod, int /*verbosity*/) {
  const TerminationFacts& term = *pod.termination;
  PhaseSpan span;
  span.started_at = term.first_unmount_at;
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

PhaseSpan RemoveCgroup(const PodFacts& pod, int verbosity) {
  const TerminationFacts& term = *pod.termination;
  PhaseSpan span;
  if (!term.cgroup_removed_at && !term.worker_entered_at) return span;
  span.started_at =
      term.volume_paths_cleaned_at ? term.volume_paths_cleaned_at : term.volumes_claimed_at;
  if (verbosity >= 4) span.ended_at = term.cgroup_removed_at;
  return span;
}

PhaseSpan UpdateStatus(const PodFacts& pod, int verbosity) {
  PhaseSpan span;
  if (verbosity < 3) return span;
  span.started_at = LocalEnd(pod);
  span.ended_at = pod.termination->reclaimed_line_at;
  if (!pod.termination->worker_completed_at) span.precision = Precision::kBound;
  return span;
}

PhaseSpan RemoveFromApi(const PodFacts& pod, int /*verbosity*/) {
  const TerminationFacts& term = *pod.termination;
  PhaseSpan span;
  span.started_at = term.reclaimed_line_at;
  if (!span.started_at) {
    span.started_at = LocalEnd(pod);
    span.precision = Precision::kBound;
  }
  // What ended without a DELETE keeps its object until somebody deletes it.
  if (OutlivesItsEnd(term.trigger)) KeepMax(span.started_at, pod.delete_at);
  span.ended_at = term.removed_at;
  return span;
}

// By Phase.
constexpr PhaseSpan (*kPhases[kPhaseCount])(const PodFacts&, int) = {
    &Dispatch,       &Prestop,      &StopContainers, &StopSandbox,
    &UnmountVolumes, &RemoveCgroup, &UpdateStatus,   &RemoveFromApi,
};

}  // namespace

std::optional<Timestamp> LocalEnd(const PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  if (VolumesOutstanding(pod)) return std::nullopt;
  const auto unmounted = UnmountVolumes(pod, 0).ended_at;
  if (term.worker_completed_at) {
    // In 1.23 the worker does not wait for the volumes.
    return std::max(*term.worker_completed_at, unmounted.value_or(*term.worker_completed_at));
  }
  if (term.cgroup_removed_at) return term.cgroup_removed_at;
  return unmounted ? unmounted : term.terminated_at;
}

PhaseSpan MeasurePhase(const PodFacts& pod, Phase phase, int verbosity) {
  if (const PhaseSpan* observed = pod.termination->observed_span(phase)) return *observed;
  PhaseSpan span = kPhases[static_cast<size_t>(phase)](pod, verbosity);
  span.phase = phase;
  if (span.started_at && span.ended_at && *span.ended_at < *span.started_at) {
    // Two goroutines may print in either order; the object may also have gone first.
    const bool near = *span.started_at - *span.ended_at < 10ms;
    span.ended_at = near ? span.started_at : std::optional<Timestamp>{};
    if (!near && phase == Phase::kRemoveFromApi) span.started_at.reset();
  }
  return span;
}

}  // namespace kle
