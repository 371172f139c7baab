// SPDX-License-Identifier: Apache-2.0
// A progress bar on standard error, when that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>

#include "exporter/line_source.h"

namespace kle {

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
  bool drawn_ = false;
  uint64_t ticks_ = 0;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace kle
