// SPDX-License-Identifier: Apache-2.0
// What the HTTP threads see: one committed, immutable state, replaced as a whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exporter/status.h"
#include "metrics/termination.h"

namespace kle {

using RecordList = std::shared_ptr<const std::vector<RecordPtr>>;

inline RecordList Shared(std::vector<TerminationRecord> records) {
  std::vector<RecordPtr> shared;
  shared.reserve(records.size());
  for (TerminationRecord& record : records) {
    shared.push_back(std::make_shared<const TerminationRecord>(std::move(record)));
  }
  return std::make_shared<const std::vector<RecordPtr>>(std::move(shared));
}

struct Snapshot {
  std::chrono::steady_clock::time_point made_at = std::chrono::steady_clock::now();
  uint64_t sequence = 0;  // an earlier one never replaces a later one
  std::string metrics;    // the exposition
  bool ready = false;
  std::string reason = "starting";  // one line while not ready
  std::string warning;              // one line on what is odd though it is ready; "" mostly
  RecordList in_flight;             // the oldest, oldest first; may be null
  RecordList recent;                // newest first; may be null
  Status status;
};

// Any thread. A mutex instead of std::atomic<std::shared_ptr>: GCC 12's unlocks without release
// order (GCC PR 101761), and it is held for one pointer copy.
class SnapshotBox {
 public:
  std::shared_ptr<const Snapshot> Get() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void Set(std::shared_ptr<const Snapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    if (snapshot->sequence < snapshot_->sequence) return;
    snapshot_.swap(snapshot);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
};

}  // namespace kle
