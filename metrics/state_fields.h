// SPDX-License-Identifier: Apache-2.0
// What the state file holds of the facts and records, field by field. Whoever adds a field to one
// of these types adds it here and raises kStateLayout: a test tells when that was forgotten.
#pragma once

#include "metrics/pod.h"
#include "metrics/record_builder.h"
#include "metrics/termination.h"
#include "metrics/tracker.h"
#include "parser/codec.h"
#include "parser/event.h"

namespace kle {

// State of another layout keeps its counters and its place; its pods are given up.
inline constexpr uint32_t kStateLayout = 5;

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
  archive(span.phase, span.started_at, span.ended_at, span.precision);
}

template <typename Archive>
void Fields(Archive& archive, ContainerRecord& container) {
  archive(container.name, container.id, container.grace_seconds, container.kill_started_at,
          container.exited_at, container.exit_code, container.outcome, container.attempts,
          container.precision, container.prestop, container.prestop_outcome);
}

template <typename Archive>
void Fields(Archive& archive, VolumeRecord& volume) {
  archive(volume.name, volume.unique_name, volume.plugin, volume.started_at, volume.unmounted_at,
          volume.attempts, volume.failures);
}

template <typename Archive>
void Fields(Archive& archive, FailureRecord& failure) {
  archive(failure.first_at, failure.last_at, failure.phase, failure.reason, failure.object,
          failure.count, failure.message);
}

template <typename Archive>
void Fields(Archive& archive, Current& current) {
  archive(current.phase, current.reason, current.since, current.age, current.overdue, current.hint);
}

template <typename Archive>
void Fields(Archive& archive, TerminationRecord& record) {
  archive(record.namespace_, record.pod, record.uid, record.trigger, record.outcome, record.state,
          record.requested_at, record.terminated_at, record.reclaimed_at, record.removed_at,
          record.termination_precision, record.grace_granted, record.grace_used,
          record.grace_exceeded, record.phases, record.containers, record.volumes, record.failures,
          record.current);
}

template <typename Archive>
void Fields(Archive& archive, RuntimeFacts& runtime) {
  archive(runtime.sandbox_id, runtime.stop_at, runtime.stop_ended_at, runtime.sigkill_at,
          runtime.grace_seconds, runtime.stops);
  if constexpr (Archive::kDecodes) {
    if (!IsGrace(runtime.grace_seconds.value_or(0))) archive.Fail();
  }
}

template <typename Archive>
void Fields(Archive& archive, ContainerFacts& container) {
  archive(container.id, container.name, container.sandbox, container.running, container.seen_dead,
          container.exited_at, container.exit_source, container.exit_code, container.kill_at,
          container.kills, container.kill_failed, container.kill_announced_at,
          container.grace_seconds, container.hook_at, container.hook_ended_at,
          container.hook_outcome, container.runtime);
  if constexpr (Archive::kDecodes) {
    if (!IsGrace(container.grace_seconds.value_or(0))) archive.Fail();
    const bool exit_told = container.exit_source != ExitSource::kNone;
    if (container.exited_at.has_value() != exit_told) archive.Fail();
  }
}

template <typename Archive>
void Fields(Archive& archive, VolumeFacts& volume) {
  archive(volume.record, volume.mounted);
}

template <typename Archive>
void Fields(Archive& archive, FailureChain& chain) {
  archive(chain.failure, chain.object, chain.phase, chain.last_rank, chain.counted);
}

template <typename Archive>
void Fields(Archive& archive, TerminationFacts& term) {
  archive(term.trigger, term.requested_at, term.grace_granted, term.worker_entered_at,
          term.worker_stopped_at, term.terminated_at, term.terminated_precision,
          term.sandbox_dead_at, term.sandbox_settled, term.sandbox_relisted_at,
          term.sandbox_cgroup_gone_at, term.sandbox_failed_at, term.sandbox_stopped_at,
          term.first_unmount_at, term.volumes_undesired_at, term.volumes_claimed_at,
          term.volume_paths_cleaned_at, term.cgroup_removed_at, term.worker_completed_at,
          term.reclaimed_line_at, term.removed_from_api_at, term.removed_at, term.last_delete_at,
          term.failures, term.chains, term.observed, term.state, term.kill_seen, term.blind,
          term.by_runtime, term.swept, term.sealed, term.completed, term.uncertain, term.lost,
          term.last_event_at);
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
  archive(startup.added_at, startup.sandbox_needed_at, startup.pulling_at, startup.starts_seen,
          startup.done);
}

template <typename Archive>
void Fields(Archive& archive, PodFacts& pod) {
  archive(pod.serial, pod.namespace_, pod.name, pod.uid, pod.is_static, pod.removed, pod.finished,
          pod.ended, pod.readded, pod.delete_at, pod.remove_at, pod.announced, pod.announced_at,
          pod.mount_failed_at, pod.mount_failure, pod.pull_failed_at, pod.containers, pod.volumes,
          pod.startup, pod.termination, pod.last_event_at);
}

template <typename Archive>
void Fields(Archive& archive, NodeTrouble& trouble) {
  archive(trouble.skipped_at, trouble.skip_reason, trouble.restarted_at);
}

template <typename Archive>
void Fields(Archive& archive, TrackerCounts& counts) {
  archive(counts.started, counts.completed, counts.expired, counts.evicted, counts.interrupted,
          counts.in_flight, counts.kubelet_restarts);
}

}  // namespace kle
