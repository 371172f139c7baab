// SPDX-License-Identifier: Apache-2.0
// A place in a journal that a later process, or the same one with the journal opened anew, can go
// on from.
#pragma once

#include <systemd/sd-journal.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/codec.h"

namespace kle {

struct JournalPlace {
  // A cursor and the entries read after it: asking for a cursor costs as much as reading an entry.
  std::string cursor;
  uint64_t after = 0;
  uint64_t realtime = 0;     // of the entry last read, microseconds since 1970
  uint64_t monotonic = 0;    // likewise, since its boot
  uint64_t complete_to = 0;  // likewise: everything that was written before had been read
  std::string boot_id;       // of the entry last read; "" before the first
  uint32_t boot = 0;         // how many boots came before that one
  // Streams whose last entry journald cut: what comes next of them begins no record.
  std::vector<uint64_t> broken_streams;

  bool empty() const { return cursor.empty() && after == 0 && realtime == 0; }
};
KLE_FIELDS(JournalPlace, cursor, after, realtime, monotonic, complete_to, boot_id, boot,
           broken_streams)

// As journald writes a boot's id: what JournalPlace::boot_id holds.
std::string BootText(sd_id128_t boot);

// Of the entry under the read pointer; "" when there is none.
std::string CursorOf(sd_journal* journal);

// Whether two cursors are of one entry, wherever its file went since: the sequence number and its
// id change when /run is flushed to /var, the rest does not.
bool SameEntry(std::string_view cursor, std::string_view other);

}  // namespace kle
