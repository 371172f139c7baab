// SPDX-License-Identifier: Apache-2.0
// What the files of a journal say they hold. libsystemd reads a damaged file as far as it gets and
// says nothing of the rest.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kle {

using JournalFileId = std::array<char, 16>;

struct JournalIndex {
  JournalFileId id{};  // the file's own: it keeps it when it is rotated
  uint64_t all = 0;    // entries of the file
  // Those that have what was asked for; nothing when the index is damaged.
  std::optional<uint64_t> entries;
  // Times of the file's first and last entry, of whatever unit: microseconds since 1970.
  uint64_t first = 0;
  uint64_t last = 0;
};

// By the file's own index (https://systemd.io/JOURNAL_FILE_FORMAT/), in a time that does not grow
// with its entries. `matches` are "FIELD=value", of which no entry has two. Of a file that cannot
// be read, or is none, everything is zero.
JournalIndex ReadJournalIndex(const std::string& path, const std::vector<std::string>& matches);

}  // namespace kle
