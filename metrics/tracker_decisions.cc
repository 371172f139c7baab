// SPDX-License-Identifier: Apache-2.0
// Why the kubelet ends a pod by itself, and what it decides for the node.
#include <algorithm>
#include <iterator>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

// Recorder events that announce why the kubelet itself will end a pod.
struct AnnouncedBy {
  std::string_view reason;
  Trigger trigger;
};
constexpr AnnouncedBy kAnnouncedBy[] = {
    {"DeadlineExceeded", Trigger::kDeadline}, {"Evicted", Trigger::kEviction},
    {"Preempting", Trigger::kPreemption},     {"Preempted", Trigger::kPreemption},
    {"NodeShutdown", Trigger::kNodeShutdown}, {"Terminated", Trigger::kNodeShutdown},
};

// What a part of the kubelet that ends pods by itself calls it.
Trigger DecidedBy(Cause cause) {
  switch (cause) {
    case Cause::kPreemption:
      return Trigger::kPreemption;
    case Cause::kNodeShutdown:
      return Trigger::kNodeShutdown;
    default:
      return Trigger::kEviction;
  }
}

}  // namespace

void Tracker::Impl::OnTeardown(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  const Cause cause = event.row->cause;
  if (cause == Cause::kFinished) pod->finished = true;
  if (!pod->lives()) return;
  switch (cause) {
    case Cause::kDelete:
      Start(*pod, Trigger::kApiDelete, pod->delete_at.value_or(event.at));
      return;
    case Cause::kEviction:
      if (!StartAnnounced(*pod)) Start(*pod, Trigger::kEviction, event.at);
      return;
    case Cause::kRemoved:
      if (pod->remove_at && !pod->is_static) Start(*pod, Trigger::kForceDelete, *pod->remove_at);
      return;
    case Cause::kOrphan:
      if (pod->remove_at) {
        Start(*pod, Trigger::kForceDelete, pod->delete_at.value_or(*pod->remove_at));
      } else {
        Start(*pod, Trigger::kOrphan, event.at);
      }
      return;
    default:
      return;
  }
}

void Tracker::Impl::OnOrphanFound(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod != nullptr && !pod->termination && !pod->ended) Start(*pod, Trigger::kOrphan, event.at);
}

void Tracker::Impl::OnFinishedByItself(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod != nullptr && !pod->announced) pod->finished = true;
}

void Tracker::Impl::OnRecorded(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  const auto* row = std::ranges::find(kAnnouncedBy, event.reason, &AnnouncedBy::reason);
  if (row == std::end(kAnnouncedBy) || pod->announced || pod->termination) return;
  pod->announced = row->trigger;
  pod->announced_at = event.at;
  // The recorder prints it late: the worker may have said before that the pod's life is complete,
  // and have begun to kill.
  if (!AnyAlive(*pod)) return;
  pod->finished = false;
  if (!pod->ended && KilledAt(*pod)) StartAnnounced(*pod);
}

// The kubelet ends a pod by itself, and says why. Null when its end is known already.
PodFacts* Tracker::Impl::NoteEviction(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return nullptr;
  const Trigger why = DecidedBy(event.row->cause);
  if (pod->terminating() && pod->termination->trigger == Trigger::kRuntimeStop &&
      !pod->termination->sealed) {
    pod->termination->trigger = why;  // the runtime's lines do not tell that
  }
  if (pod->termination || pod->ended) return nullptr;
  if (!pod->announced) {
    pod->announced = why;
    pod->announced_at = event.at;
  }
  return pod;
}

void Tracker::Impl::OnEvicting(const Event& event) { NoteEviction(event); }

void Tracker::Impl::OnEvicted(const Event& event) {
  PodFacts* pod = NoteEviction(event);
  const auto killed = pod != nullptr ? KilledAt(*pod) : std::nullopt;
  if (!killed) return;
  Start(*pod, *pod->announced, killed);
  TrySeal(*pod);
}

void Tracker::Impl::OnShutdownKill(const Event& event) {
  PodFacts* pod = NoteEviction(event);
  if (pod == nullptr) return;
  Start(*pod, Trigger::kNodeShutdown, event.at);
  pod->termination->grace_granted = event.grace_seconds;
}

// Whether another kubelet had begun to end it by itself, or had ended it, and did not live to tell
// the API server: what the next one starts of it shows that.
bool Tracker::Impl::LivesOn(const PodFacts& pod) const {
  if (!pod.termination || pod.delete_at || !restarted_at) return false;
  const TerminationFacts& term = *pod.termination;
  return OutlivesItsEnd(term.trigger) && !term.by_runtime && term.requested_at < restarted_at;
}

void Tracker::Impl::StartAgain(PodFacts& pod) {
  if (pod.terminating()) {
    End(pod, State::kInterrupted);
  } else {
    Hand(pod);  // that end was a whole one
  }
  pod.ended = false;
  pod.announced.reset();
  for (ContainerFacts& container : pod.containers) ForgetKill(container);
}

void Tracker::Impl::OnSandboxNeeded(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod != nullptr && LivesOn(*pod)) StartAgain(*pod);
}

void Tracker::Impl::OnNode(const Event& event) {
  if (event.kind == EventKind::kNodeShutdownStarted) {
    metrics.CountNodeShutdown("started");
  } else if (event.kind == EventKind::kNodeShutdownCompleted) {
    metrics.CountNodeShutdown("completed");
  } else {
    trouble.skipped_at = event.at;
    trouble.skip_reason = ClassifyFailure(event.error, Phase::kDispatch);
    metrics.CountSyncSkip(trouble.skip_reason);
  }
}

}  // namespace kle
