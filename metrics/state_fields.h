// SPDX-License-Identifier: Apache-2.0
// What the state file holds of the facts and records, field by field: a type with a new field does
// not compile until it is named here. Raise kStateLayout then; and also when a value is put
// anywhere but at the end of an enum, for these are saved by number.
#pragma once

#include "metrics/pod.h"
#include "metrics/record_builder.h"
#include "metrics/termination.h"
#include "metrics/tracker.h"
#include "parser/codec.h"
#include "parser/event.h"

namespace kle {

// State of another layout keeps its counters and its place; its pods are given up.
inline constexpr uint32_t kStateLayout = 8;

constexpr Trigger LastOf(Trigger) { return Trigger::kFinished; }
constexpr Outcome LastOf(Outcome) { return Outcome::kUnknown; }
constexpr State LastOf(State) { return State::kExpired; }
constexpr Precision LastOf(Precision) { return Precision::kBound; }
constexpr HookOutcome LastOf(HookOutcome) { return HookOutcome::kFailed; }
constexpr ExitSource LastOf(ExitSource) { return ExitSource::kRuntime; }
constexpr Phase LastOf(Phase) { return static_cast<Phase>(kPhaseCount - 1); }
constexpr Reason LastOf(Reason) { return static_cast<Reason>(kReasonCount - 1); }

template <typename Archive>
void Fields(Archive& archive, PhaseSpan& span) {
  auto& [phase, started_at, ended_at, precision] = span;
  archive(phase, started_at, ended_at, precision);
}

template <typename Archive>
void Fields(Archive& archive, ContainerRecord& container) {
  auto& [name, id, grace_seconds, kill_started_at, exited_at, exit_code, outcome, attempts,
         precision, prestop, prestop_outcome] = container;
  archive(name, id, grace_seconds, kill_started_at, exited_at, exit_code, outcome, attempts,
          precision, prestop, prestop_outcome);
}

template <typename Archive>
void Fields(Archive& archive, VolumeRecord& volume) {
  auto& [name, unique_name, plugin, started_at, unmounted_at, attempts, failures] = volume;
  archive(name, unique_name, plugin, started_at, unmounted_at, attempts, failures);
}

template <typename Archive>
void Fields(Archive& archive, FailureRecord& failure) {
  auto& [first_at, last_at, phase, reason, object, count, message] = failure;
  archive(first_at, last_at, phase, reason, object, count, message);
}

template <typename Archive>
void Fields(Archive& archive, Current& current) {
  auto& [phase, reason, since, age, overdue, hint] = current;
  archive(phase, reason, since, age, overdue, hint);
}

template <typename Archive>
void Fields(Archive& archive, TerminationRecord& record) {
  auto& [namespace_, pod, uid, trigger, outcome, state, requested_at, terminated_at, reclaimed_at,
         removed_at, termination_precision, grace_granted, grace_used, grace_exceeded, phases,
         containers, volumes, failures, current] = record;
  archive(namespace_, pod, uid, trigger, outcome, state, requested_at, terminated_at, reclaimed_at,
          removed_at, termination_precision, grace_granted, grace_used, grace_exceeded, phases,
          containers, volumes, failures, current);
}

template <typename Archive>
void Fields(Archive& archive, RuntimeFacts& runtime) {
  auto& [sandbox_id, stop_at, stop_ended_at, sigkill_at, grace_seconds, stops, given_up] = runtime;
  archive(sandbox_id, stop_at, stop_ended_at, sigkill_at, grace_seconds, stops, given_up);
  if constexpr (Archive::kDecodes) {
    if (!IsGrace(runtime.grace_seconds.value_or(0))) archive.Fail();
  }
}

template <typename Archive>
void Fields(Archive& archive, ContainerFacts& container) {
  auto& [id, name, sandbox, running, seen_dead, exited_at, exit_source, exit_code, kill_at, kills,
         kill_of_probe, kill_failed, kill_announced_at, grace_seconds, hook_at, hook_ended_at,
         hook_outcome, runtime] = container;
  archive(id, name, sandbox, running, seen_dead, exited_at, exit_source, exit_code, kill_at, kills,
          kill_of_probe, kill_failed, kill_announced_at, grace_seconds, hook_at, hook_ended_at,
          hook_outcome, runtime);
  if constexpr (Archive::kDecodes) {
    if (!IsGrace(container.grace_seconds.value_or(0))) archive.Fail();
    const bool exit_told = container.exit_source != ExitSource::kNone;
    if (container.exited_at.has_value() != exit_told) archive.Fail();
  }
}

template <typename Archive>
void Fields(Archive& archive, VolumeFacts& volume) {
  auto& [record, mounted] = volume;
  archive(record, mounted);
}

template <typename Archive>
void Fields(Archive& archive, DeviceUnmount& device) {
  auto& [unique_name, started_at, tried_at] = device;
  archive(unique_name, started_at, tried_at);
}

template <typename Archive>
void Fields(Archive& archive, FailureChain& chain) {
  auto& [failure, object, phase, last_rank, counted] = chain;
  archive(failure, object, phase, last_rank, counted);
}

template <typename Archive>
void Fields(Archive& archive, TerminationFacts& term) {
  auto& [trigger, requested_at, grace_granted, worker_entered_at, worker_stopped_at, terminated_at,
         terminated_precision, sandbox_dead_at, sandbox_settled, sandbox_relisted_at,
         sandbox_cgroup_gone_at, sandbox_failed_at, sandbox_stopped_at, first_unmount_at,
         volumes_undesired_at, volumes_claimed_at, volume_paths_cleaned_at, cgroup_removed_at,
         worker_completed_at, reclaimed_line_at, removed_from_api_at, removed_at, last_delete_at,
         failures, chains, observed, state, kill_seen, blind, by_runtime, swept, sealed, completed,
         uncertain, lost, last_event_at] = term;
  archive(trigger, requested_at, grace_granted, worker_entered_at, worker_stopped_at, terminated_at,
          terminated_precision, sandbox_dead_at, sandbox_settled, sandbox_relisted_at,
          sandbox_cgroup_gone_at, sandbox_failed_at, sandbox_stopped_at, first_unmount_at,
          volumes_undesired_at, volumes_claimed_at, volume_paths_cleaned_at, cgroup_removed_at,
          worker_completed_at, reclaimed_line_at, removed_from_api_at, removed_at, last_delete_at,
          failures, chains, observed, state, kill_seen, blind, by_runtime, swept, sealed, completed,
          uncertain, lost, last_event_at);
  if constexpr (Archive::kDecodes) {
    if (!IsGrace(term.grace_granted.value_or(0))) archive.Fail();
    if (term.by_runtime && !term.requested_at) archive.Fail();
    for (const FailureChain& chain : term.chains) {
      if (chain.failure >= term.failures.size()) archive.Fail();
    }
  }
}

template <typename Archive>
void Fields(Archive& archive, StartupFacts& startup) {
  auto& [added_at, sandbox_needed_at, pulling_at, starts_seen, done] = startup;
  archive(added_at, sandbox_needed_at, pulling_at, starts_seen, done);
}

template <typename Archive>
void Fields(Archive& archive, PodFacts& pod) {
  auto& [serial, namespace_, name, uid, is_static, removed, finished, ended, readded, sandbox_due,
         named_at, delete_at, remove_at, announced, announced_at, mount_failed_at, pull_failed_at,
         containers, volumes, startup, termination, last_event_at] = pod;
  archive(serial, namespace_, name, uid, is_static, removed, finished, ended, readded, sandbox_due,
          named_at, delete_at, remove_at, announced, announced_at, mount_failed_at, pull_failed_at,
          containers, volumes, startup, termination, last_event_at);
}

template <typename Archive>
void Fields(Archive& archive, NodeTrouble& trouble) {
  auto& [skipped_at, skip_reason, restarted_at] = trouble;
  archive(skipped_at, skip_reason, restarted_at);
}

template <typename Archive>
void Fields(Archive& archive, TrackerCounts& counts) {
  auto& [started, completed, expired, evicted, interrupted, in_flight, kubelet_restarts] = counts;
  archive(started, completed, expired, evicted, interrupted, in_flight, kubelet_restarts);
}

}  // namespace kle
