// SPDX-License-Identifier: Apache-2.0
#include "metrics/record_builder.h"

#include <algorithm>
#include <chrono>

#include "metrics/derived.h"
#include "metrics/phases.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kSigkillCode = 137;
// Kubelets before 1.22 print no exit code: of a grace shorter than that, a relist's second tells
// nothing.
constexpr Duration kTellingGrace = 5s;

Outcome ContainerOutcome(const ContainerFacts& container) {
  if (!container.exited_at) return container.kill_failed ? Outcome::kFailed : Outcome::kUnknown;
  if (!container.kill_at) return Outcome::kUnknown;  // went by itself or by another's hand
  // SIGKILL came from the kubelet only if the grace had run out; sooner, it was another killer.
  // Where the runtime's lines are read, its own SIGKILL is seen.
  if (container.runtime.sigkill_at && container.exit_code.value_or(kSigkillCode) == kSigkillCode) {
    return Outcome::kKilled;
  }
  const bool retried = !container.exit_code && container.kills > 1;
  if (!container.grace_seconds || container.exit_code.value_or(kSigkillCode) != kSigkillCode ||
      retried) {
    return Outcome::kGraceful;
  }
  const auto grace = std::chrono::seconds(*container.grace_seconds);
  const Duration lived = *container.exited_at - *container.kill_at;
  // Kubelets before 1.22 print no exit code, and a relist comes late: a short grace tells nothing.
  if (!container.exit_code && container.exit_precision() != Precision::kExact) {
    return lived >= grace && grace >= kTellingGrace ? Outcome::kKilled : Outcome::kGraceful;
  }
  return lived >= grace - 500ms ? Outcome::kKilled : Outcome::kGraceful;
}

ContainerRecord BuildContainer(const ContainerFacts& container) {
  ContainerRecord record;
  record.name = container.name;
  record.id = container.id;
  record.grace_seconds = container.grace_seconds;
  record.kill_started_at = container.kill_at;
  record.exited_at = container.exited_at;
  record.exit_code = container.exit_code;
  record.outcome = ContainerOutcome(container);
  record.attempts = container.kills;
  record.precision = container.exit_precision();
  record.prestop_outcome = container.hook_outcome;
  if (container.hook_at && container.hook_ended_at) {
    record.prestop = *container.hook_ended_at - *container.hook_at;
  }
  return record;
}

Outcome PodOutcome(const TerminationRecord& record, const TerminationFacts& term) {
  if (!term.completed || term.blind) return Outcome::kUnknown;
  if (term.trigger == Trigger::kForceDelete) return Outcome::kForced;
  const auto any = [&record](Outcome outcome) {
    return std::ranges::any_of(record.containers, [outcome](const ContainerRecord& container) {
      return container.outcome == outcome;
    });
  };
  if (any(Outcome::kFailed)) return Outcome::kFailed;
  if (any(Outcome::kKilled)) return Outcome::kKilled;
  if (term.state == State::kInterrupted || term.state == State::kExpired) return Outcome::kUnknown;
  // Neither the request nor the kill was read: what SIGKILL ended may have had its grace, or not.
  const bool unread = !term.kill_seen && !term.requested_at;
  const auto unexplained = [](const ContainerRecord& container) {
    return container.exit_code.value_or(kSigkillCode) == kSigkillCode;
  };
  const bool told =
      !record.containers.empty() && std::ranges::none_of(record.containers, unexplained);
  if (unread && !told) return Outcome::kUnknown;
  // Its kill was not read: SIGKILL may have come when the grace had run out, or sooner.
  const auto by_whom = [&](const ContainerRecord& container) {
    return container.exit_code == kSigkillCode && !container.kill_started_at;
  };
  if (std::ranges::any_of(record.containers, by_whom)) return Outcome::kUnknown;
  return Outcome::kGraceful;
}

void BuildGrace(const PodFacts& pod, TerminationRecord& record) {
  record.grace_granted = GraceGranted(pod);
  for (const ContainerFacts& container : pod.containers) {
    if (!Belongs(container, *pod.termination)) continue;
    std::optional<Timestamp> begun = container.hook_at;
    KeepMin(begun, container.kill_at);
    if (begun && container.exited_at && *container.exited_at >= *begun) {
      KeepMax(record.grace_used, std::optional<Duration>(*container.exited_at - *begun));
    }
  }
  record.grace_exceeded = std::ranges::any_of(
      record.containers,
      [](const ContainerRecord& container) { return container.outcome == Outcome::kKilled; });
}

}  // namespace

TerminationRecord BuildEnds(const PodFacts& pod) {
  const TerminationFacts& term = *pod.termination;
  TerminationRecord record;
  record.namespace_ = pod.namespace_;
  record.pod = pod.name;
  record.uid = pod.uid;
  record.trigger = term.trigger;
  record.state = term.state;
  record.requested_at = term.requested_at;
  record.terminated_at = term.terminated_at;
  record.termination_precision = term.terminated_precision;
  record.removed_at = term.removed_at;
  if (term.cgroup_removed_at && !VolumesOutstanding(pod)) {
    record.reclaimed_at = term.cgroup_removed_at;
    KeepMax(record.reclaimed_at, LastUnmount(pod));
  } else if (term.reclaimed_line_at && !VolumesOutstanding(pod)) {
    record.reclaimed_at = term.reclaimed_line_at;
  }
  // Lines may be missing or out of order: an end before its beginning is no measurement.
  if (record.requested_at) {
    for (auto* end : {&record.terminated_at, &record.reclaimed_at}) {
      if (*end && **end < *record.requested_at) end->reset();
    }
  }
  if (record.reclaimed_at && record.terminated_at) {
    record.reclaimed_at = std::max(*record.reclaimed_at, *record.terminated_at);
  }
  record.containers.reserve(pod.containers.size());
  for (const ContainerFacts& container : pod.containers) {
    if (Belongs(container, term)) record.containers.push_back(BuildContainer(container));
  }
  BuildGrace(pod, record);
  record.outcome = PodOutcome(record, term);
  return record;
}

TerminationRecord BuildRecord(const PodFacts& pod, const BuildContext& context) {
  const TerminationFacts& term = *pod.termination;
  TerminationRecord record = BuildEnds(pod);
  record.volumes.reserve(pod.volumes.size());
  for (const VolumeFacts& volume : pod.volumes) {
    const VolumeRecord& told = volume.record;
    const bool was_there = volume.mounted || told.started_at || told.unmounted_at;
    if (was_there || told.failures > 0) record.volumes.push_back(told);
  }
  record.failures = term.failed.failures;
  record.phases.reserve(kPhaseCount);
  for (int i = 0; i < kPhaseCount && term.trigger != Trigger::kFinished; ++i) {
    const PhaseSpan span = MeasurePhase(pod, static_cast<Phase>(i), context.verbosity);
    if (span.started_at) record.phases.push_back(span);
  }
  std::ranges::stable_sort(record.phases, {},
                           [](const PhaseSpan& span) { return *span.started_at; });
  if (term.state == State::kInFlight) {
    record.current = BuildCurrent(pod, context);
    record.current->hint = HintFor(pod, *record.current);
  }
  return record;
}

}  // namespace kle
