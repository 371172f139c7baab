// SPDX-License-Identifier: Apache-2.0
// One log file, plain or packed, read line by line from a known place.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/byte_reader.h"
#include "exporter/descriptor.h"
#include "exporter/result.h"
#include "parser/codec.h"

namespace kle {

// Where the reading of a log stands, in a way that finds the file again after it was renamed,
// copied or packed: by what it begins with and what stands before the place.
struct LogPlace {
  std::string path;     // as it is followed
  uint64_t offset = 0;  // after the last line given, in unpacked bytes; never within a line
  std::string head;     // first bytes of the file, as they were read
  std::string tail;     // last bytes before `offset`
  int64_t read_at = 0;  // when, in nanoseconds since 1970
};
KLE_FIELDS(LogPlace, path, offset, head, tail, read_at)

class LogFile {
 public:
  // A longer line loses its rest. Above the framer's own limit, so that the framer counts it.
  static constexpr size_t kLongestLine = (size_t{1} << 20) + 4096;

  // From `offset` on. An error when the file is shorter.
  [[nodiscard]] static Result<std::unique_ptr<LogFile>> Open(const std::string& path,
                                                             uint64_t offset);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // The next whole line without its newline, valid until the next call; false when there is none.
  [[nodiscard]] Result<bool> Next(std::string_view& line);

  // What stands after the last newline, as a line; false when that is nothing.
  bool TakeRest(std::string_view& line);

  // Nothing was ever read of it.
  bool untouched() const { return read_to_ == 0; }
  // Truncated, or truncated and written again: what follows is not what came after the lines given.
  bool changed() const { return changed_; }

  // Whether this is the file that `place` is in; opened at its offset, which must not be 0.
  bool Matches(const LogPlace& place) const;
  LogPlace place() const;
  uint64_t device() const { return device_; }
  uint64_t inode() const { return inode_; }
  // Last write, in nanoseconds since 1970.
  int64_t written_at() const;

 private:
  LogFile() = default;
  Result<size_t> Read(char* room, size_t size);
  bool StillThere();
  Result<bool> Fill();
  Result<void> SkipTo(uint64_t offset);
  void Compact();
  void KeepShort();
  void Take(size_t end, std::string_view& line);
  std::string_view Tail() const;

  std::unique_ptr<ByteReader> packed_;
  Descriptor file_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  std::string head_;
  std::string buffer_;    // some bytes given, then what was read and not given yet
  size_t begin_ = 0;      // of what was not given yet
  size_t floor_ = 0;      // from here to begin_ the bytes are as in the file
  size_t searched_ = 0;   // no newline between begin_ and this
  uint64_t offset_ = 0;   // in the file, of begin_
  uint64_t read_to_ = 0;  // in the file
  std::string last_;      // bytes before read_to_
  uint64_t skipped_ = 0;  // of the line under way: more than is kept
  bool changed_ = false;
};

}  // namespace kle
