// SPDX-License-Identifier: Apache-2.0
#include "metrics/derived.h"

#include <algorithm>

namespace kle {

Precision ContainerFacts::exit_precision() const {
  switch (exit_source) {
    case ExitSource::kRuntime:
    case ExitSource::kStopReturned:
      return Precision::kExact;
    case ExitSource::kRelist:
      return Precision::kRelist;
    default:
      return Precision::kBound;
  }
}

bool OutlivesItsEnd(Trigger trigger) {
  return trigger == Trigger::kEviction || trigger == Trigger::kDeadline ||
         trigger == Trigger::kPreemption || trigger == Trigger::kNodeShutdown ||
         trigger == Trigger::kRuntimeStop;
}

bool Belongs(const ContainerFacts& container, const TerminationFacts& termination) {
  if (container.sandbox) return false;
  if (container.kills > 0 || container.hook_at) return true;
  return container.exited_at &&
         (!termination.requested_at || *container.exited_at >= *termination.requested_at);
}

bool AnyRunning(const PodFacts& pod) {
  int nameless = 0;
  bool sandbox_known = false;
  for (const ContainerFacts& container : pod.containers) {
    sandbox_known = sandbox_known || (container.sandbox && container.running);
    if (container.sandbox || container.exited_at) continue;
    if (Belongs(container, *pod.termination)) return true;
    if (!container.running) continue;
    if (!container.name.empty()) return true;
    ++nameless;
  }
  // PLEG names no sandbox as such: of what runs and was never killed, one is the sandbox.
  return nameless > (sandbox_known ? 0 : 1);
}

std::optional<Timestamp> LastExit(const PodFacts& pod) {
  std::optional<Timestamp> last;
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination)) continue;
    if (!container.exited_at) return std::nullopt;
    KeepMax(last, container.exited_at);
  }
  return last;
}

const FailureRecord* LastFailure(const std::vector<FailureRecord>& failures, Phase phase) {
  const FailureRecord* last = nullptr;
  for (const FailureRecord& failure : failures) {
    if (failure.phase == phase && (last == nullptr || failure.last_at >= last->last_at)) {
      last = &failure;
    }
  }
  return last;
}

bool VolumesOutstanding(const PodFacts& pod) {
  return std::ranges::any_of(pod.volumes, [](const VolumeFacts& volume) {
    return !volume.record.unmounted_at && (volume.mounted || volume.record.started_at);
  });
}

std::optional<Timestamp> FirstKill(const PodFacts& pod) {
  std::optional<Timestamp> first;
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, *pod.termination)) KeepMin(first, container.kill_at);
  }
  // One that was under way at the request counts from there.
  const auto& requested = pod.termination->requested_at;
  return first && requested ? std::max(*first, *requested) : first;
}

Hooks FindHooks(const PodFacts& pod) {
  Hooks hooks;
  for (const ContainerFacts& container : pod.containers) {
    if (container.hook_outcome == HookOutcome::kNone && !container.hook_at) continue;
    KeepMin(hooks.started_at, container.hook_at);
    KeepMax(hooks.ended_at, container.hook_ended_at);
    if (!container.hook_ended_at && container.hook_at && !container.exited_at) hooks.running = true;
  }
  if (hooks.running) hooks.ended_at.reset();
  return hooks;
}

Precision WorstExit(const PodFacts& pod) {
  Precision worst = Precision::kExact;
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination) || !container.exited_at) continue;
    worst = std::max(worst, container.exit_precision());
  }
  return worst;
}

std::optional<Timestamp> LastUnmount(const PodFacts& pod) {
  std::optional<Timestamp> last;
  for (const VolumeFacts& volume : pod.volumes) KeepMax(last, volume.record.unmounted_at);
  return last;
}

std::optional<int64_t> GraceGranted(const PodFacts& pod) {
  if (pod.termination->grace_granted) return pod.termination->grace_granted;
  std::optional<int64_t> granted;
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, *pod.termination)) KeepMax(granted, container.grace_seconds);
  }
  return granted;
}

}  // namespace kle
