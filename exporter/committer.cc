// SPDX-License-Identifier: Apache-2.0
#include "exporter/committer.h"

#include <utility>

namespace kle {

Committer::Committer(StateFile* file, SnapshotBox& snapshots, Published published)
    : file_(file),
      snapshots_(snapshots),
      published_(std::move(published)),
      thread_([this] { Run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Committer::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  snapshots_.Set(snapshot);
  if (published_) published_(*snapshot);
}

void Committer::Submit(std::string state, std::shared_ptr<const Snapshot> snapshot) {
  {
    const std::lock_guard lock(mutex_);
    job_.emplace(Job{std::move(state), std::move(snapshot)});
    working_ = true;
  }
  changed_.notify_all();
}

bool Committer::busy() const {
  const std::lock_guard lock(mutex_);
  return working_;
}

std::optional<Committer::Outcome> Committer::TakeOutcome() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcome_, std::nullopt);
}

void Committer::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !working_; });
}

void Committer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return job_ || stopping_; });
    if (!job_) return;
    Job job = std::move(*job_);
    job_.reset();
    lock.unlock();
    Outcome outcome;
    if (file_ != nullptr) {
      if (auto saved = file_->Save(job.state); !saved) outcome = {false, saved.error().message()};
    }
    // A disk that takes nothing must not blind the operator: what was counted is shown all the
    // same.
    Publish(job.snapshot);
    if (file_ != nullptr) file_->Step(CommitStep::kPublished);
    lock.lock();
    outcome_ = std::move(outcome);
    working_ = false;
    changed_.notify_all();
  }
}

}  // namespace kle
