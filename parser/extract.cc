// SPDX-License-Identifier: Apache-2.0
// Record to Event: every key and every placeholder has a role, the same in all messages.
#include <algorithm>
#include <array>
#include <cctype>

#include "parser/catalogue.h"
#include "parser/template.h"
#include "parser/values.h"

namespace kle {
namespace {

constexpr std::array<bool, 256> kHexDigits = [] {
  std::array<bool, 256> hex{};
  for (const char c : std::string_view("0123456789abcdef"))
    hex[static_cast<unsigned char>(c)] = true;
  return hex;
}();

bool IsHex(std::string_view text) {
  bool hex = true;
  for (const char c : text) hex &= kHexDigits[static_cast<unsigned char>(c)];
  return hex;
}

// A pod UID: 8-4-4-4-12 hex digits, or 32 of them (a static pod's configuration hash).
bool IsUid(std::string_view text) {
  if (text.size() == 32) return IsHex(text);
  if (text.size() != 36) return false;
  const char* const at = text.data();
  return at[8] == '-' && at[13] == '-' && at[18] == '-' && at[23] == '-' && IsHex({at, 8}) &&
         IsHex({at + 9, 4}) && IsHex({at + 14, 4}) && IsHex({at + 19, 4}) && IsHex({at + 24, 12});
}

// A pod's cgroup, or one of a container in it, by the naming of both cgroup drivers:
//   /kubepods/burstable/podUID/HEX
//   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/cri-containerd-HEX.scope
void Cgroup(const Field& field, Event& event) {
  std::string_view path = field.value;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.ends_with(".slice")) part.remove_suffix(6);
    if (part.ends_with(".scope")) part.remove_suffix(6);
    if (part.size() > 64 && part[part.size() - 65] == '-') part = part.substr(part.size() - 64);
    if (part.size() == 64 && IsHex(part)) {
      event.container_id = part;
      continue;
    }
    const size_t pod = part.rfind("pod");
    if (pod == std::string_view::npos || (pod > 0 && part[pod - 1] != '-')) continue;
    std::string_view uid = part.substr(pod + 3);
    if (uid.size() == event.uid_buffer.size() && uid.find('_') != std::string_view::npos) {
      std::ranges::replace_copy(uid, event.uid_buffer.begin(), '_', '-');
      uid = std::string_view(event.uid_buffer.data(), event.uid_buffer.size());
    }
    if (IsUid(uid)) event.pod.uid = uid;
  }
}

// A cgroup by its parts: [kubepods burstable podUID]   ["kubepods","burstable","podUID"]
void CgroupName(const Field& field, Event& event) {
  std::string_view parts = field.value;
  for (size_t at; (at = parts.find("pod")) != std::string_view::npos;) {
    parts.remove_prefix(at + 3);
    for (const size_t length : {size_t{36}, size_t{32}}) {
      if (IsUid(parts.substr(0, length))) {
        event.pod.uid = parts.substr(0, length);
        return;
      }
    }
  }
}

// cAdvisor's aliases with docker: "k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT HEX". CONTAINER "POD" is
// the sandbox.
void Aliases(const Field& field, Event& event) {
  std::string_view aliases = field.value;
  if (!aliases.starts_with("k8s_")) return;
  aliases = aliases.substr(4, aliases.find(' ') - 4);
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    const size_t end = aliases.find('_');
    if (end == std::string_view::npos) return;
    part = aliases.substr(0, end);
    aliases.remove_prefix(end + 1);
  }
  if (!IsUid(parts[3])) return;
  event.container = parts[0];
  event.pod = {.namespace_ = parts[2], .name = parts[1], .uid = parts[3]};
  if (event.container == "POD") event.sandbox_id = event.container_id;
}

void Merge(const PodRef& from, PodRef& into) {
  if (!from.namespace_.empty()) into.namespace_ = from.namespace_;
  if (!from.name.empty()) into.name = from.name;
  if (!from.uid.empty()) into.uid = from.uid;
}

// NAME_NAMESPACE, the full name of a pod (<= 1.20). Neither part has an underscore.
void MergeFullName(std::string_view text, PodRef& into) {
  const size_t bar = text.find('_');
  if (bar == std::string_view::npos) return;
  const auto name = ParsePodRef(text.substr(0, bar));
  const auto name_space = ParsePodRef(text.substr(bar + 1));
  if (!name || !name_space) return;
  into.name = text.substr(0, bar);
  into.namespace_ = text.substr(bar + 1);
}

// CRI-O: NAMESPACE/POD/CONTAINER; the sandbox's container is called POD.
void Description(const Field& field, Event& event) {
  std::string_view text = field.value;
  const size_t last = text.rfind('/');
  if (last == std::string_view::npos) return;
  const auto pod = ParsePodRef(text.substr(0, last));
  if (!pod || pod->namespace_.empty()) return;
  Merge(*pod, event.pod);
  if (text.substr(last + 1) != "POD") event.container = text.substr(last + 1);
}

// The other roles, a function each: what a value tells of the event.

template <auto kPart>
void Text(const Field& field, Event& event) {
  event.*kPart = field.value;
}

void Pod(const Field& field, Event& event) {
  if (const auto pod = ParsePodRef(field)) {
    Merge(*pod, event.pod);
  } else {
    MergeFullName(field.value, event.pod);
  }
}

void Pods(const Field& field, Event& event) { ParsePodRefs(field, event.pods); }
void PodName(const Field& field, Event& event) { event.pod.name = field.value; }
void PodNamespace(const Field& field, Event& event) { event.pod.namespace_ = field.value; }

void Uid(const Field& field, Event& event) {
  if (IsUid(field.value)) event.pod.uid = field.value;
}

void ObjectKind(const Field& field, Event& event) {
  if (field.value != "Pod") event.pod = PodRef{};
}

void ContainerId(const Field& field, Event& event) { event.container_id = ParseContainerId(field); }

void SandboxId(const Field& field, Event& event) {
  ParseContainerIds(field, event.sandbox_ids);
  event.sandbox_id =
      event.sandbox_ids.empty() ? ParseContainerId(field) : event.sandbox_ids.front();
}

void Lines(const Field& field, Event& event) {
  event.lines = static_cast<uint64_t>(std::max<int64_t>(ParseInteger(field).value_or(0), 0));
}

void Grace(const Field& field, Event& event) {
  event.grace_seconds = ParseInteger(field);
  if (event.grace_seconds && !IsGrace(*event.grace_seconds)) event.grace_seconds.reset();
}

void ExitCode(const Field& field, Event& event) { event.exit_code = ParseInteger(field); }
void Seconds(const Field& field, Event& event) { event.seconds = ParseSeconds(field); }

void PlegEvent(const Field& field, Event& event) {
  const auto pleg = ParsePlegEvent(field);
  if (!pleg) return;
  event.pod.uid = pleg->uid;
  event.pleg_type = pleg->type;
  event.container_id = pleg->data;
}

void States(const Field& field, Event& event) { ParseContainerStates(field, event.states); }

void PodMetadata(const Field& field, Event& event) {
  if (const auto pod = ParsePodMetadata(field.value)) Merge(*pod, event.pod);
}

void ContainerMetadata(const Field& field, Event& event) {
  event.container = ParseContainerMetadata(field.value);
}

void Exit(const Field& field, Event& event) {
  const auto exit = ParseTaskExit(field.value);
  if (!exit) return;
  event.exit_code = exit->code;
  event.exited_at = exit->at;
}

// What the value of a key or placeholder of that name is to the event.
using Role = void (*)(const Field& field, Event& event);
struct NamedRole {
  std::string_view name;
  Role role;
};

// klog keys of 1.21 to 1.36 and the placeholders of built messages.
constexpr NamedRole kRoles[] = {
    {"aliases", Aliases},
    {"cgroup", Cgroup},
    {"cgroupName", CgroupName},
    {"cgroup_list", CgroupName},
    {"container", Text<&Event::container>},
    {"containerID", ContainerId},
    {"containerMessage", Text<&Event::detail>},
    {"containerName", Text<&Event::container>},
    {"containerRuntime", Text<&Event::reason>},
    {"containerStatusID", ContainerId},
    {"container_id", ContainerId},
    {"container_metadata", ContainerMetadata},
    {"containers", States},
    {"description", Description},
    {"detail", Text<&Event::detail>},
    {"err", Text<&Event::error>},
    {"error", Text<&Event::error>},
    {"event", PlegEvent},
    {"exit", Exit},
    {"exitCode", ExitCode},
    {"grace", Grace},
    {"gracePeriod", Grace},
    {"kind", ObjectKind},
    {"kubeletVersion", Text<&Event::detail>},
    {"lines", Lines},
    {"message", Text<&Event::detail>},
    {"newState", Text<&Event::pleg_type>},
    {"new_state", Text<&Event::pleg_type>},
    {"object", Pod},
    {"plugin", Text<&Event::plugin>},
    {"pod", Pod},
    {"pod-uid", Uid},
    {"podID", Uid},
    {"podSandboxID", SandboxId},
    {"podStartE2EDuration", Seconds},
    {"podUID", Uid},
    {"pod_metadata", PodMetadata},
    {"pod_name", PodName},
    {"pod_namespace", PodNamespace},
    {"pods", Pods},
    {"probe", Text<&Event::reason>},
    {"reason", Text<&Event::reason>},
    {"runtime", Text<&Event::reason>},
    {"sandboxID", SandboxId},
    {"sandbox_id", SandboxId},
    {"source", Text<&Event::source>},
    {"status", Text<&Event::detail>},
    {"uid", Uid},
    {"unique_name", Text<&Event::unique_name>},
    {"version", Text<&Event::detail>},
    {"volume", Text<&Event::volume>},
    {"volumeName", Text<&Event::volume>},
};
static_assert(std::ranges::is_sorted(kRoles, {}, &NamedRole::name));

// Where a name's search in the table begins: by its size and its outer letters.
constexpr size_t kSlots = 128;
constexpr size_t SlotOf(std::string_view name) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(name[i]); };
  return (name.size() * 37 + at(0) * 5 + at(name.size() - 1) * 11 + at(name.size() / 2)) % kSlots;
}

constexpr std::array<uint8_t, kSlots> kRoleSlots = [] {
  std::array<uint8_t, kSlots> slots{};  // place in kRoles, from 1
  for (size_t i = 0; i < std::size(kRoles); ++i) {
    size_t slot = SlotOf(kRoles[i].name);
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i + 1);
  }
  return slots;
}();

// Null: it has none.
Role RoleOf(std::string_view name) {
  if (name.empty()) return nullptr;
  for (size_t slot = SlotOf(name); kRoleSlots[slot] != 0; slot = (slot + 1) % kSlots) {
    const NamedRole& named = kRoles[kRoleSlots[slot] - 1];
    if (named.name == name) return named.role;
  }
  return nullptr;
}

// A field of a runtime's line. What is "id" in containerd's is a request's number in CRI-O's, whose
// messages name what they are about: that goes first.
Role RuntimeRoleOf(std::string_view name, const Event& event) {
  if (name != "id" && name != "container") return RoleOf(name);
  const bool named = !event.container_id.empty() || !event.sandbox_id.empty();
  return named ? nullptr : &ContainerId;
}

void Apply(Role role, const Field& field, Event& event) {
  if (role != nullptr && !field.null()) role(field, event);
}

// By the row's number, the roles of what its template captures.
std::vector<std::vector<Role>> CapturedRoles(LogSource source) {
  std::vector<std::vector<Role>> roles;
  for (const CatalogueRow& row : Catalogue(source)) {
    std::vector<Role>& of_row = roles.emplace_back();
    const Template* const pattern = TemplateOf(row);
    if (pattern == nullptr) continue;
    for (const std::string_view name : pattern->roles()) of_row.push_back(RoleOf(name));
  }
  return roles;
}

void ApplyCaptures(const CatalogueRow& row, const Captures& captures, Event& event) {
  if (captures.count == 0) return;
  static const auto roles = PerSource(CapturedRoles);
  const std::vector<Role>& of_row = roles[static_cast<size_t>(row.source)]
                                         [static_cast<size_t>(&row - Catalogue(row.source).data())];
  for (size_t i = 0; i < captures.count; ++i) {
    const Capture& capture = captures.items[i];
    Apply(of_row[i], Field{capture.role, capture.value, ValueForm::kString}, event);
  }
}

// "kubernetes.io/secret/UID-name": the plugin, and for volumes that are a pod's own, its UID and
// the volume's name in the spec.
void CompleteVolume(Event& event) {
  const std::string_view unique = event.unique_name;
  const size_t first = unique.find('/');
  if (first == std::string_view::npos) return;
  const size_t second = unique.find('/', first + 1);
  if (event.plugin.empty()) event.plugin = unique.substr(0, second);
  if (second == std::string_view::npos) return;
  const std::string_view rest = unique.substr(second + 1);
  const size_t uid_length = rest.size() > 36 && IsUid(rest.substr(0, 36)) ? 36 : 32;
  if (rest.size() <= uid_length + 1 || rest[uid_length] != '-') return;
  if (!IsUid(rest.substr(0, uid_length))) return;
  if (event.pod.uid.empty()) event.pod.uid = rest.substr(0, uid_length);
  if (event.volume.empty() || event.volume == unique) event.volume = rest.substr(uid_length + 1);
}

// What the event must bring to be of any use.
bool Complete(const Event& event) {
  switch (event.kind) {
    case EventKind::kPlegEvent:
      return !event.pod.uid.empty() && !event.pleg_type.empty();
    case EventKind::kContainerFinished:
    case EventKind::kKillStarted:
    case EventKind::kKillAnnounced:
    case EventKind::kContainerExited:
    case EventKind::kRuntimeContainerCreated:
    case EventKind::kRuntimeStopRequested:
    case EventKind::kRuntimeShimGone:
      return !event.container_id.empty();
    case EventKind::kUnmountStarted:
    case EventKind::kUnmounted:
      return !event.unique_name.empty() && !event.pod.uid.empty();
    default:
      return true;
  }
}

}  // namespace

bool Extract(Record& record, const Frame& frame, const CatalogueRow& row, Event& event) {
  event.Clear();
  event.kind = row.kind;
  event.row = &row;
  event.severity = record.severity;
  event.level = std::max<int>(record.level, row.level);
  event.pid = record.pid;
  event.monotonic = frame.monotonic;
  event.boot = frame.boot;
  event.raw = frame.text;
  const ParseError error = ParseFields(record);
  if (row.kind == EventKind::kRedirect) {
    const Field* text = record.Find("err");
    Captures captures;
    const CatalogueRow* inner = text != nullptr ? FindRow(text->value, captures) : nullptr;
    if (inner == nullptr) return true;
    event.row = inner;
    event.kind = inner->kind;
    ApplyCaptures(*inner, captures, event);
    return Complete(event);
  }
  ApplyCaptures(row, record.captures, event);
  for (auto field = record.fields.rbegin(); field != record.fields.rend(); ++field) {
    const Role role =
        row.source == LogSource::kRuntime ? RuntimeRoleOf(field->key, event) : RoleOf(field->key);
    Apply(role, *field, event);  // backwards: the first of a repeated key wins
  }
  if (!event.unique_name.empty()) CompleteVolume(event);
  return Complete(event) && (error == ParseError::kNone || row.source != LogSource::kKubelet ||
                             !event.pod.uid.empty() || !event.pod.name.empty() ||
                             !event.pods.empty() || event.kind == EventKind::kVerbosity);
}

}  // namespace kle
