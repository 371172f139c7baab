// SPDX-License-Identifier: Apache-2.0
// What one kubelet line tells. Views point into the record: copy what must outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/record.h"
#include "parser/time.h"
#include "parser/values.h"

namespace kle {

// A closed set. To add one: a row of event_kinds.def.
enum class EventKind : uint8_t {
#define KLE_EVENT_KIND(kind, name) kind,
#include "parser/event_kinds.def"
};
inline constexpr EventKind kEventKinds[] = {
#define KLE_EVENT_KIND(kind, name) EventKind::kind,
#include "parser/event_kinds.def"
};
inline constexpr int kEventKindCount = std::size(kEventKinds);
std::string_view Name(EventKind kind);

// Seconds that a pod can have been given: nobody waits longer, and arithmetic holds.
constexpr bool IsGrace(int64_t seconds) { return seconds >= 0 && seconds <= 1'000'000'000; }

struct CatalogueRow;

struct Event {
  EventKind kind = EventKind::kVerbosity;
  const CatalogueRow* row = nullptr;
  Timestamp at;
  Severity severity = Severity::kInfo;
  int level = -1;  // verbosity that the line proves: JSON "v", else the row's
  uint64_t pid = 0;
  std::optional<Duration> monotonic;
  uint32_t boot = 0;

  PodRef pod;                     // any part may be empty
  std::vector<PodRef> pods;       // SyncLoop lines
  std::string_view source;        // api, file, http
  std::string_view container;     // name
  std::string_view container_id;  // hex, no scheme
  std::string_view sandbox_id;
  std::vector<std::string_view> sandbox_ids;
  uint64_t lines = 0;  // lost
  std::optional<int64_t> grace_seconds;
  std::optional<int64_t> exit_code;
  std::optional<double> seconds;       // the kubelet's own startup figure
  std::optional<Timestamp> exited_at;  // the runtime's own time of an exit
  std::string_view pleg_type;  // ContainerStarted, ContainerDied, ...; newState of a transition
  std::vector<ContainerState> states;
  std::string_view volume;       // name in the pod's spec
  std::string_view unique_name;  // kubernetes.io/PLUGIN/...
  std::string_view plugin;
  std::string_view error;
  std::string_view reason;  // recorder event's or admission's reason; probe type; runtime's name
  std::string_view
      detail;  // kubelet version, cgroup driver, recorder message, probe or pod status, unit
  std::string_view raw;  // the record's text, for samples

  // Holds a UID that had to be rewritten (cgroup names spell it with underscores).
  std::array<char, 36> uid_buffer;

  // Empties everything, keeps the vectors' memory.
  void Clear();
};

}  // namespace kle
