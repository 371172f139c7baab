// SPDX-License-Identifier: Apache-2.0
// Cuts off connections that take too long: to ask, or to take their answer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <thread>

namespace kle {

// Any thread. A descriptor must be removed before it is closed.
class Deadlines {
 public:
  // More than `crowd` connections at a time are too many: whoever has not asked by then makes room.
  explicit Deadlines(size_t crowd);
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  void Add(int fd);
  void Asked(int fd);  // its whole request is there
  void Remove(int fd);
  // Until all are gone, or for `longest`.
  void WaitForNone(std::chrono::milliseconds longest);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    Clock::time_point since;
    bool asked = false;
  };
  void Run();
  void CutOff(Clock::time_point now);

  const size_t crowd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, Entry> entries_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kle
