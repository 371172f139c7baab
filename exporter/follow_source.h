// SPDX-License-Identifier: Apache-2.0
// Growing log files: followed over rotation (rename and create) and truncation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/followed_log.h"
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
  std::string Position() override;
  Gap gap() const override { return gap_; }
  SourceHealth Health() override;

  void set_gone_after(std::chrono::milliseconds patience);

 private:
  FollowSource() = default;

  std::vector<FollowedLog> logs_;
  size_t current_ = 0;
  Gap gap_;
};

}  // namespace kle
