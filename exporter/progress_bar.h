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

  // Once per line; looks at the clock only now and then.
  void Tick() {
    if (shown_ && (++ticks_ & 0xfff) == 0) Draw();
  }

 private:
  void Draw();

  const LineSource& source_;
  const bool shown_;
  uint64_t ticks_ = 0;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point next_;
};

// Ctrl-C wipes the bar and ends the process with status 130.
void EndOnInterrupt();

}  // namespace kle
