// SPDX-License-Identifier: Apache-2.0
// Holds the entries that a reader met against what the journal's files say they have.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/journal_index.h"
#include "metrics/gap.h"

namespace kle {

class JournalLedger {
 public:
  // "FIELD=value" of the entries that are read: one of them. What was known of others is forgotten.
  void Read(std::vector<std::string> matches);

  // Nothing was met yet, and everything in the files will be.
  void Begin() { surplus_ = Range{0, 0}; }

  // Entries are known to be missing: those are not told again.
  void Forget() { surplus_.reset(); }

  // At the files, which may go or be damaged before they are read; `met` entries so far, the last
  // one of the time `read_to` (microseconds since 1970; 0: none).
  void Look(const std::vector<std::string>& files, uint64_t met, uint64_t read_to);

  // Everything that was there when it was last looked has been read, or cannot be. What is missing,
  // unless it was told before.
  std::optional<Gap> Settle(uint64_t met);

 private:
  // Met, less what the files have: the same at all times, unless entries are missing. Entries that
  // come between a look and its settling leave two bounds of it.
  struct Range {
    int64_t low = 0;
    int64_t high = 0;
  };

  struct File {
    uint64_t entries = 0;
    uint64_t first = 0;
    uint64_t last = 0;
    bool counted = true;   // libsystemd gives all of its entries
    bool there = true;     // when it was last looked
    bool damaged = false;  // before it was ever known how many it has
  };

  int64_t Total() const;
  bool Counts(const JournalIndex& index, uint64_t read_to) const;
  bool TakeDamaged();
  void DropOld();

  std::vector<std::string> matches_;
  std::map<JournalFileId, File> files_;
  int64_t dropped_ = 0;  // entries of files that are no longer in files_
  std::optional<int64_t> looked_;
  std::optional<Range> surplus_;
};

}  // namespace kle
