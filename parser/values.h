// SPDX-License-Identifier: Apache-2.0
// The composite values that kubelets print, one reader each for every form of 1.14 to 1.36.
// Source of the forms: klog's value printing by version and the kubelet's own Stringers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/record.h"
#include "parser/time.h"

namespace kle {

// Views into the record. Any part may be empty when the line does not tell it.
struct PodRef {
  std::string_view namespace_;
  std::string_view name;
  std::string_view uid;

  bool operator==(const PodRef&) const = default;
};

// "ns/name", "name", {"name":..,"namespace":..} (JSON logs), `name_ns(uid)` (<= 1.20, also with a
// `:DeletionTimestamp=...` suffix).
std::optional<PodRef> ParsePodRef(const Field& field);
std::optional<PodRef> ParsePodRef(std::string_view text);

// Lists of pods in every form: [ns/a ns/b]   "[ns/a ns/b]"   ["ns/a","ns/b"]   [{"name":..}]
// "a_ns(uid1), b_ns(uid2)"   []   null. Appends to `out`; false when the value is no such list.
bool ParsePodRefs(const Field& field, std::vector<PodRef>& out);

// containerd://HEX, docker://HEX, cri-o://HEX, bare HEX, {Type:docker ID:HEX},
// {"Type":"containerd","ID":"HEX"}: the part after the scheme. Empty when there is none.
std::string_view ParseContainerId(const Field& field);
std::string_view ParseContainerId(std::string_view text);
// A list of ids: [HEX HEX], ["HEX","HEX"]. Appends.
void ParseContainerIds(const Field& field, std::vector<std::string_view>& out);

// A whole number; nothing for null, <nil> or anything else. Also of `"30"` and of JSON 30.0.
std::optional<int64_t> ParseInteger(const Field& field);
// Seconds: a plain number or Go's duration form ("2m3s", "1.5s", "100ms").
std::optional<double> ParseSeconds(const Field& field);
std::optional<double> ParseGoDuration(std::string_view text);

// &{ID:U Type:ContainerDied Data:HEX}   {"ID":"U","Type":"ContainerDied","Data":"HEX"}
// &pleg.PodLifecycleEvent{ID:"U", Type:"ContainerDied", Data:"HEX"} (<= 1.20)
struct PlegEvent {
  std::string_view uid;
  std::string_view type;  // ContainerStarted, ContainerDied, ContainerRemoved, ...
  std::string_view data;  // container or sandbox id
};
std::optional<PlegEvent> ParsePlegEvent(const Field& field);
std::optional<PlegEvent> ParsePlegEvent(std::string_view text);

// "Post-termination container state": (app state=exited exitCode=0 finishedAt=2026-...Z) (b ...)
// [{Name:app State:exited ExitCode:0 FinishedAt:2026-...Z} ...]   [{"Name":"app",...}]
struct ContainerState {
  std::string_view name;
  std::string_view state;  // exited, running, created, unknown
  std::optional<int64_t> exit_code;
  std::optional<Timestamp> finished_at;
};
bool ParseContainerStates(const Field& field, std::vector<ContainerState>& out);

// Of a pod's status, the code that this container exited with; nothing while it runs:
// Terminated:&ContainerStateTerminated{ExitCode:137,...,ContainerID:docker://HEX,}
// "terminated":{"exitCode":137,...,"containerID":"docker://HEX"}
std::optional<int64_t> ExitCodeIn(std::string_view status, std::string_view container_id);

// A CRI message as the runtime prints it, by Go's gogo and by its newer protobuf:
// &PodSandboxMetadata{Name:web-1,Uid:U,Namespace:ns,Attempt:0,}   name:"web-1"  uid:"U" ...
std::optional<PodRef> ParsePodMetadata(std::string_view text);
// &ContainerMetadata{Name:app,Attempt:0,}   name:"app"  attempt:1: the name.
std::string_view ParseContainerMetadata(std::string_view text);

// id:"..."  pid:1  exit_status:137  exited_at:{seconds:1795478320  nanos:680380783}. What is 0 is
// left out.
struct TaskExit {
  int64_t code = 0;
  Timestamp at;
};
std::optional<TaskExit> ParseTaskExit(std::string_view text);

}  // namespace kle
