// SPDX-License-Identifier: Apache-2.0
// Polling, not inotify: two calls a file and poll cost next to nothing, work on every file system
// and cannot run out of watches.
#include "exporter/follow_source.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "exporter/line_reader.h"
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
                                                         StartAt start, std::string_view position) {
  std::unique_ptr<FollowSource> source(new FollowSource);
  std::vector<LogPlace> places;
  if (!Decode(position, places)) places.clear();
  for (const std::string& path : paths) {
    const auto known = std::ranges::find(places, path, &LogPlace::path);
    if (known != places.end()) {
      source->logs_.push_back(FollowedLog::Resume(*known));
      continue;
    }
    auto log = FollowedLog::Open(path, start == StartAt::kNow);
    if (!log) return log.error();
    if (auto text = CheckText(path); !text) return text.error();
    source->logs_.push_back(std::move(*log));
  }
  return source;
}

std::string FollowSource::Position() {
  std::vector<LogPlace> places;
  for (const FollowedLog& log : logs_) places.push_back(log.place());
  return Encoded(places);
}

Result<ReadStatus> FollowSource::Next(LogLine& line, milliseconds wait) {
  std::optional<steady_clock::time_point> deadline;  // no clock on the way of a line
  while (true) {
    for (size_t tried = 0; tried < logs_.size(); ++tried) {
      line.Clear();
      line.stream = current_;
      FollowedLog& log = logs_[current_];
      const ReadStatus status = log.Next(line.text);
      if (status == ReadStatus::kGap) gap_ = log.gap();
      if (status != ReadStatus::kIdle) return status;
      current_ = (current_ + 1) % logs_.size();
    }
    const auto now = steady_clock::now();
    if (!deadline) deadline = now + wait;
    const auto left = std::chrono::ceil<milliseconds>(*deadline - now);
    if (left <= milliseconds(0) || Pause(std::min(left, kPollEvery))) return ReadStatus::kIdle;
  }
}

void FollowSource::set_gone_after(milliseconds patience) {
  for (FollowedLog& log : logs_) log.set_gone_after(patience);
}

SourceHealth FollowSource::Health() {
  SourceHealth health;
  for (const FollowedLog& log : logs_) {
    if (!log.trouble().empty()) health.trouble = log.trouble();
  }
  return health;
}

}  // namespace kle
