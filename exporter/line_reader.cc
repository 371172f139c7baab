// SPDX-License-Identifier: Apache-2.0
#include "exporter/line_reader.h"

#include <algorithm>
#include <cstring>

namespace kle {
namespace {

constexpr size_t kFirstBuffer = 256 * 1024;

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteReader> bytes)
    : bytes_(std::move(bytes)),
      buffer_(std::make_unique_for_overwrite<char[]>(kFirstBuffer)),
      size_(kFirstBuffer) {}

void LineReader::Grow() {
  size_ = std::min(size_ * 2, 2 * kLongestLine);
  auto larger = std::make_unique_for_overwrite<char[]>(size_);
  std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
}

Result<size_t> LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
  }
  if (end_ == size_) Grow();
  auto got = bytes_->Read({buffer_.get() + end_, size_ - end_});
  if (got) end_ += *got;
  return got;
}

Result<bool> LineReader::ReadOn(std::string_view& line) {
  while (!TakeWhole(line)) {
    if (skipping_) {
      begin_ = end_;
    } else if (end_ - begin_ >= kLongestLine) {
      line = std::string_view(buffer_.get() + begin_, kLongestLine);
      begin_ = end_;
      skipping_ = true;
      return true;
    }
    auto got = Fill();
    if (!got) return got.error();
    if (*got == 0) return false;
  }
  return true;
}

bool LineReader::TakeRest(std::string_view& line) {
  const bool any = end_ > begin_ && !skipping_;
  line = std::string_view(buffer_.get() + begin_, end_ - begin_);
  begin_ = searched_ = end_;
  skipping_ = false;
  return any;
}

Result<std::string_view> LineReader::Peek(size_t bytes) {
  while (end_ - begin_ < bytes) {
    auto got = Fill();
    if (!got && end_ == begin_) return got.error();
    if (!got || *got == 0) break;
  }
  return std::string_view(buffer_.get() + begin_, std::min(bytes, end_ - begin_));
}

}  // namespace kle
