// SPDX-License-Identifier: Apache-2.0
// Ways in which lines can go missing. The names are the values of `journal_gaps_total{reason}`.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace kle {

// To add one: a value here, a row in gap.cc, and the source that finds it.
enum class GapReason : uint8_t {
  kSuppressed,       // a rate limit dropped lines: journald or rsyslog tells how many
  kVacuumed,         // entries were deleted before they were read
  kCursorLost,       // the place to go on from is no longer there
  kFutureCursor,     // the place to go on from lies in the future; it was given up
  kUnreadableEntry,  // an entry that the journal cannot give
  kCorrupted,        // a journal file that could not be read to its end
  kTruncated,        // a file became shorter than what was read of it
  kRotatedAway,      // a log file that was not read to its end is no longer there
};
inline constexpr int kGapReasonCount = 8;
std::string_view Name(GapReason reason);
// Why lines are missing, for a person: follows "lines are missing: ".
std::string_view Meaning(GapReason reason);

struct Gap {
  GapReason reason = GapReason::kCursorLost;
  uint64_t lines = 0;  // lost, where someone counted them
};

// Times that lines are missing, for one reason.
struct GapCount {
  uint64_t times = 0;
  uint64_t lines = 0;  // lost, where someone counted them
};
using GapCounts = std::map<GapReason, GapCount>;

}  // namespace kle
