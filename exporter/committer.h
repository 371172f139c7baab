// SPDX-License-Identifier: Apache-2.0
// Durable, then visible: writes the state off the reading thread and only then shows the snapshot
// that belongs to it, so that no counter ever goes back, whenever the process dies.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "exporter/snapshot.h"
#include "exporter/state_file.h"

namespace kle {

class Committer {
 public:
  // After each snapshot that was made visible; from whichever thread did it.
  using Published = std::function<void(const Snapshot&)>;

  // `file` may be null: nothing is kept then. All must outlive the committer.
  Committer(StateFile* file, SnapshotBox& snapshots, Published published);
  ~Committer();  // waits for what was submitted
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Shows the snapshot at once: it holds nothing that the file does not.
  void Publish(const std::shared_ptr<const Snapshot>& snapshot);

  // Only while not busy().
  void Submit(std::string state, std::shared_ptr<const Snapshot> snapshot);
  bool busy() const;

  struct Outcome {
    bool ok = true;
    std::string error;  // one line
  };
  // Of the last state submitted, once; nothing while it is being written.
  std::optional<Outcome> TakeOutcome();

  void Wait();

 private:
  struct Job {
    std::string state;  // the file's bytes
    std::shared_ptr<const Snapshot> snapshot;
  };
  void Run();

  StateFile* file_;
  SnapshotBox& snapshots_;
  Published published_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Job> job_;
  bool working_ = false;
  bool stopping_ = false;
  std::optional<Outcome> outcome_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kle
