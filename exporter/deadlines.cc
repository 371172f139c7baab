// SPDX-License-Identifier: Apache-2.0
#include "exporter/deadlines.h"

#include <signal.h>
#include <sys/socket.h>

namespace kle {
namespace {

using std::chrono::milliseconds;

// A handshake and a request of some hundred bytes.
constexpr milliseconds kToAsk(3000);
constexpr milliseconds kToAskInACrowd(500);
// A password to be tried, and the exposition over a slow line.
constexpr milliseconds kToTakeAnswer(10'000);
constexpr milliseconds kLookEvery(100);

}  // namespace

Deadlines::Deadlines(size_t crowd) : crowd_(crowd), thread_([this] { Run(); }) {}

Deadlines::~Deadlines() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Deadlines::Add(int fd) {
  const std::lock_guard lock(mutex_);
  entries_[fd] = {Clock::now(), false};
  if (entries_.size() == 1) changed_.notify_all();
}

void Deadlines::Asked(int fd) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(fd);
  if (entry != entries_.end()) entry->second = {Clock::now(), true};
}

void Deadlines::Remove(int fd) {
  const std::lock_guard lock(mutex_);
  entries_.erase(fd);
  if (entries_.empty()) changed_.notify_all();
}

void Deadlines::WaitForNone(milliseconds longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [this] { return entries_.empty(); });
}

void Deadlines::Run() {
  sigset_t every;  // signals are for the thread that waits for lines
  sigfillset(&every);
  pthread_sigmask(SIG_BLOCK, &every, nullptr);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (entries_.empty()) {
      changed_.wait(lock, [this] { return ending_ || !entries_.empty(); });
    } else {
      changed_.wait_for(lock, kLookEvery, [this] { return ending_; });
    }
    CutOff(Clock::now());
  }
}

// The library sees the end of the stream and closes. Under the lock: no descriptor is another's.
void Deadlines::CutOff(Clock::time_point now) {
  const milliseconds to_ask = entries_.size() > crowd_ ? kToAskInACrowd : kToAsk;
  for (const auto& [fd, entry] : entries_) {
    if (now - entry.since >= (entry.asked ? kToTakeAnswer : to_ask)) shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace kle
