// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_ledger.h"

#include <algorithm>
#include <utility>

namespace kle {
namespace {

// journald keeps 100 files.
constexpr size_t kMostFiles = 256;

}  // namespace

void JournalLedger::Read(std::vector<std::string> matches) {
  std::ranges::sort(matches);
  matches.erase(std::unique(matches.begin(), matches.end()), matches.end());
  if (matches == matches_) return;
  *this = JournalLedger();
  matches_ = std::move(matches);
}

// The same entries in two files are given once; those older than what was read, never.
bool JournalLedger::Counts(const JournalIndex& index, uint64_t read_to) const {
  return index.first >= read_to && std::ranges::none_of(files_, [&](const auto& known) {
           const File& other = known.second;
           return other.entries > 0 && index.first < other.last && other.first < index.last;
         });
}

void JournalLedger::Look(const std::vector<std::string>& files, uint64_t met, uint64_t read_to) {
  if (files_.empty()) read_to = 0;  // what was read before is in all counts alike
  for (auto& [id, file] : files_) file.there = false;
  for (const std::string& path : files) {
    const JournalIndex index = ReadJournalIndex(path, matches_);
    const auto [known, fresh] = files_.try_emplace(index.id);
    File& file = known->second;
    file.there = true;
    // What a reader that goes on finds at first was there before, and told.
    if (fresh && surplus_) file.damaged = index.all > 0 && !index.entries;
    if (index.entries.value_or(0) <= file.entries) continue;
    // The first entries decide: until then there is no time to go by.
    if (file.entries == 0) file.counted = Counts(index, read_to);
    file.first = index.first;
    file.last = index.last;
    file.entries = *index.entries;
    file.damaged = false;
  }
  DropOld();
  looked_ = static_cast<int64_t>(met) - Total();
}

std::optional<Gap> JournalLedger::Settle(uint64_t met) {
  if (!looked_) return std::nullopt;
  const Range now{*std::exchange(looked_, std::nullopt), static_cast<int64_t>(met) - Total()};
  const Range before = surplus_.value_or(now);
  const int64_t missing = before.low - now.high;
  if (missing > 0 || now.low > before.high) {
    surplus_ = now;
  } else {
    surplus_ = Range{std::max(before.low, now.low), std::min(before.high, now.high)};
  }
  const bool damaged = TakeDamaged();
  if (missing <= 0 && !damaged) return std::nullopt;
  if (missing <= 0) return Gap{GapReason::kCorrupted};
  const bool gone =
      std::ranges::any_of(files_, [](const auto& file) { return !file.second.there; });
  return Gap{gone ? GapReason::kVacuumed : GapReason::kCorrupted, static_cast<uint64_t>(missing)};
}

bool JournalLedger::TakeDamaged() {
  bool any = false;
  for (auto& [id, file] : files_) any |= std::exchange(file.damaged, false);
  return any;
}

int64_t JournalLedger::Total() const {
  int64_t total = dropped_;
  for (const auto& [id, file] : files_) {
    if (file.counted) total += static_cast<int64_t>(file.entries);
  }
  return total;
}

void JournalLedger::DropOld() {
  if (files_.size() <= kMostFiles) return;
  std::erase_if(files_, [&](const auto& known) {
    const File& file = known.second;
    if (!file.there && file.counted) dropped_ += static_cast<int64_t>(file.entries);
    return !file.there;
  });
}

}  // namespace kle
