// SPDX-License-Identifier: Apache-2.0
// A progress bar on standard error, when that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "exporter/line_source.h"

namespace kle {

// "[####....]  45 %  460.1 MB of 1.0 GB  210.0 MB/s  3s left", in at most `width` columns; without
// a known total, lines and their rate.
std::string ProgressText(LineSource::Progress progress, uint64_t lines, double seconds,
                         size_t width);

class ProgressBar {
 public:
  explicit ProgressBar(const LineSource& source);
  ~ProgressBar();  // wipes the bar
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // So many lines were read; looks at the clock only now and then.
  void At(uint64_t lines) {
    if (shown_ && lines - looked_at_ >= kLook) Draw(lines);
  }

 private:
  static constexpr uint64_t kLook = 4096;
  void Draw(uint64_t lines);

  const LineSource& source_;
  const bool shown_;
  uint64_t looked_at_ = 0;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point next_;
};

// Ctrl-C wipes the bar and ends the process with status 130.
void EndOnInterrupt();

}  // namespace kle
