// SPDX-License-Identifier: Apache-2.0
// Where JournalSource begins, and how it gets back to where it was.
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "exporter/journal_source.h"

namespace kle {
namespace {

// A cursor may be that far ahead of the clock before it counts as one of the future.
constexpr uint64_t kClockSlack = 600'000'000;

uint64_t NowMicros() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

}  // namespace

int JournalSource::SeekStart() {
  switch (options_.start) {
    case StartAt::kAll:
      return sd_journal_seek_head(journal_.get());
    case StartAt::kBoot:
      return SeekBoot();
    case StartAt::kNow: {
      // Never seek_tail and next: 252 gives the last entry again, 254 nothing.
      if (const int error = sd_journal_seek_tail(journal_.get()); error < 0) return error;
      const int moved = sd_journal_previous(journal_.get());
      if (moved > 0) place_.cursor = CursorOf(journal_.get());
      return moved == 0 ? sd_journal_seek_head(journal_.get()) : moved;
    }
  }
  return -EINVAL;
}

bool JournalSource::HasBoot(sd_id128_t boot) {
  sd_journal_flush_matches(journal_.get());
  return AddMatch("_BOOT_ID=" + BootText(boot)) >= 0 && sd_journal_seek_head(journal_.get()) >= 0 &&
         sd_journal_next(journal_.get()) > 0;
}

// Only the running boot's entries: after a reboot that set the clock back, libsystemd would deliver
// none of them to a reader that comes from the boot before. A journal brought from elsewhere has no
// such boot; there it is the last one that was written.
int JournalSource::SeekBoot() {
  sd_id128_t boot{};
  if (sd_id128_get_boot(&boot) >= 0 && HasBoot(boot)) {
    only_boot_ = boot;
    if (const int error = AddMatches(); error < 0) return error;
    return sd_journal_seek_head(journal_.get());
  }
  sd_journal_flush_matches(journal_.get());
  uint64_t ignored = 0;
  std::string first;
  if (sd_journal_seek_tail(journal_.get()) >= 0 && sd_journal_previous(journal_.get()) > 0 &&
      sd_journal_get_monotonic_usec(journal_.get(), &ignored, &boot) >= 0 && HasBoot(boot)) {
    first = CursorOf(journal_.get());
  }
  if (const int error = AddMatches(); error < 0) return error;
  return first.empty() ? sd_journal_seek_head(journal_.get())
                       : sd_journal_seek_cursor(journal_.get(), first.c_str());
}

// The running boot if its clock began before the place, in another boot: libsystemd goes by the
// clock from boot to boot, and would leave its beginning out.
std::optional<sd_id128_t> JournalSource::BootBehindPlace() {
  sd_id128_t boot{};
  uint64_t first = 0;
  if (sd_id128_get_boot(&boot) < 0 || BootText(boot) == place_.boot_id || !HasBoot(boot) ||
      sd_journal_get_realtime_usec(journal_.get(), &first) < 0 || first > place_.realtime) {
    return std::nullopt;
  }
  return boot;
}

// The place cannot be gone back to.
int JournalSource::StartOver(GapReason reason) {
  gaps_.push_back({reason});
  ledger_.Forget();
  const JournalPlace lost = std::exchange(place_, JournalPlace());
  place_.boot_id = lost.boot_id;
  place_.boot = lost.boot;
  if (reason == GapReason::kFutureCursor) {
    boot_to_come_.reset();  // no boot is behind a clock that was wrong
  } else {
    place_.realtime = lost.realtime;
    place_.monotonic = lost.monotonic;
  }
  return SeekPastPlace();
}

// By its times alone. Without any the running boot is read from its beginning, or all that there
// is.
int JournalSource::SeekPastPlace() {
  if (place_.realtime == 0) {
    return options_.start == StartAt::kAll ? sd_journal_seek_head(journal_.get()) : SeekBoot();
  }
  sd_id128_t boot{};
  if (sd_id128_get_boot(&boot) >= 0 && BootText(boot) == place_.boot_id) {
    return sd_journal_seek_monotonic_usec(journal_.get(), boot, place_.monotonic + 1);
  }
  return sd_journal_seek_realtime_usec(journal_.get(), place_.realtime + 1);
}

// Back to the entry last read. A cursor of the future would silence libsystemd for good, and one
// that was deleted leads to what is left: neither is an error to it.
int JournalSource::Resume() {
  if (only_boot_ && place_.boot_id != BootText(*only_boot_)) {
    return sd_journal_seek_head(journal_.get());
  }
  sd_id128_t boot{};
  const bool running = sd_id128_get_boot(&boot) >= 0 && BootText(boot) == place_.boot_id;
  if (following() && boots_to_come_ && !only_boot_) {
    boot_to_come_ = BootBehindPlace();
    if (const int error = AddMatches(); error < 0) return error;
  }
  if (place_.cursor.empty()) {
    const int error = place_.after > 0 ? SeekStart() : SeekPastPlace();
    return error < 0 ? error : SkipRead();
  }
  if (!running && place_.realtime > NowMicros() + kClockSlack) {
    return StartOver(GapReason::kFutureCursor);
  }
  if (sd_journal_seek_cursor(journal_.get(), place_.cursor.c_str()) < 0) {
    return StartOver(GapReason::kCursorLost);
  }
  const int moved = sd_journal_next(journal_.get());
  if (moved < 0) return moved;
  if (moved == 0) {
    // Nothing at or after the cursor: an empty journal, or one that ends before it.
    const bool empty =
        sd_journal_seek_head(journal_.get()) < 0 || sd_journal_next(journal_.get()) <= 0;
    return empty ? sd_journal_seek_head(journal_.get()) : StartOver(GapReason::kCursorLost);
  }
  if (SameEntry(CursorOf(journal_.get()), place_.cursor)) return SkipRead();
  positioned_ = SkipOlder();
  place_.after = 0;
  // The entry last read is gone. Was anything that came after it?
  ledger_.Forget();
  const uint64_t oldest = OldestKept();
  if (oldest <= place_.realtime) {
    gaps_.push_back({GapReason::kCursorLost});
  } else if (oldest > std::max(place_.realtime, place_.complete_to)) {
    gaps_.push_back({GapReason::kVacuumed});
    place_.complete_to = oldest;
  }
  return 0;
}

// Past what is known to be read though its place is gone; true when there is more.
bool JournalSource::SkipOlder() {
  uint64_t monotonic = 0;
  sd_id128_t boot{};
  while (sd_journal_get_monotonic_usec(journal_.get(), &monotonic, &boot) >= 0 &&
         BootText(boot) == place_.boot_id && monotonic <= place_.monotonic) {
    if (sd_journal_next(journal_.get()) <= 0) return false;
  }
  return true;
}

int JournalSource::SkipRead() {
  for (uint64_t i = 0; i < place_.after; ++i) {
    if (const int moved = sd_journal_next(journal_.get()); moved <= 0) return moved;
  }
  return 0;
}

// At the first end of what was there: the running boot's entries are missing when its clock stands
// before the last boot's end, since libsystemd goes by the clock from boot to boot.
bool JournalSource::TurnToRunningBoot() {
  Mark();
  sd_id128_t boot{};
  if (!std::exchange(boots_to_come_, false) || only_boot_ || place_.boot_id.empty() ||
      sd_id128_get_boot(&boot) < 0 || BootText(boot) == place_.boot_id) {
    return false;
  }
  const bool there = HasBoot(boot);
  boot_to_come_.reset();
  if (there) only_boot_ = boot;
  AddMatches();
  if (there) {
    sd_journal_seek_head(journal_.get());
  } else if (place_.cursor.empty()) {
    SeekPastPlace();
  } else if (sd_journal_seek_cursor(journal_.get(), place_.cursor.c_str()) >= 0 &&
             sd_journal_next(journal_.get()) >= 0) {
    SkipRead();
  }
  return there;
}

}  // namespace kle
