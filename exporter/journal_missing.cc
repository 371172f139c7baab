// SPDX-License-Identifier: Apache-2.0
// Entries that JournalSource never got: libsystemd says nothing of them. By the journal's times,
// and by what its files say they hold (docs/decisions/0009, 0027).
#include <algorithm>
#include <string_view>
#include <utility>

#include "exporter/journal_source.h"

namespace kle {
namespace {

// Below a journal's folder libsystemd reads those of machines, and of no namespace.
bool OfNamespace(std::string_view path) {
  const size_t slash = path.find('/');
  return slash != path.npos && path.substr(0, slash).find('.') != path.npos;
}

}  // namespace

uint64_t JournalSource::OldestKept() {
  uint64_t oldest = 0;
  return journal_ && sd_journal_get_cutoff_realtime_usec(journal_.get(), &oldest, nullptr) > 0
             ? oldest
             : 0;
}

// libsystemd steps over what was deleted without a word. Entries are missing when the oldest one
// kept is later than one that was read, and earlier than the next: the step led over the gap; or
// later than all that was known to be read.
void JournalSource::FindVacuumed() {
  const uint64_t oldest = OldestKept();
  bool vacuumed = false;
  uint64_t before = place_.complete_to;
  for (const uint64_t realtime : recent_) {
    vacuumed |= before < oldest && oldest <= realtime && before > 0;
    before = std::max(before, realtime);
  }
  vacuumed |= before > 0 && before < oldest;
  if (!vacuumed) return;
  gaps_.push_back({GapReason::kVacuumed});
  ledger_.Forget();
  place_.complete_to = std::max(before, oldest);
}

void JournalSource::Look() {
  std::vector<std::string> files = options_.files;
  for (const std::string& folder : Folders()) {
    auto listed = ListJournalFiles(folder);
    if (!listed) continue;
    for (const std::string& path : listed->readable) {
      if (!OfNamespace(std::string_view(path).substr(folder.size() + 1))) files.push_back(path);
    }
  }
  ledger_.Look(files, met_, place_.realtime);
}

// There was nothing more. libsystemd gives up a damaged file without a word, and its times do not
// tell of a file that was deleted between others. True when there is more to read or to tell.
bool JournalSource::FindMissing() {
  if (std::exchange(settle_next_, false)) {
    const auto gap = ledger_.Settle(met_);
    if (gap) gaps_.push_back(*gap);
    return gap.has_value();
  }
  if (!std::exchange(files_changed_, false)) return false;
  Look();
  settle_next_ = true;
  Process();  // libsystemd knows the files then that were looked at
  return true;
}

// What cannot be read is often what was deleted just now: that is one gap.
void JournalSource::CannotRead(GapReason reason) {
  const bool deleted =
      std::ranges::any_of(gaps_, [](const Gap& gap) { return gap.reason == GapReason::kVacuumed; });
  if (!deleted) gaps_.push_back({reason});
}

std::vector<std::string> JournalSource::Folders() const {
  if (!following()) return {};
  if (options_.directory.empty()) return LocalJournalFolders();
  return {options_.directory};
}

}  // namespace kle
