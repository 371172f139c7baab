// SPDX-License-Identifier: Apache-2.0
// One failed attempt prints up to five lines. The catalogue ranks them in their order: a line whose
// rank is not above the last one's of the same object begins the next attempt.
#include <algorithm>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

constexpr size_t kMessageBytes = 512;
constexpr size_t kMaxFailures = 64;  // distinct (phase, reason, object) of one termination

// What "Error syncing pod, skipping" was about; first match wins, nothing: not our business.
struct SyncErrorPhase {
  std::string_view needle;
  Phase phase;
};
constexpr SyncErrorPhase kSyncErrorPhases[] = {
    {"KillContainer", Phase::kStopContainers}, {"KillPodSandbox", Phase::kStopSandbox},
    {"unmounted volumes=", Phase::kDispatch},  {"mounted volumes=", Phase::kUnmountVolumes},
    {"cgroup", Phase::kRemoveCgroup},          {"unprepare dynamic resources", Phase::kStopSandbox},
    {"ImagePull", Phase::kDispatch},
};

bool IsMount(std::string_view error) {
  error = error.substr(0, 64);
  return error.find("nmount") == std::string_view::npos &&
         error.find("nmap") == std::string_view::npos;
}

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
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) {
    // Volumes of a pod that nothing remembers.
    if (event.row->fallback == Reason::kOrphanVolumes) {
      metrics.CountFailure(event.row->phase, Reason::kOrphanVolumes, {});
    }
    return;
  }
  Phase phase = event.row->phase;
  std::string_view object;
  std::string_view plugin;
  if (phase == Phase::kDispatch) {  // Error syncing pod
    const auto* found = std::ranges::find_if(kSyncErrorPhases, [&event](const SyncErrorPhase& row) {
      return event.error.find(row.needle) != std::string_view::npos;
    });
    if (found == std::end(kSyncErrorPhases)) return;
    phase = found->phase;
    if (ClassifyFailure(event.error, phase) == Reason::kPullBlocked) {
      pod->pull_failed_at = event.at;
      return;
    }
  }
  if (phase == Phase::kUnmountVolumes && !event.unique_name.empty()) {
    if (IsMount(event.error)) {
      pod->mount_failed_at = event.at;
      phase = Phase::kDispatch;
    } else {
      VolumeFacts& volume = VolumeOf(*pod, event);
      ++volume.record.failures;
    }
    object = event.volume;
    plugin = event.plugin;
  } else if (phase == Phase::kStopContainers) {
    object = event.container_id;
    if (!object.empty()) ContainerOf(*pod, object, event.container).kill_failed = true;
  } else if (phase == Phase::kStopSandbox) {
    object = event.sandbox_id;
    if (pod->terminating() && !pod->termination->sealed)
      pod->termination->sandbox_failed_at = event.at;
  } else if (phase == Phase::kDispatch) {
    pod->mount_failed_at = event.at;
  }
  AddFailure(*pod, phase, event.row->rank, object, event.error, event, plugin);
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

void Tracker::Impl::AddFailure(PodFacts& pod, Phase phase, int rank, std::string_view object,
                               std::string_view error, const Event& event,
                               std::string_view plugin) {
  Reason reason = ClassifyFailure(error, phase);
  if (reason == Reason::kOther) reason = event.row->fallback;
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
    if (!chain->counted && (reason != Reason::kOther || !error.empty())) {
      metrics.CountFailure(phase, failure.reason, plugin);
      chain->counted = true;
    }
    return;
  }
  const auto known = std::ranges::find_if(term.failures, [&](const FailureRecord& failure) {
    return failure.phase == phase && failure.object == chain->object &&
           (failure.reason == reason || error.empty());
  });
  if (known != term.failures.end()) {
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
  // A line without an error text waits for the next one of its attempt to tell the reason.
  chain->counted = !error.empty() || known != term.failures.end();
  if (chain->counted) metrics.CountFailure(phase, term.failures[chain->failure].reason, plugin);
}

}  // namespace kle
