// SPDX-License-Identifier: Apache-2.0
#include "metrics/gap.h"

#include <array>

namespace kle {

std::string_view Name(GapReason reason) {
  constexpr std::array<std::string_view, kGapReasonCount> kNames{
      "suppressed",       "vacuumed",  "cursor_lost", "future_cursor",
      "unreadable_entry", "corrupted", "truncated",   "rotated_away"};
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace kle
