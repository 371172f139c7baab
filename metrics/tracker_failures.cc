// SPDX-License-Identifier: Apache-2.0
// One failed attempt prints up to five lines. The catalogue ranks them in their order: a line whose
// rank is not above the last one's of the same object begins the next attempt.
#include <algorithm>

#include "metrics/failure_kind.h"
#include "metrics/tracker_impl.h"

namespace kle {
namespace {

constexpr int kLastOfAttempt = 9;  // "Error syncing pod": one an attempt

}  // namespace

void Tracker::Impl::OnFailure(const Event& event) {
  // One line may speak of several pods, or of all that end for the same cause.
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = table.Resolve(ref, false);
    if (pod != nullptr && pod->terminating()) AddOverdue(*pod, event);
  }
  if (event.row->cause == Cause::kNodeShutdown) {
    for (PodFacts& pod : table.pods()) {
      if (pod.terminating() && pod.termination->trigger == Trigger::kNodeShutdown) {
        AddOverdue(pod, event);
      }
    }
  }
  const auto kind = KindOfFailure(event);
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) {
    const bool device = event.pod == PodRef() && !event.unique_name.empty();  // of no pod
    if (event.row->fallback == Reason::kOrphanVolumes) {
      metrics.CountFailure(event.row->phase, Reason::kOrphanVolumes, {});
    } else if (device && kind && kind->phase == Phase::kUnmountVolumes) {
      metrics.CountFailure(kind->phase, kind->reason, event.plugin);
    }
    return;
  }
  if (event.row->cause == Cause::kEviction && !pod->termination && !pod->announced) {
    pod->announced = Trigger::kEviction;
    pod->announced_at = event.at;
  }
  if (!kind) return;
  if (kind->reason == Reason::kPullBlocked) {
    pod->pull_failed_at = event.at;
    return;
  }
  if (verbosity < 2 && !pod->termination && !pod->ended && !pod->finished) {
    // No kill is printed there, only what failed. A sandbox is stopped for good, or to be replaced
    // at once; a container may have to be started again.
    if (kind->phase == Phase::kStopSandbox) {
      StartBlind(*pod);
    } else if (kind->phase == Phase::kStopContainers && event.row->rank == kLastOfAttempt) {
      metrics.CountFailure(kind->phase, kind->reason, {});
    }
  }
  std::string_view object;
  std::string_view plugin;
  if (event.row->phase == Phase::kUnmountVolumes && !event.unique_name.empty()) {
    object = event.volume;
    plugin = event.plugin;
  }
  switch (kind->phase) {
    case Phase::kDispatch:
      pod->mount_failed_at = event.at;
      break;
    case Phase::kStopContainers:
      object = event.container_id;
      if (!object.empty()) ContainerOf(*pod, object, event.container).kill_failed = true;
      break;
    case Phase::kStopSandbox:
      object = event.sandbox_id;
      if (pod->terminating() && !pod->termination->sealed) {
        pod->termination->sandbox_failed_at = event.at;
      }
      break;
    case Phase::kUnmountVolumes:
      if (!event.unique_name.empty()) ++VolumeOf(*pod, event).record.failures;
      break;
    default:
      break;
  }
  AddFailure(*pod, *kind, event.row->rank, object, event, plugin);
}

// Somebody did not wait any longer for the pod, in whatever step it is.
void Tracker::Impl::AddOverdue(PodFacts& pod, const Event& event) {
  TerminationFacts& term = *pod.termination;
  if (term.failures.size() >= kMaxFailures) return metrics.CountDropped("failures");
  const auto current = Build(pod).current;
  term.failures.push_back({event.at,
                           event.at,
                           current ? current->phase : event.row->phase,
                           event.row->fallback,
                           {},
                           1,
                           std::string(event.raw.substr(0, kMessageBytes))});
}

void Tracker::Impl::AddFailure(PodFacts& pod, FailureKind kind, int rank, std::string_view object,
                               const Event& event, std::string_view plugin) {
  const Phase phase = kind.phase;
  const Reason reason = kind.reason;
  // A line without an error text waits for the next one of its attempt to tell the reason.
  const bool tells = reason != Reason::kOther || !event.error.empty();
  const bool unmount = phase == Phase::kUnmountVolumes;
  if (reason == Reason::kAlreadyGone) return;
  if (!pod.termination) {
    if (unmount && !plugin.empty()) metrics.CountFailure(phase, reason, plugin);
    return;
  }
  TerminationFacts& term = *pod.termination;
  // What is gone cannot fail any more: after the end these lines are the ghost pass.
  if (term.sealed && phase <= Phase::kStopSandbox) return;
  const bool dispatched = term.kill_seen || term.worker_entered_at;
  if (phase == Phase::kDispatch && dispatched) return;

  FailureChain* chain = nullptr;
  for (FailureChain& candidate : term.chains) {
    if (candidate.phase != phase) continue;
    // A line that names no object speaks of the attempt under way.
    if (candidate.object == object || object.empty()) chain = &candidate;
  }
  const bool same_attempt = chain != nullptr && rank > chain->last_rank;
  // More kinds than a record holds: counted all the same.
  const auto left_out = [&] {
    metrics.CountDropped("failures");
    metrics.CountFailure(phase, reason, plugin);
  };
  const bool first_of_object = chain == nullptr;
  if (first_of_object) {
    if (term.chains.size() >= kMaxFailures) return left_out();
    chain = &term.chains.emplace_back();
    chain->object = object;
    chain->phase = phase;
  }
  chain->last_rank = rank;
  if (same_attempt) {
    FailureRecord& failure = term.failures[chain->failure];
    failure.last_at = std::max(failure.last_at, event.at);
    if (!chain->counted && reason != Reason::kOther) {
      failure.reason = reason;
      failure.message = event.raw.substr(0, kMessageBytes);
    }
    if (!chain->counted && tells) {
      metrics.CountFailure(phase, failure.reason, plugin);
      chain->counted = true;
    }
    return;
  }
  const auto known = std::ranges::find_if(term.failures, [&](const FailureRecord& failure) {
    return failure.phase == phase && failure.object == chain->object &&
           (failure.reason == reason || !tells);
  });
  const bool repeated = known != term.failures.end();
  if (repeated) {
    ++known->count;
    known->last_at = std::max(known->last_at, event.at);
    chain->failure = static_cast<size_t>(known - term.failures.begin());
  } else {
    if (term.failures.size() >= kMaxFailures) {
      if (first_of_object) term.chains.pop_back();
      return left_out();
    }
    chain->failure = term.failures.size();
    term.failures.push_back({event.at, event.at, phase, reason, std::string(chain->object), 1,
                             std::string(event.raw.substr(0, kMessageBytes))});
  }
  chain->counted = tells || repeated;
  if (chain->counted) metrics.CountFailure(phase, term.failures[chain->failure].reason, plugin);
}

}  // namespace kle
