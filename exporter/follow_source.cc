// SPDX-License-Identifier: Apache-2.0
// Polling, not inotify: two calls a file and poll cost next to nothing, work on every file system
// and cannot run out of watches.
#include "exporter/follow_source.h"

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "exporter/sniff.h"

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollEvery(200);

// True when a signal came.
bool Pause(milliseconds duration) {
  return poll(nullptr, 0, static_cast<int>(duration.count())) < 0 && errno == EINTR;
}

// Only a look at the beginning: a file that holds no kubelet line yet may hold some soon.
Result<void> CheckText(const std::string& path) {
  auto bytes = OpenPlain(path, 0);
  if (!bytes) return bytes.error();
  LineReader reader(std::move(*bytes));
  auto head = reader.Peek(kSniffBytes);
  if (!head) return head.error();
  const Sniffed sniffed = Sniff(*head, {});
  if (!sniffed.binary && !sniffed.journal) return {};
  return Error("cannot follow " + path +
               ": it is a binary file, not a growing log: give saved or packed ones to `report`");
}

}  // namespace

Result<std::unique_ptr<FollowSource>> FollowSource::Open(const std::vector<std::string>& paths,
                                                         StartAt start,
                                                         std::string_view /*position*/) {
  std::unique_ptr<FollowSource> source(new FollowSource);
  for (const std::string& path : paths) {
    Followed file;
    file.path = path;
    file.stream = source->files_.size();
    if (auto opened = OpenFile(file, start == StartAt::kNow); !opened) return opened.error();
    if (auto text = CheckText(path); !text) return text.error();
    source->files_.push_back(std::move(file));
  }
  return source;
}

Result<void> FollowSource::OpenFile(Followed& file, bool at_end) {
  struct stat info {};
  if (stat(file.path.c_str(), &info) != 0) {
    return SystemError(
        "cannot follow", file.path, errno,
        errno == EACCES ? "run as a user who may read it" : "is --file.path the kubelet's log?");
  }
  if (!S_ISREG(info.st_mode)) {
    return Error("cannot follow " + file.path + ": it is no regular file: name the kubelet's log");
  }
  file.offset = at_end ? static_cast<uint64_t>(info.st_size) : 0;
  auto bytes = OpenPlain(file.path, file.offset);
  if (!bytes) return bytes.error();
  if (fstat((*bytes)->fd(), &info) != 0) return SystemError("cannot stat", file.path, errno);
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.reader = std::make_unique<LineReader>(std::move(*bytes));
  return {};
}

FollowSource::Fate FollowSource::FateOf(const Followed& file) {
  struct stat open_file {};
  const uint64_t position = file.offset + file.reader->bytes().consumed();
  if (fstat(file.reader->bytes().fd(), &open_file) == 0 &&
      static_cast<uint64_t>(open_file.st_size) < position) {
    return Fate::kTruncated;
  }
  struct stat named {};
  if (stat(file.path.c_str(), &named) != 0) return Fate::kSame;  // between rename and create
  const bool same = named.st_dev == file.device && named.st_ino == file.inode;
  // A writer moves to the new file some time after it was made: it has once there are bytes in it.
  return same || named.st_size == 0 ? Fate::kSame : Fate::kReplaced;
}

// kLine, kGap or, at the file's end, kIdle.
Result<ReadStatus> FollowSource::NextOf(Followed& file, LogLine& line) {
  line = LogLine();
  line.stream = file.stream;
  auto got = file.reader->Next(line.text);
  if (!got) return got.error();
  if (*got) return ReadStatus::kLine;
  const Fate fate = FateOf(file);
  if (fate == Fate::kSame) return ReadStatus::kIdle;
  if (fate == Fate::kReplaced) {
    // What came between the read above and the look at the path.
    got = file.reader->Next(line.text);
    if (!got) return got.error();
    if (*got || file.reader->TakeRest(line.text)) return ReadStatus::kLine;
  }
  if (auto opened = OpenFile(file, false); !opened) {
    file.trouble = opened.error().message();
    return ReadStatus::kIdle;
  }
  file.trouble.clear();
  if (fate == Fate::kTruncated) {
    gap_ = {GapReason::kTruncated};
    return ReadStatus::kGap;
  }
  return NextOf(file, line);
}

Result<ReadStatus> FollowSource::Next(LogLine& line, milliseconds wait) {
  std::optional<steady_clock::time_point> deadline;  // no clock on the way of a line
  while (true) {
    for (size_t tried = 0; tried < files_.size(); ++tried) {
      auto status = NextOf(files_[current_], line);
      if (!status || *status != ReadStatus::kIdle) return status;
      current_ = (current_ + 1) % files_.size();
    }
    const auto now = steady_clock::now();
    if (!deadline) deadline = now + wait;
    const auto left = std::chrono::ceil<milliseconds>(*deadline - now);
    if (left <= milliseconds(0) || Pause(std::min(left, kPollEvery))) return ReadStatus::kIdle;
  }
}

SourceHealth FollowSource::Health() {
  SourceHealth health;
  for (const Followed& file : files_) {
    if (!file.trouble.empty()) health.trouble = file.trouble;
  }
  return health;
}

}  // namespace kle
