// SPDX-License-Identifier: Apache-2.0
// The way of one termination: started, sealed (containers and sandbox are gone, and measured),
// completed (the object too), retired (nothing more is expected of it).
#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetireAfter = 30s;  // ghost passes, late volumes and cgroups
constexpr Duration kVolumesKeep = 1h;   // a force-deleted pod's volumes may take that long
constexpr Duration kBlindAgain = 2min;  // until its volumes are gone, or tell that it lives
constexpr Duration kFailedLately = 5min;
constexpr Duration kKillMargin = 60s;

bool AwaitsRemoval(Trigger trigger) {
  return trigger == Trigger::kApiDelete || trigger == Trigger::kForceDelete ||
         trigger == Trigger::kFinished || trigger == Trigger::kUnknown;
}

bool AnyEnded(const PodFacts& pod) {
  return std::ranges::any_of(pod.containers, [&pod](const ContainerFacts& container) {
    return Belongs(container, *pod.termination);
  });
}

// The back-off between two attempts is shorter.
bool FailedLately(const TerminationFacts& term, Timestamp now) {
  return term.sandbox_failed_at && now - *term.sandbox_failed_at < kFailedLately;
}

}  // namespace

// Longer than that no kill takes that is not said to have failed.
bool Tracker::Impl::KillUnderWay(const ContainerFacts& container, Timestamp at) {
  if (!container.kill_at || container.exited_at || container.kill_failed) return false;
  const auto grace = std::chrono::seconds(container.grace_seconds.value_or(0));
  return at - *container.kill_at <= grace + kKillMargin;
}

std::optional<Timestamp> KilledAt(const PodFacts& pod) {
  std::optional<Timestamp> first;
  for (const ContainerFacts& container : pod.containers) {
    if (container.kill_of_probe) continue;
    KeepMin(first, container.hook_at);
    KeepMin(first, container.kill_at);
  }
  return first;
}

void ForgetKill(ContainerFacts& container) {
  container.kill_at.reset();
  container.kills = 0;
  container.kill_of_probe = false;
  container.kill_failed = false;
  container.kill_announced_at.reset();
  container.grace_seconds.reset();
  container.hook_at.reset();
  container.hook_ended_at.reset();
  container.hook_outcome = HookOutcome::kNone;
}

void Tracker::Impl::After(Duration delay, Timer timer, const PodFacts& pod) {
  timers.emplace(now + delay, std::pair(pod.serial, timer));
}

void Tracker::Impl::Start(PodFacts& pod, Trigger trigger, std::optional<Timestamp> at) {
  if (counts.in_flight >= options.max_in_flight) EvictOldest();
  pod.termination = std::make_unique<TerminationFacts>();
  TerminationFacts& term = *pod.termination;
  term.trigger = trigger;
  term.requested_at = at;
  term.last_event_at = now;
  term.removed_at = pod.remove_at;
  if (pod.delete_at) term.last_delete_at = pod.delete_at;
  for (ContainerFacts& container : pod.containers) {
    const bool ended_in_it = at && container.exited_at && *container.exited_at >= *at;
    if (container.seen_dead && NeverTold(container) && (finished_lines || ended_in_it)) {
      container.sandbox = true;
    }
    if (container.sandbox && container.seen_dead && container.exited_at && at &&
        *container.exited_at >= *at) {
      term.sandbox_dead_at = container.exited_at;
      term.sandbox_settled = true;
    }
    // A probe's kill before the request belongs to the pod's life, unless it is under way still:
    // the worker that waits for it (up to 1.26) makes no other.
    const bool under_way = at && KillUnderWay(container, *at);
    if (container.kill_at && (!at || *container.kill_at >= *at || under_way)) {
      term.kill_seen = true;
      container.kill_of_probe = false;
      continue;
    }
    const bool in_hook = container.hook_at && at && *container.hook_at >= *at;
    if (!in_hook) ForgetKill(container);
  }
  for (const VolumeFacts& volume : pod.volumes) {
    const auto& unmount = volume.record.started_at;
    if (at && unmount && *unmount >= *at) KeepMin(term.first_unmount_at, unmount);
  }
  for (ContainerFacts& container : pod.containers) CutToUnmount(pod, container);
  AdoptFailures(pod);
  ++counts.started;
  ++counts.in_flight;
  started.push_back(pod.serial);
  if (started.size() > 2 * options.max_in_flight) {
    std::erase_if(started, [this](uint64_t serial) {
      const PodFacts* other = table.FindBySerial(serial);
      return other == nullptr || !other->terminating();
    });
  }
  if (trigger == Trigger::kOrphan) metrics.CountOrphanedPod();
}

// The kubelet said why it will end the pod; now it does.
bool Tracker::Impl::StartAnnounced(PodFacts& pod, std::optional<Timestamp> killed) {
  if (!pod.announced) return false;
  // It may be told when a kill has taken long already.
  KeepMin(killed, KilledAt(pod));
  Start(pod, *pod.announced, killed ? std::min(*killed, *pod.announced_at) : pod.announced_at);
  return true;
}

bool Tracker::Impl::KnownFinished(const PodFacts& pod) const {
  if (pod.finished) return true;
  if (pod.sandbox_due) return false;
  bool sandbox_dead = false;
  for (const ContainerFacts& container : pod.containers) {
    if (!container.seen_dead) return false;
    sandbox_dead = sandbox_dead || container.sandbox;
  }
  // Where no container's own end is told, the sandbox is not told from the others.
  return sandbox_dead || (!finished_lines && pod.containers.size() > 1);
}

void Tracker::Impl::TrySeal(PodFacts& pod, bool gone) {
  if (!pod.terminating() || pod.termination->sealed) return;
  TerminationFacts& term = *pod.termination;
  if (!term.terminated_at) {
    // Where the worker's lines are visible they decide; they include the sandbox.
    if (term.worker_entered_at || !HasStopped(pod, gone)) return;
    const auto end = EndOf(pod);
    if (!end) return;
    term.terminated_at = end->at;
    term.terminated_precision = end->precision;
  }
  Seal(pod);
}

void Tracker::Impl::Seal(PodFacts& pod) {
  TerminationFacts& term = *pod.termination;
  term.sealed = true;
  if (term.trigger == Trigger::kForceDelete && !term.kill_seen && !AnyEnded(pod)) {
    term.trigger = Trigger::kFinished;  // all of it was dead before: its sandbox was on the way
    pod.finished = true;
  }
  if (term.trigger == Trigger::kFinished) {
    TryComplete(pod);
    return;
  }
  metrics.ObserveStopped(BuildEnds(pod));
  ObservePhases(pod, Phase::kDispatch, Phase::kStopSandbox);
  TryComplete(pod);
}

void Tracker::Impl::ObservePhases(PodFacts& pod, Phase first, Phase last) {
  TerminationFacts& term = *pod.termination;
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
    if (term.observed_span(static_cast<Phase>(i)) != nullptr) continue;
    const PhaseSpan span = MeasurePhase(pod, static_cast<Phase>(i), verbosity);
    const auto duration = span.duration();
    if (!duration) continue;
    term.observed.push_back(span);
    metrics.ObservePhase(span.phase, span.precision, *duration);
  }
}

void Tracker::Impl::ObserveLatePhases(PodFacts& pod) {
  if (!pod.termination || !pod.termination->completed || VolumesOutstanding(pod)) return;
  if (pod.termination->trigger == Trigger::kFinished) return;
  ObservePhases(pod, Phase::kUnmountVolumes, Phase::kRemoveFromApi);
}

void Tracker::Impl::TryComplete(PodFacts& pod) {
  if (!pod.terminating() || !pod.termination->sealed) return;
  if (!AwaitsRemoval(pod.termination->trigger)) {
    Complete(pod, State::kTerminated);
    if (pod.termination->removed_at && OutlivesItsEnd(pod.termination->trigger)) Remove(pod);
  } else if (pod.termination->removed_at) {
    Complete(pod, State::kRemoved);
  }
}

void Tracker::Impl::Complete(PodFacts& pod, State state) {
  TerminationFacts& term = *pod.termination;
  term.completed = true;
  term.state = state;
  pod.ended = true;
  ++counts.completed;
  --counts.in_flight;
  if (term.trigger != Trigger::kFinished) {
    ObservePhases(pod, Phase::kUnmountVolumes, Phase::kRemoveFromApi);
    metrics.ObserveEnded(BuildEnds(pod));
  }
  if (!OutlivesItsEnd(term.trigger)) After(kRetireAfter, Timer::kRetire, pod);
}

void Tracker::Impl::Finished(PodFacts& pod) {
  pod.termination->trigger = Trigger::kFinished;
  pod.finished = true;
  Seal(pod);
}

void Tracker::Impl::Drop(PodFacts& pod) {
  Cancel(pod);
  pod.finished = true;
}

void Tracker::Impl::Cancel(PodFacts& pod) {
  pod.termination.reset();
  --counts.started;
  --counts.in_flight;
  for (ContainerFacts& container : pod.containers) ForgetKill(container);
}

void Tracker::Impl::NoteGone(PodFacts& pod) {
  if (!std::exchange(pod.removed, true)) After(kForgetAfter, Timer::kForget, pod);
}

void Tracker::Impl::Remove(PodFacts& pod) {
  pod.termination->state = State::kRemoved;
  After(kRetireAfter, Timer::kRetire, pod);
}

void Tracker::Impl::Retire(PodFacts& pod) {
  if (!pod.termination || !pod.termination->completed) return;
  const Duration age = now - pod.termination->last_event_at;
  if (VolumesOutstanding(pod) && age < kVolumesKeep) {
    After(kVolumesKeep / 4, Timer::kRetire, pod);
    return;
  }
  Hand(pod);
  After(kForgetAfter, Timer::kForget, pod);
}

void Tracker::Impl::Hand(PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  const bool measured = term.trigger != Trigger::kFinished && term.state != State::kInterrupted &&
                        term.state != State::kExpired;
  if (measured) ObservePhases(pod, Phase::kUnmountVolumes, Phase::kRemoveFromApi);
  recent.push_front(std::make_shared<const TerminationRecord>(Build(pod)));
  if (sink) sink(recent.front());
  if (recent.size() > options.max_recent) recent.pop_back();
  pod.termination.reset();
}

void Tracker::Impl::End(PodFacts& pod, State state) {
  TerminationFacts& term = *pod.termination;
  term.completed = true;
  term.state = state;
  pod.ended = true;
  --counts.in_flight;
  ++(state == State::kInterrupted ? counts.interrupted : counts.expired);
  if (state == State::kExpired) metrics.CountTrackerEviction("expired");
  Hand(pod);
  After(kForgetAfter, Timer::kForget, pod);
}

void Tracker::Impl::EvictOldest() {
  while (!started.empty()) {
    PodFacts* pod = table.FindBySerial(started.front());
    started.pop_front();
    if (pod == nullptr || !pod->terminating()) continue;
    pod->termination.reset();
    pod->ended = true;
    --counts.in_flight;
    ++counts.evicted;
    metrics.CountTrackerEviction("evicted");
    After(kForgetAfter, Timer::kForget, *pod);
    return;
  }
}

void Tracker::Impl::Fire(Timer timer, PodFacts& pod) {
  switch (timer) {
    case Timer::kNoKill:
      if (!pod.terminating() || pod.termination->sealed) return;
      if (pod.termination->kill_seen || AnyAlive(pod)) return;
      if (pod.termination->trigger == Trigger::kForceDelete) {
        Finished(pod);
      } else if (pod.termination->removed_at && !pod.termination->worker_entered_at) {
        Complete(pod, State::kRemoved);  // nothing had been started
      }
      return;
    case Timer::kSettle:
      ObserveLatePhases(pod);
      if (!pod.terminating() || pod.termination->sealed) return;
      if (pod.termination->sandbox_dead_at) {
        pod.termination->sandbox_settled = !pod.termination->sandbox_failed_at;
      }
      if (pod.removed || (pod.termination->first_unmount_at && UnmountProves(pod))) BoundExits(pod);
      TrySeal(pod, pod.removed && !pod.termination->sandbox_failed_at && !UnmountWillTell(pod));
      return;
    case Timer::kBlind:
      if (!pod.terminating() || !pod.termination->blind) return;
      if (VolumesOutstanding(pod) || FailedLately(*pod.termination, now)) {
        After(kBlindAgain, Timer::kBlind, pod);
      } else if (pod.termination->first_unmount_at) {
        Drop(pod);
      } else {
        Cancel(pod);  // its sandbox was replaced
      }
      return;
    case Timer::kRetire:
      Retire(pod);
      return;
    case Timer::kLost:
      if (pod.terminating() && pod.termination->lost) End(pod, State::kInterrupted);
      return;
    case Timer::kExpire:
      if (pod.terminating() && pod.termination->uncertain) {
        if (now - pod.termination->last_event_at >= kExpireAfter) {
          End(pod, State::kExpired);
        } else {
          After(kExpireAfter, Timer::kExpire, pod);
        }
      }
      return;
    case Timer::kStopped:
      if (pod.terminating() && pod.termination->by_runtime) SettleByRuntime(pod, false);
      return;
    case Timer::kUnsaid:
      if (KilledUnsaid(pod)) {
        After(kDeleteDue, Timer::kUnsaid, pod);
      } else {
        EndedUnsaid(pod);
      }
      return;
    case Timer::kCode:
      if (!pod.terminating()) return;
      pod.termination->code_due_at.reset();
      TrySeal(pod);
      return;
    case Timer::kForget:
      if (pod.removed && !pod.termination && now - pod.last_event_at >= kForgetAfter) {
        table.Erase(pod);
      } else if (pod.removed && !pod.termination) {
        After(kForgetAfter, Timer::kForget, pod);
      }
      return;
  }
}

TerminationRecord Tracker::Impl::Build(const PodFacts& pod) const {
  return BuildRecord(pod, Context());
}

}  // namespace kle
