// SPDX-License-Identifier: Apache-2.0
#include "exporter/record_json.h"

#include <optional>
#include <string>

#include "parser/reason.h"
#include "parser/time.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

Json Time(const std::optional<Timestamp>& at) { return at ? Json(FormatTimestamp(*at)) : Json(); }

Json Seconds(const std::optional<Duration>& duration) {
  return duration ? Json(ToSeconds(*duration)) : Json();
}

Json Number(const std::optional<int64_t>& number) { return number ? Json(*number) : Json(); }

Json ToJson(const PhaseSpan& span) {
  return {{"phase", Name(span.phase)},
          {"started_at", Time(span.started_at)},
          {"ended_at", Time(span.ended_at)},
          {"seconds", Seconds(span.duration())},
          {"precision", Name(span.precision)}};
}

Json ToJson(const ContainerRecord& container) {
  const bool hooked = container.prestop_outcome != HookOutcome::kNone;
  return {{"name", container.name},
          {"id", container.id},
          {"grace_seconds", Number(container.grace_seconds)},
          {"kill_started_at", Time(container.kill_started_at)},
          {"exited_at", Time(container.exited_at)},
          {"stop_seconds", Seconds(container.stop_duration())},
          {"exit_code", Number(container.exit_code)},
          {"outcome", Name(container.outcome)},
          {"attempts", container.attempts},
          {"precision", Name(container.precision)},
          {"prestop_seconds", Seconds(container.prestop)},
          {"prestop_outcome", hooked ? Json(Name(container.prestop_outcome)) : Json()}};
}

Json ToJson(const VolumeRecord& volume) {
  return {{"name", volume.name},
          {"unique_name", volume.unique_name},
          {"plugin", volume.plugin},
          {"started_at", Time(volume.started_at)},
          {"unmounted_at", Time(volume.unmounted_at)},
          {"seconds", Seconds(volume.duration())},
          {"attempts", volume.attempts},
          {"failures", volume.failures}};
}

Json ToJson(const FailureRecord& failure) {
  return {{"first_at", FormatTimestamp(failure.first_at)},
          {"last_at", FormatTimestamp(failure.last_at)},
          {"phase", Name(failure.phase)},
          {"reason", Name(failure.reason)},
          {"object", failure.object},
          {"count", failure.count},
          {"message", failure.message}};
}

Json ToJson(const std::optional<Current>& current) {
  if (!current) return {};
  return {{"phase", Name(current->phase)},
          {"reason", current->reason ? Name(*current->reason) : std::string_view()},
          {"since", FormatTimestamp(current->since)},
          {"age_seconds", ToSeconds(current->age)},
          {"overdue_seconds", ToSeconds(current->overdue)},
          {"hint", current->hint}};
}

template <typename Item>
Json ToJson(const std::vector<Item>& items) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(ToJson(item));
  return list;
}

}  // namespace

nlohmann::ordered_json ToJson(const TerminationRecord& record) {
  return {{"namespace", record.namespace_},
          {"pod", record.pod},
          {"uid", record.uid},
          {"trigger", Name(record.trigger)},
          {"outcome", Name(record.outcome)},
          {"state", Name(record.state)},
          {"requested_at", Time(record.requested_at)},
          {"terminated_at", Time(record.terminated_at)},
          {"reclaimed_at", Time(record.reclaimed_at)},
          {"removed_at", Time(record.removed_at)},
          {"termination_seconds", Seconds(record.termination())},
          {"reclaim_seconds", Seconds(record.reclaim())},
          {"deletion_seconds", Seconds(record.deletion())},
          {"termination_precision", Name(record.termination_precision)},
          {"grace",
           {{"granted_seconds", Number(record.grace_granted)},
            {"used_seconds", Seconds(record.grace_used)},
            {"exceeded", record.grace_exceeded}}},
          {"phases", ToJson(record.phases)},
          {"containers", ToJson(record.containers)},
          {"volumes", ToJson(record.volumes)},
          {"failures", ToJson(record.failures)},
          {"current", ToJson(record.current)}};
}

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace kle
