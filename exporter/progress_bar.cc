// SPDX-License-Identifier: Apache-2.0
#include "exporter/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace kle {
namespace {

// A report that is done sooner shows no bar.
constexpr std::chrono::milliseconds kPatience(400);
constexpr std::chrono::milliseconds kRedraw(100);
constexpr size_t kCells = 40;

}  // namespace

ProgressBar::ProgressBar(const LineSource& source)
    : source_(source),
      shown_(isatty(STDERR_FILENO) != 0),
      next_(std::chrono::steady_clock::now() + kPatience) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Draw() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kRedraw;
  const auto [read, total] = source_.progress();
  if (total > 0) {
    const double part = std::min(1.0, static_cast<double>(read) / static_cast<double>(total));
    const auto full = static_cast<size_t>(part * static_cast<double>(kCells));
    std::fprintf(stderr, "\r\x1b[K[%s%s] %3.0f %%", std::string(full, '#').c_str(),
                 std::string(kCells - full, '.').c_str(), part * 100);
  } else {
    std::fprintf(stderr, "\r\x1b[K%llu lines", static_cast<unsigned long long>(ticks_));
  }
  drawn_ = true;
}

}  // namespace kle
