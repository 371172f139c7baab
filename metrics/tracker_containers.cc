// SPDX-License-Identifier: Apache-2.0
// Containers and sandboxes: how each starts, is killed and goes.
#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// The first relists after a kubelet restart, and after some that failed, tell of exits long past.
constexpr Duration kLateRelists = 10s;

// A stop that returns this soon found its container dead: 1.5 ms at most, and 38 ms at least where
// it had to be stopped.
constexpr Duration kFoundDead = 10ms;

// The relist that tells of an exit prints its code right after that, in another goroutine.
constexpr Duration kCodeDue = 1s;

// Of containers that no line has told of yet.
constexpr size_t kMaxHeld = 256;
// By HeldKind.
constexpr EventKind kHeldKinds[] = {EventKind::kPrestopStarted,   EventKind::kPrestopTimedOut,
                                    EventKind::kPrestopCompleted, EventKind::kKillAnnounced,
                                    EventKind::kKillStarted,      EventKind::kContainerExited};
static_assert(std::size(kHeldKinds) == static_cast<size_t>(HeldKind::kExit) + 1);

// The recorder prints late.
constexpr Duration kRecordedLate = 2s;

// An override and its kill, or its hook, are printed one after the other.
constexpr Duration kAnnouncedTogether = 20ms;

// The runtime's exit times are UTC, the header's are local time of a zone that may be guessed wrong
// for a bare file. An exit outside of [kill, now] shows that: it is moved by whole quarters of an
// hour.
Timestamp InHeaderTime(Timestamp finished, const ContainerFacts& container, Timestamp now) {
  constexpr Duration kSlack = 1min;
  if (!container.kill_at) return finished;
  if (finished >= *container.kill_at - kSlack && finished <= now + kSlack) return finished;
  return finished + std::chrono::round<std::chrono::duration<int, std::ratio<900>>>(now - finished);
}

// The runtime's exit times are those of the clock at the exit: by how much it was set since is
// added. Of the times that it may have been, the one that is nearest to where it was seen.
Timestamp OfThisClock(Timestamp finished, const std::vector<ClockStep>& steps,
                      const ContainerFacts& container, Timestamp now) {
  constexpr Duration kSlack = 10ms;
  const Timestamp seen = container.exited_at.value_or(now) + kSlack;
  Timestamp best = finished;
  Timestamp earlier = finished;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    earlier += step->by;
    const bool nearer = best > seen || earlier > best;
    if (earlier <= std::min(seen, step->seen_at) && nearer) best = earlier;
  }
  return best;
}

// Its start was read: what a relist tells for the first time is new.
bool SandboxKnown(const PodFacts& pod, const ContainerFacts& started) {
  return std::ranges::any_of(pod.containers, [&started](const ContainerFacts& container) {
    return &container != &started && container.name.empty() && container.kills == 0;
  });
}

// An attempt that failed is made again within five minutes.
constexpr Duration kBackOff = 5min;

// Of a pod of which nobody said that it ends.
bool TriesAgain(const PodFacts& pod, const ContainerFacts& container, Timestamp at) {
  return container.kill_failed && !container.kill_of_probe &&
         std::ranges::any_of(pod.failed.failures, [&](const FailureRecord& failure) {
           return failure.object == container.id && at - failure.last_at <= kBackOff;
         });
}

// What was taken for a kill was none yet.
void ForgetAnnouncement(ContainerFacts& container) {
  if (!container.kill_announced_at || container.kills != 1) return;
  container.kill_at.reset();
  container.kills = 0;
  container.kill_announced_at.reset();
  container.grace_seconds.reset();
}

}  // namespace

void TellFromSandbox(PodFacts& pod, ContainerFacts& container) {
  if (pod.termination && pod.termination->sealed) return;
  if (!std::exchange(container.sandbox, false) || !pod.terminating()) return;
  pod.termination->sandbox_dead_at.reset();
}

void Tracker::Impl::SetExit(PodFacts& pod, ContainerFacts& container, Timestamp at,
                            ExitSource source) {
  container.running = false;
  const bool stop_failed = std::exchange(container.kill_failed, false);
  if (pod.termination && pod.termination->sealed) return;
  // Where a stop failed the runtime may have been away: no relist then sees an exit in time.
  if (source == ExitSource::kRelist && (RelistsAreLate(at) || stop_failed)) {
    source = ExitSource::kBound;
  }
  if (container.exited_at && source <= container.exit_source) return;
  // Of a pod whose object is gone nothing may tell that the sandbox went.
  if (pod.terminating() && pod.removed) After(kSettleAfter, Timer::kSettle, pod);
  // On a busy node the stop call returns seconds late: a relist that came first is nearer.
  // And of two that are both late, the first is the nearer one.
  const bool late = container.exit_source == ExitSource::kRelist ||
                    (container.exit_source != ExitSource::kNone && source <= ExitSource::kShim);
  if (source <= ExitSource::kStopReturned && late && *container.exited_at <= at) return;
  container.exited_at = at;
  container.exit_source = source;
  if (pod.termination) CutToUnmount(pod, container);
  CutToSandbox(pod, container);
}

bool Tracker::Impl::RelistsAreLate(Timestamp at) const {
  const auto lately = [at](const std::optional<Timestamp>& since) {
    return since && at - *since < kLateRelists;
  };
  return lately(restarted_at) || lately(relist_failed_at);
}

void Tracker::Impl::Hold(const Event& event) {
  const auto* kind = std::ranges::find(kHeldKinds, event.kind);
  if (event.container_id.empty() || kind == std::end(kHeldKinds)) return;
  if (held.size() >= kMaxHeld) held.erase(held.begin());
  const auto held_kind = static_cast<HeldKind>(kind - std::begin(kHeldKinds));
  held.push_back({std::string(event.container_id), held_kind, event.at, event.grace_seconds});
}

void Tracker::Impl::TakeHeld(std::string_view container_id) {
  std::vector<HeldEvent> taken;
  std::erase_if(held, [&](HeldEvent& one) {
    if (one.container_id != container_id) return false;
    taken.push_back(std::move(one));
    return true;
  });
  for (const HeldEvent& one : taken) {
    Event event;
    event.kind = kHeldKinds[static_cast<size_t>(one.kind)];
    event.at = one.at;
    event.container_id = one.container_id;
    event.grace_seconds = one.grace_seconds;
    if (one.kind == HeldKind::kExit) {
      OnContainerExited(event);
    } else if (one.kind >= HeldKind::kAnnounced) {
      OnKill(event);
    } else {
      OnHook(event);
    }
  }
}

ContainerFacts& Tracker::Impl::Meet(PodFacts& pod, std::string_view id, std::string_view name) {
  ContainerOf(pod, id, name);
  if (!held.empty()) TakeHeld(id);
  return ContainerOf(pod, id, name);
}

void Tracker::Impl::OnPlegEvent(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || event.container_id.empty()) return;
  ++pod_events;
  ContainerFacts& container = Meet(*pod, event.container_id, {});
  if (event.pleg_type == "ContainerStarted") OnStarted(*pod, container);
  if (event.pleg_type == "ContainerDied") OnDied(*pod, container, event.at);
}

// A relist saw it run.
void Tracker::Impl::OnStarted(PodFacts& pod, ContainerFacts& container) {
  // What dockershim is only making looks dead to a relist.
  if (container.seen_dead && !container.exit_code && !pod.termination) {
    container.seen_dead = false;
    container.exited_at.reset();
    container.exit_source = ExitSource::kNone;
  }
  const bool known = container.running;  // the first relist after a restart tells it again
  container.running = !container.seen_dead && !container.exited_at;
  if (!known && container.running && SandboxKnown(pod, container) && LivesOn(pod)) StartAgain(pod);
  if (pod.termination || known || !container.running) return;
  pod.sandbox_due = false;
  pod.failed = {};
  for (ContainerFacts& other : pod.containers) {
    if (other.seen_dead) ForgetKill(other);  // the pod lived on
  }
}

void Tracker::Impl::OnContainerFinished(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || event.container_id.empty()) return;
  ++pod_events;
  finished_lines = true;
  ContainerFacts& container = ContainerOf(*pod, event.container_id, {});
  TellFromSandbox(*pod, container);
  const bool final = pod->termination && pod->termination->sealed && container.exit_code;
  if (event.exit_code && !final) container.exit_code = event.exit_code;
  SetExit(*pod, container, event.at, ExitSource::kRelist);
  TrySeal(*pod);
}

// A relist saw it dead.
void Tracker::Impl::OnDied(PodFacts& pod, ContainerFacts& container, Timestamp at) {
  container.seen_dead = true;
  container.running = false;
  if (NeverTold(container) && !container.exited_at && (finished_lines || pod.terminating())) {
    container.sandbox = true;
  }
  SetExit(pod, container, at, ExitSource::kRelist);
  if (container.sandbox && pod.terminating()) {
    pod.termination->sandbox_dead_at = at;
    After(kSettleAfter, Timer::kSettle, pod);
  }
  if (finished_lines && pod.terminating() && !container.sandbox && !container.exit_code) {
    pod.termination->code_due_at = now + kCodeDue;
    After(kCodeDue, Timer::kCode, pod);
  }
  TrySeal(pod);
}

// The kubelet looks for what died among its pod's containers, and does not find a sandbox.
void Tracker::Impl::OnSandboxFoundDead(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  ContainerFacts* container = FindContainer(*pod, event.container_id);
  if (container == nullptr || !container->name.empty() || container->kills > 0) {
    return;
  }
  container->sandbox = true;
  // Of a pod whose object is gone, or which a new kubelet was not told of yet, the sync loop prints
  // no event. The first relist of the next one finds it once more.
  const bool by_worker = pod->termination && pod->termination->worker_entered_at;
  if (!container->seen_dead && !by_worker) OnDied(*pod, *container, event.at);
}

// A probe, or what else restarts a container: its kill belongs to the pod's life.
void Tracker::Impl::OnProbeFailed(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || pod->termination || event.container_id.empty()) return;
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  ForgetKill(container);
  pod->failed = {};
  container.kill_of_probe = true;
}

void Tracker::Impl::OnKill(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return Hold(event);
  // Kubelet 1.21 prints the override's text for the kill itself, and for an override once more.
  const bool announced = event.kind == EventKind::kKillAnnounced;
  if (!announced && !std::exchange(kill_lines, true)) ForgetAnnouncedKills();
  if (announced && (kill_lines || finished_lines)) {
    if (pod->terminating() && !pod->termination->grace_granted) {
      pod->termination->grace_granted = event.grace_seconds;
    }
    ContainerOf(*pod, event.container_id, event.container);
    return;
  }
  if (pod->termination ? pod->termination->sealed : pod->ended) return;  // the ghost pass
  if (!pod->termination) StartByKill(*pod, event.at);
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  TellFromSandbox(*pod, container);
  // Another kubelet's was killed for a probe; this one begins anew.
  const bool of_former = container.kill_at && restarted_at && *container.kill_at < *restarted_at;
  if (!pod->termination && of_former) container.kill_of_probe = false;
  if (!pod->termination && pod->sandbox_due) container.kill_of_probe = true;
  // Kubelets before 1.22 may kill what they kill already, or have killed: housekeeping finds that
  // it should not run.
  if (!pod->termination && !of_former && container.kills > 0 && container.exited_at) return;
  const bool once_more =
      !pod->termination && !of_former &&
      (KillUnderWay(container, event.at) || TriesAgain(*pod, container, event.at));
  const auto& before = container.kill_announced_at;
  const bool same = before && (!restarted_at || *before >= *restarted_at) &&
                    event.at - *before <= kAnnouncedTogether && !container.kill_failed &&
                    !container.exited_at;
  const bool first = pod->termination ? container.kills == 0 : !once_more;
  if (first || (same && container.kills == 1)) {
    container.kill_at = event.at;
  }
  const bool before_request = pod->termination && pod->termination->requested_at &&
                              container.kill_at &&
                              *container.kill_at < *pod->termination->requested_at;
  if (before_request) container.kill_at = event.at;
  const bool counts_on = pod->termination ? !before_request : once_more;
  if (!same) container.kills = counts_on ? container.kills + 1 : 1;
  container.kill_announced_at.reset();
  if (announced) container.kill_announced_at = event.at;
  container.grace_seconds = event.grace_seconds;
  container.kill_failed = false;
  container.running = container.running || !container.exited_at;
  if (pod->termination) {
    pod->termination->kill_seen = true;
    pod->termination->lost = false;
  }
}

// Why it is killed, as far as what came before tells.
void Tracker::Impl::StartByKill(PodFacts& pod, Timestamp at) {
  if (pod.remove_at && !pod.is_static) {
    Start(pod, Trigger::kForceDelete,
          std::min(*pod.remove_at, pod.delete_at.value_or(*pod.remove_at)));
  } else if (!StartAnnounced(pod, at) && pod.vanished()) {
    Start(pod, Trigger::kOrphan, at);
  }
}

// This kubelet tells a kill by a line of its own: what was only announced so far was none.
void Tracker::Impl::ForgetAnnouncedKills() {
  for (PodFacts& pod : table.pods()) {
    for (ContainerFacts& container : pod.containers) ForgetAnnouncement(container);
  }
}

// The recorder's event of a hook that failed. Up to 1.20 the line that says so names no pod.
void Tracker::Impl::OnHookRecorded(const Event& event) {
  PodFacts* const pod = event.reason == "FailedPreStopHook" ? PodOf(event, false) : nullptr;
  if (pod == nullptr) return;
  ContainerFacts* only = nullptr;
  for (ContainerFacts& container : pod->containers) {
    const auto& ended = container.hook_ended_at;
    if (!container.hook_at || (ended && event.at - *ended > kRecordedLate)) continue;
    const bool other = !container.name.empty() &&
                       event.detail.find('"' + container.name + '"') == std::string_view::npos;
    if (other || container.hook_outcome == HookOutcome::kTimeout) continue;
    if (only != nullptr) return;
    only = &container;
  }
  if (only != nullptr) only->hook_outcome = HookOutcome::kFailed;
}

void Tracker::Impl::OnHook(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return Hold(event);
  if (pod->termination ? pod->termination->sealed : pod->ended) return;
  if (event.container_id.empty()) return;
  if (!pod->termination) {  // a hook comes before its kill
    const bool ate_grace = event.kind == EventKind::kPrestopTimedOut;
    StartByKill(*pod,
                event.at - std::chrono::seconds(ate_grace ? event.grace_seconds.value_or(0) : 0));
  }
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  switch (event.kind) {
    case EventKind::kPrestopStarted:
      if (event.at - container.kill_announced_at.value_or(event.at) <= kAnnouncedTogether) {
        ForgetAnnouncement(container);
      }
      if (!container.hook_at) container.hook_at = event.at;
      return;
    case EventKind::kPrestopCompleted:  // printed after a failure too
      SetOnce(container.hook_ended_at, event.at);
      if (container.hook_outcome == HookOutcome::kNone) {
        container.hook_outcome = HookOutcome::kCompleted;
      }
      return;
    case EventKind::kPrestopTimedOut:
      SetOnce(container.hook_ended_at, event.at);
      container.hook_outcome = HookOutcome::kTimeout;
      if (pod->termination && !pod->termination->grace_granted) {
        pod->termination->grace_granted = event.grace_seconds;  // the kill gets what is left of it
      }
      if (!container.hook_at && event.grace_seconds) {
        container.hook_at = event.at - std::chrono::seconds(*event.grace_seconds);
      }
      AddFailure(*pod, {Phase::kPrestop, Reason::kPrestopTimeout}, 1, container.name, event);
      return;
    default:
      if (container.hook_outcome == HookOutcome::kTimeout) return;  // it died under its container
      SetOnce(container.hook_ended_at, event.at);
      container.hook_outcome = HookOutcome::kFailed;
      return;
  }
}

void Tracker::Impl::OnContainerExited(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return Hold(event);
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  const bool found_dead =
      container.kills == 1 && container.kill_at && event.at - *container.kill_at < kFoundDead;
  SetExit(*pod, container, event.at, found_dead ? ExitSource::kBound : ExitSource::kStopReturned);
  TrySeal(*pod);
}

void Tracker::Impl::OnContainerStates(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination || pod->termination->sealed) return;
  for (const ContainerState& state : event.states) {
    if (!state.finished_at) continue;
    // The list has names only, and a name's earlier runs too: the last run is the one that counts.
    const auto later = std::ranges::any_of(event.states, [&state](const ContainerState& other) {
      return other.name == state.name && other.finished_at &&
             *other.finished_at > *state.finished_at;
    });
    if (later) continue;
    ContainerFacts* last = nullptr;
    for (ContainerFacts& container : pod->containers) {
      if (container.name == state.name && !container.sandbox) last = &container;
    }
    if (last == nullptr) continue;
    const Timestamp finished = OfThisClock(*state.finished_at, clock_steps, *last, event.at);
    if (last->exit_source == ExitSource::kRelist && last->exited_at &&
        *last->exited_at < finished) {
      continue;
    }
    if (state.exit_code) last->exit_code = state.exit_code;
    SetExit(*pod, *last, InHeaderTime(finished, *last, event.at), ExitSource::kRuntime);
  }
}

void Tracker::Impl::OnStatusUpdated(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || !pod->terminating()) return;
  for (ContainerFacts& container : pod->containers) {
    if (container.sandbox || container.exit_code) continue;
    container.exit_code = ExitCodeIn(event.detail, container.id);
  }
}

void Tracker::Impl::LearnSandboxes(const Event& event) {
  if (event.sandbox_id.empty()) return;
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  ContainerOf(*pod, event.sandbox_id, {}).sandbox = true;
  for (const std::string_view id : event.sandbox_ids) ContainerOf(*pod, id, {}).sandbox = true;
}

void Tracker::Impl::OnCgroupAdded(const Event& event) {
  LearnSandboxes(event);
  if (!event.sandbox_id.empty() || event.container_id.empty() || event.container.empty()) return;
  if (PodFacts* pod = PodOf(event, true)) Meet(*pod, event.container_id, event.container);
}

void Tracker::Impl::OnCgroupDestroyed(const Event& event) {
  LearnSandboxes(event);
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || !pod->terminating() || event.container_id.empty()) return;
  ContainerFacts* container = FindContainer(*pod, event.container_id);
  if (container == nullptr || !container->sandbox) return;
  SetOnce(pod->termination->sandbox_cgroup_gone_at, event.at);
}

void Tracker::Impl::OnPlegTransition(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || event.container_id.empty()) return;
  // Up to 1.20 what is said of a container names no pod, and the sync loop tells of it later.
  if (event.pleg_type == "running") Meet(*pod, event.container_id, {});
  if (!pod->terminating() || event.pleg_type != "exited") return;
  ContainerFacts* container = FindContainer(*pod, event.container_id);
  if (container == nullptr) return;
  if (container->sandbox) SetOnce(pod->termination->sandbox_relisted_at, event.at);
  // Of a pod whose object is gone the sync loop prints no event any more.
  if (pod->remove_at && !pod->termination->worker_entered_at) OnDied(*pod, *container, event.at);
}

}  // namespace kle
