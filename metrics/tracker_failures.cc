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
FailureChain* FindChain(FailureLog& log, Phase phase, std::string_view object, int rank) {
  FailureChain* found = nullptr;
  for (FailureChain& chain : log.chains) {
    if (chain.phase != phase || (chain.object != object && !object.empty())) continue;
    if (found == nullptr || chain.last_rank < rank || found->last_rank >= rank) found = &chain;
  }
  return found;
}

void EndAttempts(FailureLog& log, Phase phase, int rank) {
  for (FailureChain& chain : log.chains) {
    if (chain.phase == phase) chain.last_rank = std::max(chain.last_rank, rank);
  }
}

// Of that reason, or of any.
FailureRecord* FindFailure(FailureLog& log, Phase phase, std::optional<Reason> reason,
                           std::string_view object) {
  const auto found = std::ranges::find_if(log.failures, [&](const FailureRecord& failure) {
    return failure.phase == phase && failure.object == object &&
           (!reason || failure.reason == *reason);
  });
  return found == log.failures.end() ? nullptr : &*found;
}

// At a letter's beginning, so that both are whole texts.
size_t AtLetter(std::string_view text, size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

void SetSample(FailureRecord& failure, std::string_view raw) {
  failure.message = raw.substr(0, kMessageBytes);
  failure.message_end.clear();
  if (raw.size() <= kMessageBytes) return;
  failure.message_end =
      raw.substr(AtLetter(raw, std::max(kMessageBytes, raw.size() - kMessageEndBytes)));
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
  NewFailure(pod.termination->failed, {phase, event.row->fallback}, {}, event);
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

FailureRecord* Tracker::Impl::NewFailure(FailureLog& log, FailureKind kind, std::string_view object,
                                         const Event& event) {
  if (log.failures.size() >= kMaxFailures) {
    metrics.CountDropped("failures");
    return nullptr;
  }
  FailureRecord& failure = log.failures.emplace_back(
      FailureRecord{event.at, event.at, kind.phase, kind.reason, std::string(object), 1, {}});
  SetSample(failure, event.raw);
  return &failure;
}

// Null where no end of the pod is under way, or none that it could hold up.
FailureLog* Tracker::Impl::LogOf(PodFacts& pod, FailureKind kind) {
  if (!pod.termination) {
    const bool may_end = pod.lives() && KilledAt(pod) && kind.phase != Phase::kDispatch;
    return may_end ? &pod.failed : nullptr;
  }
  TerminationFacts& term = *pod.termination;
  // What is gone cannot fail any more: after the end these lines are the ghost pass.
  if (term.sealed && kind.phase <= Phase::kStopSandbox) return nullptr;
  const bool dispatched = term.kill_seen || term.worker_entered_at;
  return kind.phase == Phase::kDispatch && dispatched ? nullptr : &term.failed;
}

void Tracker::Impl::AddFailure(PodFacts& pod, FailureKind kind, int rank, std::string_view object,
                               const Event& event) {
  if (kind.reason == Reason::kAlreadyGone) return;
  FailureLog* const log = LogOf(pod, kind);
  if (log == nullptr) {
    const bool unmount = kind.phase == Phase::kUnmountVolumes && !PluginOf(event).empty();
    if (unmount && !pod.termination) CountAttempt(pod, kind, event);
    return;
  }
  FailureChain* chain = FindChain(*log, kind.phase, object, rank);
  const bool same_attempt = chain != nullptr && rank > chain->last_rank;
  if (chain != nullptr) chain->last_rank = rank;
  if (object.empty()) EndAttempts(*log, kind.phase, rank);
  if (same_attempt) {
    GoOnWithAttempt(pod, *log, *chain, kind, event);
  } else if (!BeginAttempt(pod, *log, chain, kind, rank, object, event)) {
    CountAttempt(pod, kind, event);  // more than a record holds
  }
}

// While nobody has said that the pod ends, the kills may be its life's, but not the unmounts.
void Tracker::Impl::CountAttempt(const PodFacts& pod, FailureKind kind, const Event& event) {
  if (!pod.termination && kind.phase != Phase::kUnmountVolumes) return;
  metrics.CountFailure(kind.phase, kind.reason, PluginOf(event));
}

// Nobody had said that it ends when these failed.
void Tracker::Impl::AdoptFailures(PodFacts& pod) {
  FailureLog log = std::exchange(pod.failed, {});
  const auto& requested_at = pod.termination->requested_at;
  const bool before = std::ranges::any_of(log.failures, [&](const FailureRecord& failure) {
    return requested_at && failure.first_at < *requested_at;
  });
  if (before) return;  // of its life
  for (const FailureRecord& failure : log.failures) {
    if (failure.phase == Phase::kUnmountVolumes) continue;
    for (int i = 0; i < failure.count; ++i) metrics.CountFailure(failure.phase, failure.reason, {});
  }
  for (FailureChain& chain : log.chains) chain.counted = true;
  pod.termination->failed = std::move(log);
}

void Tracker::Impl::GoOnWithAttempt(const PodFacts& pod, FailureLog& log, FailureChain& chain,
                                    FailureKind kind, const Event& event) {
  FailureRecord& failure = log.failures[chain.failure];
  failure.last_at = std::max(failure.last_at, event.at);
  if (chain.counted) return;
  if (kind.reason != Reason::kOther) {
    failure.reason = kind.reason;
    SetSample(failure, event.raw);
  }
  if (!TellsReason(kind, event)) return;
  CountAttempt(pod, {kind.phase, failure.reason}, event);
  chain.counted = true;
}

bool Tracker::Impl::BeginAttempt(const PodFacts& pod, FailureLog& log, FailureChain* chain,
                                 FailureKind kind, int rank, std::string_view object,
                                 const Event& event) {
  if (chain == nullptr && log.chains.size() >= kMaxFailures) {
    metrics.CountDropped("failures");
    return false;
  }
  if (chain != nullptr) object = chain->object;
  const bool tells = TellsReason(kind, event);
  FailureRecord* failure =
      FindFailure(log, kind.phase, tells ? std::optional(kind.reason) : std::nullopt, object);
  const bool repeated = failure != nullptr;
  if (repeated) {
    Repeat(*failure, event.at);
  } else if ((failure = NewFailure(log, kind, object, event)) == nullptr) {
    return false;
  }
  if (chain == nullptr) {
    chain = &log.chains.emplace_back();
    chain->object = object;
    chain->phase = kind.phase;
    chain->last_rank = rank;
  }
  chain->failure = static_cast<size_t>(failure - log.failures.data());
  chain->counted = tells || repeated;
  if (chain->counted) CountAttempt(pod, {kind.phase, failure->reason}, event);
  return true;
}

void Tracker::Impl::AddEvidence(FailureLog& log, FailureKind kind, std::string_view object,
                                const Event& event) {
  if (FailureRecord* known = FindFailure(log, kind.phase, kind.reason, object)) {
    Repeat(*known, event.at);
  } else {
    NewFailure(log, kind, object, event);
  }
}

}  // namespace kle
