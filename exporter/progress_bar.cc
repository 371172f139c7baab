// SPDX-License-Identifier: Apache-2.0
#include "exporter/progress_bar.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "exporter/terminal.h"
#include "exporter/text.h"

namespace kle {
namespace {

// A report that is done sooner shows no bar.
constexpr std::chrono::milliseconds kPatience(400);
constexpr std::chrono::milliseconds kRedraw(100);
constexpr size_t kCells = 30;
constexpr std::string_view kWipe = "\r\x1b[K";
constexpr int kInterrupted = 130;

volatile sig_atomic_t drawn = 0;

void OnInterrupt(int) {
  if (drawn != 0) {
    [[maybe_unused]] const ssize_t wiped = write(STDERR_FILENO, kWipe.data(), kWipe.size());
  }
  _exit(kInterrupted);
}

}  // namespace

std::string ProgressText(LineSource::Progress progress, uint64_t lines, double seconds,
                         size_t width) {
  const double done = static_cast<double>(progress.read);
  if (progress.total == 0) {
    const auto rate = static_cast<uint64_t>(static_cast<double>(lines) / std::max(seconds, 1e-3));
    return Fit(Grouped(lines) + " lines  " + Grouped(rate) + " lines/s", width);
  }
  const auto total = static_cast<double>(progress.total);
  const double part = std::min(1.0, done / total);
  const double rate = done / std::max(seconds, 1e-3);
  std::array<char, 16> percent{};
  std::snprintf(percent.data(), percent.size(), " %3.0f %%", part * 100);
  std::string tail = percent.data();
  tail += "  " + ShortBytes(done) + " of " + ShortBytes(total) + "  " + ShortBytes(rate) + "/s";
  if (rate > 0) tail += "  " + ShortSeconds(std::max(0.0, total - done) / rate) + " left";
  if (width < tail.size() + 12) return Fit(tail, width);
  const size_t cells = std::min(kCells, width - tail.size() - 2);
  const auto full = static_cast<size_t>(part * static_cast<double>(cells));
  return "[" + std::string(full, '#') + std::string(cells - full, '.') + "]" + tail;
}

ProgressBar::ProgressBar(const LineSource& source)
    : source_(source),
      shown_(TerminalIsSmart() && TerminalWidth(STDERR_FILENO) > 0),
      begun_(std::chrono::steady_clock::now()),
      next_(begun_ + kPatience) {}

ProgressBar::~ProgressBar() {
  if (drawn != 0) std::fputs(kWipe.data(), stderr);
  drawn = 0;
}

void ProgressBar::Draw(uint64_t lines) {
  looked_at_ = lines;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kRedraw;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const size_t width = std::max<size_t>(TerminalWidth(STDERR_FILENO), 1);
  const std::string text = ProgressText(source_.progress(), lines, seconds, width - 1);
  drawn = 1;
  std::fprintf(stderr, "%s%s", kWipe.data(), text.c_str());
}

void EndOnInterrupt() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace kle
