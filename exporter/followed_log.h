// SPDX-License-Identifier: Apache-2.0
// One log under its name, through whatever rotation does to it: rename and create, copy and
// truncate, packing; while it is read, or between two processes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "exporter/line_source.h"
#include "exporter/log_file.h"

namespace kle {

class FollowedLog {
 public:
  // The file must exist. `at_end`: only what is written from now on.
  [[nodiscard]] static Result<FollowedLog> Open(const std::string& path, bool at_end);
  // Goes on where an earlier process was, wherever that is now.
  [[nodiscard]] static FollowedLog Resume(const LogPlace& place);

  // kLine, kGap, or kIdle when there is nothing more for now.
  ReadStatus Next(std::string_view& line);

  LogPlace place() const;
  Gap gap() const { return gap_; }
  // "" while it can be read and is there.
  const std::string& trouble() const { return trouble_.empty() ? gone_ : trouble_; }
  // A rotation takes its name away for a moment: gone for so long, it is trouble.
  void set_gone_after(std::chrono::milliseconds patience) { gone_after_ = patience; }

 private:
  using Clock = std::chrono::steady_clock;

  explicit FollowedLog(std::string path) : path_(std::move(path)) {}
  bool IsNext() const;
  bool OpenNext();
  bool HasSuccessor();
  void NoteGone(bool gone);
  void GoOn(const LogPlace& place, GapReason otherwise);
  bool Find(const LogPlace& place);
  bool FindOnce(const LogPlace& place);
  bool StillYounger(const std::string& packed) const;
  std::string NextPath() const;
  void Done();
  bool Trouble(const std::string& message);

  std::string path_;
  std::unique_ptr<LogFile> file_;
  LogPlace place_;           // in the file before
  int64_t done_to_ = 0;      // what was written by then, in nanoseconds since 1970, is read
  uint64_t done_inode_ = 0;  // of the file read last
  Gap gap_;
  bool gap_pending_ = false;
  std::string trouble_;
  Clock::time_point retry_at_{};
  std::chrono::milliseconds gone_after_{10'000};
  std::optional<Clock::time_point> gone_since_;
  std::string gone_;  // what is said of it then
};

}  // namespace kle
