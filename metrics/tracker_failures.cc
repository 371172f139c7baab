// SPDX-License-Identifier: Apache-2.0
// One failed attempt prints up to five lines. The catalogue ranks them in their order: a line whose
// rank is not above the last one's of the same object begins the next attempt.
#include <algorithm>

#include "metrics/failure_kind.h"
#include "metrics/tracker_impl.h"

namespace kle {
namespace {

constexpr int kLastOfAttempt = 9;  // "Error syncing pod": one an attempt

// A line of which this is false waits for the next one of its attempt to tell the reason.
bool TellsReason(FailureKind kind, const Event& event) {
  return kind.reason != Reason::kOther || !event.error.empty();
}

// What was held of a container (TakeHeld) has no row; it is of no volume either.
bool IsOfVolume(const Event& event) {
  return !event.unique_name.empty() && event.row->phase == Phase::kUnmountVolumes;
}

std::string_view PluginOf(const Event& event) {
  return IsOfVolume(event) ? event.plugin : std::string_view();
}

// A line that names no object speaks of the attempts under way, if there are any, and ends them.
FailureChain* FindChain(TerminationFacts& term, Phase phase, std::string_view object, int rank) {
  FailureChain* found = nullptr;
  for (FailureChain& chain : term.chains) {
    if (chain.phase != phase || (chain.object != object && !object.empty())) continue;
    if (found == nullptr || chain.last_rank < rank || found->last_rank >= rank) found = &chain;
  }
  return found;
}

void EndAttempts(TerminationFacts& term, Phase phase, int rank) {
  for (FailureChain& chain : term.chains) {
    if (chain.phase == phase) chain.last_rank = std::max(chain.last_rank, rank);
  }
}

// Of that reason, or of any.
FailureRecord* FindFailure(TerminationFacts& term, Phase phase, std::optional<Reason> reason,
                           std::string_view object) {
  const auto found = std::ranges::find_if(term.failures, [&](const FailureRecord& failure) {
    return failure.phase == phase && failure.object == object &&
           (!reason || failure.reason == *reason);
  });
  return found == term.failures.end() ? nullptr : &*found;
}

void Repeat(FailureRecord& failure, Timestamp at) {
  ++failure.count;
  failure.last_at = std::max(failure.last_at, at);
}

}  // namespace

// What the attempt was about; "" where the line does not name it.
std::string Tracker::Impl::ObjectOf(PodFacts& pod, const Event& event, Phase phase) {
  if (phase == Phase::kStopContainers) return std::string(event.container_id);
  if (phase == Phase::kStopSandbox) return std::string(event.sandbox_id);
  if (!IsOfVolume(event)) return {};
  return phase == Phase::kUnmountVolumes ? VolumeOf(pod, event).record.name
                                         : std::string(event.volume);
}

void Tracker::Impl::OnFailure(const Event& event) {
  NoteOverdue(event);
  const auto kind = KindOfFailure(event);
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return CountOfNoPod(event, kind);
  if (event.row->cause == Cause::kEviction && !pod->termination && !pod->announced) {
    pod->announced = Trigger::kEviction;
    pod->announced_at = event.at;
  }
  if (!kind) return;
  if (kind->reason == Reason::kPullBlocked) {
    pod->pull_failed_at = event.at;
    return;
  }
  if (verbosity < 2 && pod->lives()) {
    // No kill is printed there, only what failed. A sandbox is stopped for good, or to be replaced
    // at once; a container may have to be started again.
    if (kind->phase == Phase::kStopSandbox) {
      StartBlind(*pod);
    } else if (kind->phase == Phase::kStopContainers && event.row->rank == kLastOfAttempt) {
      metrics.CountFailure(kind->phase, kind->reason, {});
    }
  }
  NoteFailed(*pod, kind->phase, event);
  AddFailure(*pod, *kind, event.row->rank, ObjectOf(*pod, event, kind->phase), event);
}

// Somebody does not wait any longer: one line may speak of several pods, or of all that end for the
// same cause.
void Tracker::Impl::NoteOverdue(const Event& event) {
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = table.Resolve(ref, false);
    if (pod != nullptr && pod->terminating()) AddOverdue(*pod, event);
  }
  if (event.row->cause != Cause::kNodeShutdown) return;
  for (PodFacts& pod : table.pods()) {
    if (pod.terminating() && pod.termination->trigger == Trigger::kNodeShutdown) {
      AddOverdue(pod, event);
    }
  }
}

// For the pod, in whatever step it is.
void Tracker::Impl::AddOverdue(PodFacts& pod, const Event& event) {
  const auto current = Build(pod).current;
  const Phase phase = current ? current->phase : event.row->phase;
  NewFailure(*pod.termination, {phase, event.row->fallback}, {}, event);
}

void Tracker::Impl::CountOfNoPod(const Event& event, const std::optional<FailureKind>& kind) {
  const bool device = event.pod == PodRef() && !event.unique_name.empty();
  if (event.row->fallback == Reason::kOrphanVolumes) {
    metrics.CountFailure(event.row->phase, Reason::kOrphanVolumes, {});
  } else if (device && kind && kind->phase == Phase::kUnmountVolumes) {
    metrics.CountFailure(kind->phase, kind->reason, event.plugin);
  }
}

// What a failed attempt makes of the facts of what it was about.
void Tracker::Impl::NoteFailed(PodFacts& pod, Phase phase, const Event& event) {
  switch (phase) {
    case Phase::kDispatch:
      pod.mount_failed_at = event.at;
      break;
    case Phase::kStopContainers:
      if (event.container_id.empty()) break;
      ContainerOf(pod, event.container_id, event.container).kill_failed = true;
      break;
    case Phase::kStopSandbox:
      if (pod.terminating() && !pod.termination->sealed) {
        pod.termination->sandbox_failed_at = event.at;
      }
      break;
    case Phase::kUnmountVolumes:
      if (!event.unique_name.empty()) NoteUnmountFailed(pod, event);
      break;
    default:
      break;
  }
}

// One that could not even begin is an attempt too, and tells as much: every container is gone.
void Tracker::Impl::NoteUnmountFailed(PodFacts& pod, const Event& event) {
  VolumeFacts& volume = VolumeOf(pod, event);
  if (++volume.record.failures > volume.record.attempts) {
    ++volume.record.attempts;
    SetOnce(volume.record.started_at, event.at);
  }
  volume.mounted = volume.mounted || !volume.record.unmounted_at;
  NoteUnmounting(pod, event.at);
}

FailureRecord* Tracker::Impl::NewFailure(TerminationFacts& term, FailureKind kind,
                                         std::string_view object, const Event& event) {
  if (term.failures.size() >= kMaxFailures) {
    metrics.CountDropped("failures");
    return nullptr;
  }
  term.failures.push_back({event.at, event.at, kind.phase, kind.reason, std::string(object), 1,
                           std::string(event.raw.substr(0, kMessageBytes))});
  return &term.failures.back();
}

void Tracker::Impl::AddFailure(PodFacts& pod, FailureKind kind, int rank, std::string_view object,
                               const Event& event) {
  const std::string_view plugin = PluginOf(event);
  if (kind.reason == Reason::kAlreadyGone) return;
  if (!pod.termination) {
    const bool unmount = kind.phase == Phase::kUnmountVolumes && !plugin.empty();
    if (unmount) metrics.CountFailure(kind.phase, kind.reason, plugin);
    return;
  }
  TerminationFacts& term = *pod.termination;
  // What is gone cannot fail any more: after the end these lines are the ghost pass.
  if (term.sealed && kind.phase <= Phase::kStopSandbox) return;
  const bool dispatched = term.kill_seen || term.worker_entered_at;
  if (kind.phase == Phase::kDispatch && dispatched) return;

  FailureChain* chain = FindChain(term, kind.phase, object, rank);
  const bool same_attempt = chain != nullptr && rank > chain->last_rank;
  if (chain != nullptr) chain->last_rank = rank;
  if (object.empty()) EndAttempts(term, kind.phase, rank);
  if (same_attempt) {
    GoOnWithAttempt(term, *chain, kind, event);
  } else if (!BeginAttempt(term, chain, kind, rank, object, event)) {
    metrics.CountFailure(kind.phase, kind.reason, plugin);  // more than a record holds
  }
}

void Tracker::Impl::GoOnWithAttempt(TerminationFacts& term, FailureChain& chain, FailureKind kind,
                                    const Event& event) {
  FailureRecord& failure = term.failures[chain.failure];
  failure.last_at = std::max(failure.last_at, event.at);
  if (chain.counted) return;
  if (kind.reason != Reason::kOther) {
    failure.reason = kind.reason;
    failure.message = event.raw.substr(0, kMessageBytes);
  }
  if (!TellsReason(kind, event)) return;
  metrics.CountFailure(kind.phase, failure.reason, PluginOf(event));
  chain.counted = true;
}

bool Tracker::Impl::BeginAttempt(TerminationFacts& term, FailureChain* chain, FailureKind kind,
                                 int rank, std::string_view object, const Event& event) {
  if (chain == nullptr && term.chains.size() >= kMaxFailures) {
    metrics.CountDropped("failures");
    return false;
  }
  if (chain != nullptr) object = chain->object;
  const bool tells = TellsReason(kind, event);
  FailureRecord* failure =
      FindFailure(term, kind.phase, tells ? std::optional(kind.reason) : std::nullopt, object);
  const bool repeated = failure != nullptr;
  if (repeated) {
    Repeat(*failure, event.at);
  } else if ((failure = NewFailure(term, kind, object, event)) == nullptr) {
    return false;
  }
  if (chain == nullptr) {
    chain = &term.chains.emplace_back();
    chain->object = object;
    chain->phase = kind.phase;
    chain->last_rank = rank;
  }
  chain->failure = static_cast<size_t>(failure - term.failures.data());
  chain->counted = tells || repeated;
  if (chain->counted) metrics.CountFailure(kind.phase, failure->reason, PluginOf(event));
  return true;
}

void Tracker::Impl::AddEvidence(TerminationFacts& term, FailureKind kind, std::string_view object,
                                const Event& event) {
  if (FailureRecord* known = FindFailure(term, kind.phase, kind.reason, object)) {
    Repeat(*known, event.at);
  } else {
    NewFailure(term, kind, object, event);
  }
}

}  // namespace kle
