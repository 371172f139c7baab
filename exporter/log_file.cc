// SPDX-License-Identifier: Apache-2.0
#include "exporter/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kle {
namespace {

constexpr size_t kBlock = size_t{64} << 10;
constexpr size_t kHead = 256;
constexpr size_t kTail = 64;
constexpr int64_t kTick = 10'000'000;

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::Open(const std::string& path, uint64_t offset) {
  std::unique_ptr<LogFile> file(new LogFile);
  file->file_ = Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (*file->file_ < 0 || fstat(*file->file_, &info) != 0) {
    return SystemError(
        "cannot follow", path, errno,
        errno == EACCES ? "run as a user who may read it" : "is --file.path the kubelet's log?");
  }
  if (!S_ISREG(info.st_mode)) {
    return Error("cannot follow " + path + ": it is no regular file: name the kubelet's log");
  }
  file->device_ = info.st_dev;
  file->inode_ = info.st_ino;
  auto bytes = BytesOf(*file->file_, path);  // under the name there may be another file by now
  if (!bytes) return bytes.error();
  if ((*bytes)->compressed()) file->packed_ = std::move(*bytes);
  if (auto skipped = file->SkipTo(offset); !skipped) return skipped.error();
  return file;
}

Result<size_t> LogFile::Read(char* room, size_t size) {
  if (packed_) return packed_->Read({room, size});
  const ssize_t got = pread(*file_, room, size, static_cast<off_t>(read_to_));
  if (got < 0) return SystemError("cannot read the log", "", errno);
  return static_cast<size_t>(got);
}

// A packed file has to be unpacked up to the place; of a plain one head and tail are enough.
Result<void> LogFile::SkipTo(uint64_t offset) {
  std::string block(kBlock, '\0');
  const auto read = [&](size_t wanted) -> Result<bool> {
    auto got = Read(block.data(), std::min(block.size(), wanted));
    if (!got) return got.error();
    const std::string_view bytes(block.data(), *got);
    if (head_.size() < kHead) head_.append(bytes.substr(0, kHead - head_.size()));
    last_.append(bytes);
    if (last_.size() > kTail) last_.erase(0, last_.size() - kTail);
    read_to_ += *got;
    return *got > 0;
  };
  const uint64_t tail_from = packed_ || offset <= kHead + kTail ? 0 : offset - kTail;
  while (read_to_ < offset) {
    if (read_to_ >= kHead && read_to_ < tail_from) {
      read_to_ = tail_from;
      last_.clear();
    }
    const uint64_t until = read_to_ < tail_from ? kHead : offset;
    auto more = read(static_cast<size_t>(until - read_to_));
    if (!more) return more.error();
    if (!*more) return Error("the log ends before the place to go on from");
  }
  buffer_ = last_;
  begin_ = searched_ = buffer_.size();
  offset_ = offset;
  return {};
}

// The bytes read last are where they were: nobody truncated the file, and wrote it again,
// meanwhile.
bool LogFile::StillThere() {
  if (packed_ || last_.empty()) return true;
  std::array<char, kTail> now{};
  const ssize_t got =
      pread(*file_, now.data(), last_.size(), static_cast<off_t>(read_to_ - last_.size()));
  return got == static_cast<ssize_t>(last_.size()) &&
         std::string_view(now.data(), last_.size()) == last_;
}

void LogFile::Compact() {
  if (begin_ < kBlock) return;
  const size_t gone = begin_ - kTail;
  buffer_.erase(0, gone);
  begin_ -= gone;
  searched_ -= gone;
  floor_ = floor_ > gone ? floor_ - gone : 0;
}

// Of a line without an end only the beginning is kept.
void LogFile::KeepShort() {
  const size_t pending = buffer_.size() - begin_;
  if (pending <= kLongestLine) return;
  const size_t newline = buffer_.find('\n', begin_ + kLongestLine);
  const size_t end = newline == std::string::npos ? buffer_.size() : newline;
  skipped_ += end - (begin_ + kLongestLine);
  buffer_.erase(begin_ + kLongestLine, end - (begin_ + kLongestLine));
  searched_ = begin_ + kLongestLine;
}

Result<bool> LogFile::Fill() {
  Compact();
  const size_t before = buffer_.size();
  buffer_.resize(before + kBlock);
  auto got = Read(buffer_.data() + before, kBlock);
  if (!got || *got == 0 || !StillThere()) {
    buffer_.resize(before);
    if (!got) return got.error();
    struct stat info {};
    changed_ =
        !packed_ &&
        (*got > 0 || (fstat(*file_, &info) == 0 && static_cast<uint64_t>(info.st_size) < read_to_));
    return false;
  }
  buffer_.resize(before + *got);
  const std::string_view bytes = std::string_view(buffer_).substr(before);
  if (head_.size() < kHead && read_to_ == head_.size()) {
    head_.append(bytes.substr(0, kHead - head_.size()));
  }
  last_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kTail)));
  if (last_.size() > kTail) last_.erase(0, last_.size() - kTail);
  read_to_ += *got;
  // A writer that does not append goes on at its old place after a truncation: a hole before it.
  if (buffer_[begin_] == '\0') {
    const size_t text = std::min(buffer_.find_first_not_of('\0', begin_), buffer_.size());
    offset_ += text - begin_;
    begin_ = floor_ = text;
    searched_ = std::max(searched_, begin_);
  }
  KeepShort();
  return true;
}

void LogFile::Take(size_t end, std::string_view& line) {
  line = std::string_view(buffer_).substr(begin_, end - begin_);
  const size_t next = std::min(end + 1, buffer_.size());
  offset_ += next - begin_ + skipped_;
  if (skipped_ > 0) floor_ = next;
  skipped_ = 0;
  begin_ = searched_ = next;
}

Result<bool> LogFile::Next(std::string_view& line) {
  while (true) {
    const size_t newline = buffer_.find('\n', searched_);
    if (newline != std::string::npos) {
      Take(newline, line);
      return true;
    }
    searched_ = buffer_.size();
    if (changed_) return false;
    auto more = Fill();
    if (!more) return more.error();
    if (!*more) return false;
  }
}

bool LogFile::TakeRest(std::string_view& line) {
  if (begin_ == buffer_.size()) return false;
  Take(buffer_.size(), line);
  return true;
}

std::string_view LogFile::Tail() const {
  const size_t from = std::max(floor_, begin_ - std::min(begin_, kTail));
  return std::string_view(buffer_).substr(from, begin_ - from);
}

bool LogFile::Matches(const LogPlace& place) const {
  const size_t head = std::min(place.head.size(), head_.size());
  const size_t tail = std::min(place.tail.size(), Tail().size());
  return head_.substr(0, head) == place.head.substr(0, head) &&
         Tail().substr(Tail().size() - tail) == place.tail.substr(place.tail.size() - tail);
}

LogPlace LogFile::place() const {
  LogPlace place;
  place.offset = offset_;
  place.head = head_.substr(0, static_cast<size_t>(std::min<uint64_t>(head_.size(), offset_)));
  place.tail = Tail();
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);  // what file systems stamp with
  place.read_at = Nanoseconds(now) - kTick;
  return place;
}

int64_t LogFile::written_at() const {
  struct stat info {};
  return fstat(*file_, &info) == 0 ? Nanoseconds(info.st_mtim) : 0;
}

}  // namespace kle
