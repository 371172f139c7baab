// SPDX-License-Identifier: Apache-2.0
#include "exporter/trace_export.h"

#include <utility>
#include <vector>

#include "exporter/log.h"

namespace kle {
namespace {

constexpr std::chrono::seconds kLastMoment(1);

}  // namespace

TraceExport::TraceExport(TraceExportOptions options)
    : options_(std::move(options)), thread_(&TraceExport::Run, this) {}

TraceExport::~TraceExport() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kLastMoment, [this] { return queue_.empty(); });
    queue_.clear();
  }
  abandon_.store(true, std::memory_order_relaxed);
  changed_.notify_all();
  thread_.join();
}

void TraceExport::Offer(const RecordPtr& record) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= options_.queue) {
    ++counts_[kDropped];
    return;
  }
  queue_.push_back(record);
  changed_.notify_all();
}

std::array<uint64_t, 3> TraceExport::TakeCounts() {
  const std::lock_guard lock(mutex_);
  return std::exchange(counts_, {});
}

void TraceExport::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<RecordPtr> batch;
    while (!queue_.empty() && batch.size() < options_.batch) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    lock.unlock();
    const bool sent = Post(batch);
    lock.lock();
    counts_[sent ? kSent : kFailed] += batch.size();
    changed_.notify_all();
    if (!sent) changed_.wait_for(lock, options_.pause, [this] { return stopping_; });
  }
}

bool TraceExport::Post(const std::vector<RecordPtr>& batch) {
  auto status = HttpPost(options_.endpoint, "application/json", OtlpTraces(batch, options_.source),
                         options_.timeout, abandon_);
  std::string trouble;
  if (!status) trouble = status.error().message();
  if (status && *status / 100 != 2) trouble = "the collector answers " + std::to_string(*status);
  if (trouble != trouble_) {
    trouble_ = trouble;
    if (trouble.empty()) {
      Log(LogLevel::kInfo, "traces are taken again");
    } else {
      Log(LogLevel::kWarn, "traces are not taken", {{"reason", trouble}});
    }
  }
  return trouble.empty();
}

}  // namespace kle
