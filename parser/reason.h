// SPDX-License-Identifier: Apache-2.0
// The closed sets of termination phases and failure reasons, and the one ordered table that turns
// an error text into a reason.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kle {

// The steps of a termination, in their usual order.
enum class Phase : uint8_t {
  kDispatch,  // DELETE to the first kill or hook
  kPrestop,
  kStopContainers,  // first kill to the last container's exit
  kStopSandbox,     // to the sandbox gone, CNI in it
  kUnmountVolumes,
  kRemoveCgroup,
  kUpdateStatus,  // the kubelet's last status in the API, so that deletion may proceed
  kRemoveFromApi,
};
constexpr Phase LastOf(Phase) { return Phase::kRemoveFromApi; }
inline constexpr int kPhaseCount = 8;
std::string_view Name(Phase phase);

// A closed set. To add one: a row of reasons.def.
enum class Reason : uint8_t {
#define KLE_REASON(reason, name, meaning, hint) reason,
#include "parser/reasons.def"
};
inline constexpr Reason kReasons[] = {
#define KLE_REASON(reason, name, meaning, hint) Reason::reason,
#include "parser/reasons.def"
};
inline constexpr int kReasonCount = std::size(kReasons);
constexpr Reason LastOf(Reason) { return static_cast<Reason>(kReasonCount - 1); }
std::string_view Name(Reason reason);

// One row of the reason table. First match wins.
struct ReasonRow {
  Reason reason;
  std::optional<Phase> phase;  // only for failures of this phase; nothing: any
  std::string_view needle;     // of the error text, in lower case: four letters or more
  std::string_view also;       // the same, that must be there too; "" for none
  std::string_view example;  // an error text that this row takes and none above (a test demands it)
  std::string_view evidence;  // upstream issue or where it was recorded
};
std::span<const ReasonRow> ReasonTable();

// Reason of an error text. kOther when no row takes it.
Reason ClassifyFailure(std::string_view error, Phase phase);

// A row of reasons.def.
struct ReasonInfo {
  std::string_view name;
  std::string_view meaning;
  std::string_view hint;
};
const ReasonInfo& Info(Reason reason);

// Its section in dashboards/runbooks/reasons.md.
std::string Anchor(Reason reason);

}  // namespace kle
