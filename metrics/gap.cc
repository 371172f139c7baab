// SPDX-License-Identifier: Apache-2.0
#include "metrics/gap.h"

namespace kle {
namespace {

struct Words {
  std::string_view name;
  std::string_view meaning;
};

// By GapReason.
constexpr Words kWords[kGapReasonCount]{
    {"suppressed",
     "the rate limit of journald (RateLimitBurst= in journald.conf) or of rsyslog's imjournal "
     "dropped them"},
    {"vacuumed", "the journal deleted them before they were read"},
    {"cursor_lost", "the place to go on from is no longer there"},
    {"future_cursor", "the place to go on from lies in the future"},
    {"unreadable_entry", "the journal cannot give them; journalctl --verify names the file"},
    {"corrupted", "a journal file is damaged; journalctl --verify names it"},
    {"truncated", "a file became shorter than what was read of it"},
    {"rotated_away", "a log file that was not read to its end is no longer there"},
};

}  // namespace

std::string_view Name(GapReason reason) { return kWords[static_cast<size_t>(reason)].name; }

std::string_view Meaning(GapReason reason) { return kWords[static_cast<size_t>(reason)].meaning; }

}  // namespace kle
