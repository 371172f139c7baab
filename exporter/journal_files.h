// SPDX-License-Identifier: Apache-2.0
// Looks at journal files itself: libsystemd opens what it cannot read and then gives nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace kle {

struct JournalFiles {
  std::vector<std::string> readable;
  // By reason: permission, bad_magic, newer_format, io_error. Folders that cannot be entered count
  // as one file.
  std::map<std::string, int64_t> unreadable;
  // What lets this process read those that it may not; "" when there are none.
  std::string advice;

  int64_t unreadable_total() const;
};

// The file begins as journals do.
bool IsJournalFile(const std::string& path);

// "" when libsystemd can read the file, else the reason.
std::string JournalFileTrouble(const std::string& path);

// Every journal file of a folder and of its machine folders; an error when the folder itself cannot
// be read. A folder without any is no error.
[[nodiscard]] Result<JournalFiles> ListJournalFiles(const std::string& folder);

// What lets this process read a journal's file or folder, with the id of the group that may.
std::string JournalAccessAdvice(const std::string& path);

// Folders that journald writes to, those that exist.
std::vector<std::string> LocalJournalFolders();

}  // namespace kle
