// SPDX-License-Identifier: Apache-2.0
// Sends finished terminations as traces to an OpenTelemetry collector, off the reading thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporter/http_post.h"
#include "exporter/otlp.h"
#include "metrics/termination.h"

namespace kle {

struct TraceExportOptions {
  HttpEndpoint endpoint;
  TraceSource source;
  size_t queue = 1024;  // terminations; what comes when it is full is dropped
  size_t batch = 64;    // terminations a request
  std::chrono::milliseconds timeout{5000};
  std::chrono::milliseconds pause{1000};  // after a request that failed
};

// Nothing here waits for the collector but the exporter's own thread. Not exactly once: a trace
// may be lost with the process, or sent again by a later one, with the same ids.
class TraceExport {
 public:
  enum Outcome : uint8_t { kSent, kFailed, kDropped };
  static constexpr std::array<const char*, 3> kResults{"sent", "failed", "dropped"};

  explicit TraceExport(TraceExportOptions options);
  ~TraceExport();  // gives what is queued a last moment
  TraceExport(const TraceExport&) = delete;
  TraceExport& operator=(const TraceExport&) = delete;

  // Never waits for the collector.
  void Offer(const RecordPtr& record);

  // Terminations by result since the last call.
  std::array<uint64_t, 3> TakeCounts();

 private:
  void Run();
  bool Post(const std::vector<RecordPtr>& batch);

  const TraceExportOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<RecordPtr> queue_;
  std::array<uint64_t, 3> counts_{};
  bool stopping_ = false;
  std::string trouble_;  // of the last request, of the thread alone
  std::atomic<bool> abandon_{false};
  std::thread thread_;  // last: it uses the others
};

}  // namespace kle
