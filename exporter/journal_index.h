// SPDX-License-Identifier: Apache-2.0
// What the files of a journal say they hold. libsystemd reads a damaged file as far as it gets and
// says nothing of the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kle {

// How many entries of a file have a value of a field.
struct JournalIndex {
  uint64_t entries = 0;
  // Times of the file's first and last entry, of whatever unit: microseconds since 1970.
  uint64_t first = 0;
  uint64_t last = 0;
};

// By the file's own index (https://systemd.io/JOURNAL_FILE_FORMAT/), in a time that does not grow
// with its entries. `matches` are "FIELD=value", of which no entry has two. Nothing when the file
// cannot be read or its index makes no sense.
std::optional<JournalIndex> ReadJournalIndex(const std::string& path,
                                             const std::vector<std::string>& matches);

// Entries that a reader of all the files must meet, at least. Files that overlap in time may hold
// the same entries, which libsystemd gives once: of those nothing is known.
uint64_t EntriesIndexed(const std::vector<std::string>& files,
                        const std::vector<std::string>& matches);

}  // namespace kle
