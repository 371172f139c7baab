// SPDX-License-Identifier: Apache-2.0
#include "exporter/record_json.h"

#include "exporter/json_text.h"
#include "parser/reason.h"

namespace kle {
namespace {

void OfPhase(JsonObject& json, const PhaseSpan& span) {
  json.Add("phase", Name(span.phase));
  json.Add("started_at", span.started_at);
  json.Add("ended_at", span.ended_at);
  json.Add("seconds", span.duration());
  json.Add("precision", Name(span.precision));
}

std::optional<std::string_view> NameOf(HookOutcome outcome) {
  return outcome == HookOutcome::kNone ? std::nullopt : std::optional(Name(outcome));
}

void OfContainer(JsonObject& json, const ContainerRecord& container) {
  json.Add("name", container.name);
  json.Add("id", container.id);
  json.Add("grace_seconds", container.grace_seconds);
  json.Add("kill_started_at", container.kill_started_at);
  json.Add("exited_at", container.exited_at);
  json.Add("stop_seconds", container.stop_duration());
  json.Add("exit_code", container.exit_code);
  json.Add("outcome", Name(container.outcome));
  json.Add("attempts", container.attempts);
  json.Add("precision", Name(container.precision));
  json.Add("prestop_seconds", container.prestop);
  json.Add("prestop_outcome", NameOf(container.prestop_outcome));
}

void OfVolume(JsonObject& json, const VolumeRecord& volume) {
  json.Add("name", volume.name);
  json.Add("unique_name", volume.unique_name);
  json.Add("plugin", volume.plugin);
  json.Add("started_at", volume.started_at);
  json.Add("unmounted_at", volume.unmounted_at);
  json.Add("seconds", volume.duration());
  json.Add("attempts", volume.attempts);
  json.Add("failures", volume.failures);
}

void OfFailure(JsonObject& json, const FailureRecord& failure) {
  json.Add("first_at", failure.first_at);
  json.Add("last_at", failure.last_at);
  json.Add("phase", Name(failure.phase));
  json.Add("reason", Name(failure.reason));
  json.Add("object", failure.object);
  json.Add("count", failure.count);
  json.Add("message", failure.message);
  if (!failure.message_end.empty()) json.Add("message_end", failure.message_end);
}

void OfGrace(JsonObject& json, const TerminationRecord& record) {
  json.Add("granted_seconds", record.grace_granted);
  json.Add("used_seconds", record.grace_used);
  json.Add("exceeded", record.grace_exceeded);
}

void OfCurrent(JsonObject& json, const Current& current) {
  json.Add("phase", Name(current.phase));
  json.Add("reason", current.reason ? Name(*current.reason) : std::string_view());
  json.Add("since", current.since);
  json.Add("age_seconds", current.age);
  json.Add("overdue_seconds", current.overdue);
  json.Add("hint", current.hint);
}

}  // namespace

std::string RecordJson(const TerminationRecord& record) {
  std::string text;
  {
    JsonObject json(text);
    json.Add("namespace", record.namespace_);
    json.Add("pod", record.pod);
    json.Add("uid", record.uid);
    json.Add("trigger", Name(record.trigger));
    json.Add("outcome", Name(record.outcome));
    json.Add("state", Name(record.state));
    json.Add("requested_at", record.requested_at);
    json.Add("terminated_at", record.terminated_at);
    json.Add("reclaimed_at", record.reclaimed_at);
    json.Add("removed_at", record.removed_at);
    json.Add("termination_seconds", record.termination());
    json.Add("reclaim_seconds", record.reclaim());
    json.Add("deletion_seconds", record.deletion());
    json.Add("termination_precision", Name(record.termination_precision));
    json.Add("grace", record, OfGrace);
    json.Add("phases", record.phases, OfPhase);
    json.Add("containers", record.containers, OfContainer);
    json.Add("volumes", record.volumes, OfVolume);
    json.Add("failures", record.failures, OfFailure);
    json.Add("current", record.current, OfCurrent);
  }
  return text;
}

}  // namespace kle
