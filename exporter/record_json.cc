// SPDX-License-Identifier: Apache-2.0
#include "exporter/record_json.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "parser/reason.h"
#include "parser/time.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

// Made where it stands, and moved from there. A braced Json would copy every value.
struct Member {
  const char* name;
  Json value;
};

Json Object(std::span<Member> members) {
  Json::object_t object;
  object.reserve(members.size());
  for (Member& member : members) object.emplace_back(member.name, std::move(member.value));
  return Json(std::move(object));
}

Json Time(const std::optional<Timestamp>& at) { return at ? Json(FormatTimestamp(*at)) : Json(); }

Json Seconds(const std::optional<Duration>& duration) {
  return duration ? Json(ToSeconds(*duration)) : Json();
}

Json Number(const std::optional<int64_t>& number) { return number ? Json(*number) : Json(); }

Json ToJson(const PhaseSpan& span) {
  Member members[] = {{"phase", Name(span.phase)},
                      {"started_at", Time(span.started_at)},
                      {"ended_at", Time(span.ended_at)},
                      {"seconds", Seconds(span.duration())},
                      {"precision", Name(span.precision)}};
  return Object(members);
}

Json ToJson(const ContainerRecord& container) {
  const bool hooked = container.prestop_outcome != HookOutcome::kNone;
  Member members[] = {{"name", container.name},
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
  return Object(members);
}

Json ToJson(const VolumeRecord& volume) {
  Member members[] = {{"name", volume.name},
                      {"unique_name", volume.unique_name},
                      {"plugin", volume.plugin},
                      {"started_at", Time(volume.started_at)},
                      {"unmounted_at", Time(volume.unmounted_at)},
                      {"seconds", Seconds(volume.duration())},
                      {"attempts", volume.attempts},
                      {"failures", volume.failures}};
  return Object(members);
}

Json ToJson(const FailureRecord& failure) {
  Member members[] = {{"first_at", FormatTimestamp(failure.first_at)},
                      {"last_at", FormatTimestamp(failure.last_at)},
                      {"phase", Name(failure.phase)},
                      {"reason", Name(failure.reason)},
                      {"object", failure.object},
                      {"count", failure.count},
                      {"message", failure.message}};
  return Object(members);
}

Json Grace(const TerminationRecord& record) {
  Member members[] = {{"granted_seconds", Number(record.grace_granted)},
                      {"used_seconds", Seconds(record.grace_used)},
                      {"exceeded", record.grace_exceeded}};
  return Object(members);
}

Json ToJson(const std::optional<Current>& current) {
  if (!current) return {};
  Member members[] = {{"phase", Name(current->phase)},
                      {"reason", current->reason ? Name(*current->reason) : std::string_view()},
                      {"since", FormatTimestamp(current->since)},
                      {"age_seconds", ToSeconds(current->age)},
                      {"overdue_seconds", ToSeconds(current->overdue)},
                      {"hint", current->hint}};
  return Object(members);
}

template <typename Item>
Json ToJson(const std::vector<Item>& items) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(ToJson(item));
  return list;
}

}  // namespace

nlohmann::ordered_json ToJson(const TerminationRecord& record) {
  Member members[] = {{"namespace", record.namespace_},
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
                      {"grace", Grace(record)},
                      {"phases", ToJson(record.phases)},
                      {"containers", ToJson(record.containers)},
                      {"volumes", ToJson(record.volumes)},
                      {"failures", ToJson(record.failures)},
                      {"current", ToJson(record.current)}};
  return Object(members);
}

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace kle
