// SPDX-License-Identifier: Apache-2.0
// Where a termination in flight is now, and why it is still there.
#include <algorithm>
#include <chrono>

#include "metrics/derived.h"
#include "metrics/phases.h"
#include "metrics/record_builder.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kDefaultGraceSeconds = 30;  // terminationGracePeriodSeconds when nobody sets it
// An unmount that began and says nothing for that long hangs (kubelet: a mount command has 2 min).
constexpr Duration kHungUnmount = 2min;
// After the containers went, a second DELETE is the kubelet's own; REMOVE follows in milliseconds.
constexpr Duration kRemovalDue = 5s;
// SIGKILL follows the grace at once; what lives on after that is the runtime's trouble.
constexpr Duration kKillDue = 5s;
// The sync loop's back-off between two skipped rounds is 5 s at most.
constexpr Duration kSkipHolds = 15s;

// A relist shows the sandbox late: the kubelet's own DELETE may come before it.
Timestamp AllExited(const PodFacts& pod, Timestamp terminated_at) {
  if (pod.termination->terminated_precision == Precision::kExact) return terminated_at;
  return std::min(LastExit(pod).value_or(terminated_at), terminated_at);
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
             (term.last_delete_at && *term.last_delete_at > AllExited(pod, *terminated_at))) {
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
  if (const FailureRecord* failure = LastFailure(term.failed.failures, current.phase))
    return failure->reason;
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

}  // namespace kle
