// SPDX-License-Identifier: Apache-2.0
// What the container runtime's own lines tell: whose each sandbox and container is, when it was
// asked to go and when it went. Above -v 2 that only makes the kubelet's times exact. Below, where
// the kubelet prints no deletion, a termination is told by the stop of a sandbox.
#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// A sandbox is stopped right after the containers that were stopped for the same end: 72 ms at most
// on a quiet node, 208 ms at a load of 130. After a probe's kill it is 1.2 s at least.
constexpr Duration kSameEnd = 700ms;
// Containers of one pod are stopped together, but for sidecars and hooks.
constexpr Duration kTogether = 10s;
// A wait is taken off the grace in whole seconds, and 2 s are left at least.
constexpr Duration kGraceIsWhole = 3s;
// A pod whose sandbox is replaced asks for the next one at once.
constexpr Duration kSettled = 10s;
// The kubelet removes the containers of a deleted pod with its garbage collection, once a minute,
// at the latest; those of a pod that it ended by itself (its deadline) stay until the object goes.
constexpr Duration kSweepDue = 65s;
// A kubelet that says nothing then may be away, but that long?
constexpr Duration kHeardAgain = 65s;
constexpr Duration kListen = 1s;
// Of a sandbox that had no container to stop: a job's own end is not swept up that soon.
constexpr Duration kSweepSoon = 5s;

// Not followed by another run of the same container.
bool IsCurrent(const PodFacts& pod, const ContainerFacts& container) {
  bool passed = false;
  for (const ContainerFacts& other : pod.containers) {
    if (passed && !other.sandbox && other.name == container.name) return false;
    passed = passed || &other == &container;
  }
  return true;
}

// It lives, or its volumes go: a restarted kubelet unmounts before it kills what has no object.
bool NothingTold(const PodFacts& pod) {
  return pod.lives() || (pod.terminating() && pod.termination->blind);
}

ContainerFacts* LastSandbox(PodFacts& pod) {
  for (auto other = pod.containers.rbegin(); other != pod.containers.rend(); ++other) {
    if (other->sandbox) return &*other;
  }
  return nullptr;
}

// Each of its containers ran once, and nobody stopped it.
bool SucceededAtOnce(const PodFacts& pod) {
  return std::ranges::all_of(pod.containers, [&pod](const ContainerFacts& container) {
    return container.sandbox ||
           (IsCurrent(pod, container) && container.exit_code == 0 && !container.runtime.stop_at);
  });
}

// From 1.29 on a container that had a hook, or waited for its turn, gets what that left of the
// grace.
bool WaitedMeanwhile(const RuntimeFacts& earlier, const RuntimeFacts& later) {
  if (!earlier.grace_seconds || !later.grace_seconds) return false;
  const Duration taken_off = std::chrono::seconds(*earlier.grace_seconds - *later.grace_seconds);
  const Duration waited = *later.stop_at - *earlier.stop_at;
  return taken_off > Duration::zero() && waited >= taken_off && waited - taken_off <= kGraceIsWhole;
}

// Whether all that it has had been stopped, or had ended before that stop.
bool NothingRanOn(const PodFacts& pod, Timestamp stopped_at) {
  return std::ranges::all_of(pod.containers, [&](const ContainerFacts& container) {
    return container.sandbox || !IsCurrent(pod, container) || container.runtime.stop_at ||
           (container.exited_at && *container.exited_at < stopped_at);
  });
}

// The stop of the first container that ended for the same cause as the sandbox; nothing when none
// was stopped for it.
std::optional<Timestamp> FirstStop(const PodFacts& pod, const ContainerFacts& sandbox,
                                   std::optional<Timestamp> restarted_at) {
  Timestamp begun = *sandbox.runtime.stop_at;
  const RuntimeFacts* first = nullptr;
  for (bool found = true; std::exchange(found, false);) {
    for (const ContainerFacts& container : pod.containers) {
      const RuntimeFacts& stop = container.runtime;
      const bool elsewhere = !stop.sandbox_id.empty() && stop.sandbox_id != sandbox.id;
      if (container.sandbox || elsewhere || !stop.stop_at || *stop.stop_at >= begun) continue;
      // The kubelet that asked for it is gone, and the next one goes on with that end: it would
      // have started again at once what a probe had ended.
      const bool of_former = restarted_at && *stop.stop_at < *restarted_at &&
                             (stop.given_up || NothingRanOn(pod, *stop.stop_at));
      const bool same_end = stop.stop_ended_at && !of_former
                                ? begun - *stop.stop_ended_at <= kSameEnd
                                : IsCurrent(pod, container);
      const bool together = first && IsCurrent(pod, container) &&
                            (begun - *stop.stop_at <= kTogether || WaitedMeanwhile(stop, *first));
      if (!same_end && !together) continue;
      begun = *stop.stop_at;
      first = &stop;
      found = true;
    }
  }
  return first ? std::optional(begun) : std::nullopt;
}

}  // namespace

// A pod is to get a sandbox that it did not have.
void Tracker::Impl::NoteAnotherSandbox(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || !RuntimeDecides()) return;
  if (!event.sandbox_id.empty() && FindContainer(*pod, event.sandbox_id) != nullptr) return;
  if (pod->terminating()) {
    if (pod->termination->by_runtime && !pod->termination->sealed) Cancel(*pod);
  } else if (pod->ended || pod->finished) {  // a static pod comes back under its UID
    if (pod->termination) Hand(*pod);
    pod->ended = pod->finished = pod->removed = false;
  }
}

void Tracker::Impl::OnRuntimeSandbox(const Event& event) {
  NoteAnotherSandbox(event);
  if (event.sandbox_id.empty()) return;
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  ContainerFacts& sandbox = ContainerOf(*pod, event.sandbox_id, {});
  sandbox.sandbox = true;
  // One that was asked for may never come to be.
  if (event.kind == EventKind::kRuntimeSandboxRequested) return;
  sandbox.running = !sandbox.exited_at && !sandbox.runtime.stop_at;
}

void Tracker::Impl::OnRuntimeContainer(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || event.container_id.empty()) return;
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  if (container.runtime.sandbox_id.empty()) container.runtime.sandbox_id = event.sandbox_id;
  if (event.kind == EventKind::kRuntimeContainerStarted) container.running = !container.exited_at;
}

void Tracker::Impl::OnRuntimeStop(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  ContainerFacts* container = FindContainer(*pod, event.container_id);
  if (container == nullptr || container->sandbox) return;
  RuntimeFacts& stop = container->runtime;
  switch (event.kind) {
    case EventKind::kRuntimeStopRequested:
      SetOnce(stop.stop_at, event.at);
      stop.stop_ended_at.reset();
      stop.given_up = false;
      stop.grace_seconds = event.grace_seconds;
      ++stop.stops;
      if (pod->terminating() && pod->termination->by_runtime) AdoptStops(*pod);
      return;
    case EventKind::kRuntimeSigkill: {
      // Not for its grace: what still runs in a sandbox is killed with it.
      const ContainerFacts* sandbox = FindContainer(*pod, stop.sandbox_id);
      if (sandbox == nullptr || !sandbox->runtime.stop_at) SetOnce(stop.sigkill_at, event.at);
      return;
    }
    default:
      stop.stop_ended_at = event.at;
      stop.given_up = event.severity == Severity::kError;
      if (!stop.given_up && !container->name.empty()) {
        SetExit(*pod, *container, event.at, ExitSource::kBound);
      }
      return;
  }
}

void Tracker::Impl::OnRuntimeExit(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  ContainerFacts* container = pod != nullptr ? FindContainer(*pod, event.container_id) : nullptr;
  if (container == nullptr) return;
  const bool exact = event.exited_at.has_value();
  const Timestamp at = event.exited_at.value_or(event.at);
  if (container->sandbox) {
    container->running = false;
    return;
  }
  // What has no name yet may be a sandbox.
  if (container->name.empty()) return;
  const bool sealed = pod->termination && pod->termination->sealed;
  if (event.exit_code && !sealed) container->exit_code = event.exit_code;
  SetExit(*pod, *container, at, exact ? ExitSource::kRuntime : ExitSource::kShim);
  TrySeal(*pod);
}

void Tracker::Impl::OnRuntimeSandboxStop(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  ContainerFacts* sandbox = pod != nullptr ? FindContainer(*pod, event.sandbox_id) : nullptr;
  if (sandbox == nullptr) return;
  sandbox->sandbox = true;
  RuntimeFacts& stop = sandbox->runtime;
  if (stop.stop_ended_at) return;  // stopped once more before it is removed
  if (event.kind == EventKind::kRuntimeSandboxStopRequested) {
    SetOnce(stop.stop_at, event.at);
    if (!RuntimeDecides() || !NothingTold(*pod) || LastSandbox(*pod) != sandbox) return;
    if (const auto first = FirstStop(*pod, *sandbox, restarted_at)) StartByRuntime(*pod, *first);
    return;
  }
  stop.stop_ended_at = event.at;
  sandbox->running = false;
  if (!pod->terminating() || pod->termination->sealed) return;
  pod->termination->sandbox_stopped_at = event.at;
  if (pod->termination->by_runtime) After(kSettled, Timer::kStopped, *pod);
}

void Tracker::Impl::StartByRuntime(PodFacts& pod, Timestamp at) {
  if (!pod.terminating()) {
    Start(pod, Trigger::kRuntimeStop, at);
  } else {  // known by its unmounts so far
    pod.termination->trigger = Trigger::kRuntimeStop;
    pod.termination->requested_at = at;
    pod.termination->blind = false;
  }
  pod.termination->by_runtime = true;
  AdoptStops(pod);
}

void Tracker::Impl::AdoptStops(PodFacts& pod) {
  TerminationFacts& term = *pod.termination;
  if (term.sealed) return;
  for (ContainerFacts& container : pod.containers) {
    const RuntimeFacts& stop = container.runtime;
    if (container.sandbox || !stop.stop_at || *stop.stop_at < *term.requested_at) continue;
    container.kill_at = stop.stop_at;
    container.kills = stop.stops;
    container.grace_seconds = stop.grace_seconds;
    term.kill_seen = true;
    term.swept = term.swept || stop.swept;
  }
}

void Tracker::Impl::OnRuntimeSwept(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  ContainerFacts* container = FindContainer(*pod, event.container_id);
  if (container != nullptr) TellFromSandbox(*pod, *container);
  if (!RuntimeDecides()) return;
  if (event.kind == EventKind::kRuntimeSandboxRemoved) {
    // Nothing more comes of it, unless its object still goes.
    const bool over = pod->termination && pod->termination->completed;
    if (over) After(kForgetAfter, Timer::kRetire, *pod);
    return;
  }
  if (container == nullptr || container->sandbox || !IsCurrent(*pod, *container)) return;
  const ContainerFacts* sandbox = LastSandbox(*pod);
  if (sandbox == nullptr || !sandbox->runtime.stop_at) {
    container->runtime.swept =
        container->runtime.stop_at.has_value();  // as kubelets before 1.22 do
    return;
  }
  const bool unknown = NothingTold(*pod);
  if (unknown && SucceededAtOnce(*pod)) {
    // A job that ended well, and whose object went at once, needed no stop either.
    if (pod->terminating()) Drop(*pod);
    pod->finished = true;
    return;
  }
  if (unknown && event.at - *sandbox->runtime.stop_at <= kSweepSoon) {
    StartByRuntime(*pod, *sandbox->runtime.stop_at);
    pod->termination->sandbox_stopped_at = sandbox->runtime.stop_ended_at;
    After(kSettled, Timer::kStopped, *pod);
  }
  if (pod->terminating() && pod->termination->by_runtime) pod->termination->swept = true;
}

// Nothing took the sandbox's place. `proven`: the folder of the pod's volumes was cleaned up, which
// comes after the object's deletion only.
void Tracker::Impl::SettleByRuntime(PodFacts& pod, bool proven) {
  TerminationFacts& term = *pod.termination;
  if (term.sealed || (!term.sandbox_stopped_at && !proven)) return;
  if (!proven && !term.swept && term.trigger == Trigger::kRuntimeStop) {
    // A restarted kubelet's minute begins anew.
    Timestamp since = *term.sandbox_stopped_at;
    for (const auto& begun_at : {restarted_at, process_since}) {
      since = std::max(since, begun_at.value_or(since));
    }
    const Duration waited = now - since;
    if (waited < kSweepDue) return After(kSweepDue - waited, Timer::kStopped, pod);
    const bool heard = heard_at >= since + kSweepDue || waited >= kSweepDue + kHeardAgain;
    if (!heard) return After(kListen, Timer::kStopped, pod);
    term.trigger = Trigger::kDeadline;
  }
  term.terminated_at = term.sandbox_stopped_at;
  if (!term.terminated_at) {
    term.terminated_at = term.first_unmount_at.value_or(now);
    term.terminated_precision = Precision::kBound;
  }
  for (ContainerFacts& container : pod.containers) {
    if (!container.sandbox && container.kill_at && !container.exited_at) {
      SetExit(pod, container, *term.terminated_at, ExitSource::kBound);
    }
  }
  if (const auto last = LastExit(pod)) term.terminated_at = std::max(*term.terminated_at, *last);
  Seal(pod);
}

// The object of a pod is gone that was known by its unmounts only. Where the runtime was watched:
// containers that nobody stopped and nobody swept up had ended by themselves. True when that tells.
bool Tracker::Impl::EndedBlind(PodFacts& pod) {
  const ContainerFacts* sandbox = LastSandbox(pod);
  if (sandbox == nullptr || !sandbox->runtime.stop_at) return false;
  if (std::ranges::any_of(pod.containers, [](const auto& one) { return !one.sandbox; })) {
    Drop(pod);
    return true;
  }
  StartByRuntime(pod, *sandbox->runtime.stop_at);
  pod.termination->sandbox_stopped_at = sandbox->runtime.stop_ended_at;
  SettleByRuntime(pod, true);
  if (pod.termination->completed) Remove(pod);
  return true;
}

}  // namespace kle
