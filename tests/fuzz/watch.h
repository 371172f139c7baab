// SPDX-License-Identifier: Apache-2.0
// What an input may take: a second of the processor, however busy the machine is (libFuzzer's own
// -timeout goes by the clock, and is left to end what hangs).
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace kle::fuzz {

class Watch {
 public:
  Watch() : begun_(Now()) { Slowest(); }
  ~Watch() {
    const double took = Now() - begun_;
    Slowest().seconds = std::max(Slowest().seconds, took);
    if (took > 1) {
      std::fprintf(stderr, "an input took %.3f s of the processor\n", took);
      std::abort();
    }
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  struct Longest {
    double seconds = 0;
    ~Longest() { std::fprintf(stderr, "slowest input: %.4f s of the processor\n", seconds); }
  };
  static Longest& Slowest() {
    static Longest slowest;
    return slowest;
  }
  static double Now() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

  double begun_;
};

}  // namespace kle::fuzz
