// SPDX-License-Identifier: Apache-2.0
// Growing log files: followed over rotation (rename and create) and truncation.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "exporter/line_reader.h"
#include "exporter/line_source.h"
#include "exporter/options.h"

namespace kle {

class FollowSource final : public LineSource {
 public:
  // Every path must exist now; later it may come and go. A file that `position` (of an earlier
  // process) does not know begins at `start`.
  [[nodiscard]] static Result<std::unique_ptr<FollowSource>> Open(
      const std::vector<std::string>& paths, StartAt start, std::string_view position = {});

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override;
  Gap gap() const override { return gap_; }
  SourceHealth Health() override;

 private:
  struct Followed {
    std::string path;
    uint64_t stream = 0;
    std::unique_ptr<LineReader> reader;
    dev_t device = 0;
    ino_t inode = 0;
    uint64_t offset = 0;  // where the reader began
    std::string trouble;
  };
  // What became of the path since its file was opened.
  enum class Fate { kSame, kReplaced, kTruncated };

  FollowSource() = default;
  static Result<void> OpenFile(Followed& file, bool at_end);
  static Fate FateOf(const Followed& file);
  Result<ReadStatus> NextOf(Followed& file, LogLine& line);

  std::vector<Followed> files_;
  size_t current_ = 0;
  Gap gap_;
};

}  // namespace kle
