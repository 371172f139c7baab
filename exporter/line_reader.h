// SPDX-License-Identifier: Apache-2.0
// Lines out of blocks of bytes, as views into one buffer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "exporter/byte_reader.h"
#include "exporter/result.h"

namespace kle {

class LineReader {
 public:
  // A longer line loses its rest. Above the framer's own limit, so that the framer counts it.
  static constexpr size_t kLongestLine = (size_t{1} << 20) + 4096;

  explicit LineReader(std::unique_ptr<ByteReader> bytes);

  // The next whole line, without its newline, valid until the next call. False when the input has
  // no whole line (left): what stands after the last newline is kept back.
  [[nodiscard]] Result<bool> Next(std::string_view& line) {
    if (skipping_ || !TakeWhole(line)) return ReadOn(line);
    return true;
  }

  // The same for what has been read already: no system call, and most lines.
  bool TakeWhole(std::string_view& line) {
    if (end_ == searched_) return false;
    const char* const from = buffer_.get();
    const void* const newline = std::memchr(from + searched_, '\n', end_ - searched_);
    if (newline == nullptr) {
      searched_ = end_;
      return false;
    }
    const size_t at = static_cast<size_t>(static_cast<const char*>(newline) - from);
    line = std::string_view(from + begin_, at - begin_);
    begin_ = searched_ = at + 1;
    if (!skipping_) return true;
    skipping_ = false;
    return TakeWhole(line);
  }

  // What stands after the last newline, given away as a line. False when that is nothing.
  bool TakeRest(std::string_view& line);

  // What was read and not yet given as lines, but for what belongs to a line that lost its rest.
  std::string_view Ahead() const {
    return skipping_ ? std::string_view() : std::string_view(buffer_.get() + begin_, pending());
  }
  // Whole lines at the front of Ahead are dealt with.
  void Skip(size_t bytes) {
    begin_ += bytes;
    searched_ = std::max(searched_, begin_);
  }

  // Up to `bytes` of what comes next, without taking it; an error only where there is nothing.
  [[nodiscard]] Result<std::string_view> Peek(size_t bytes);

  const ByteReader& bytes() const { return *bytes_; }
  // Bytes read but not yet given as lines.
  size_t pending() const { return end_ - begin_; }

 private:
  Result<size_t> Fill();
  void Grow();
  Result<bool> ReadOn(std::string_view& line);

  std::unique_ptr<ByteReader> bytes_;
  std::unique_ptr<char[]> buffer_;
  size_t size_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t searched_ = 0;  // no newline before this
  bool skipping_ = false;
};

}  // namespace kle
