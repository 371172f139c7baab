// SPDX-License-Identifier: Apache-2.0
#include "parser/event.h"

namespace kle {
namespace {

constexpr std::string_view kNames[kEventKindCount] = {
#define KLE_EVENT_KIND(kind, name) name,
#include "parser/event_kinds.def"
};

}  // namespace

std::string_view Name(EventKind kind) { return kNames[static_cast<size_t>(kind)]; }

void Event::Clear() {
  // The vectors keep their memory: an event must cost no allocation.
  pods.clear();
  sandbox_ids.clear();
  states.clear();
  kind = EventKind::kVerbosity;
  row = nullptr;
  at = Timestamp{};
  severity = Severity::kInfo;
  level = -1;
  pid = 0;
  monotonic.reset();
  boot = 0;
  pod = PodRef{};
  source = container = container_id = sandbox_id = {};
  lines = 0;
  grace_seconds.reset();
  exit_code.reset();
  seconds.reset();
  exited_at.reset();
  pleg_type = volume = unique_name = plugin = {};
  error = reason = detail = raw = {};
}

}  // namespace kle
