// SPDX-License-Identifier: Apache-2.0
// What can be seen of the tracker: terminations in flight, and those that ended lately.
#include <algorithm>
#include <functional>
#include <memory>

#include "metrics/tracker_impl.h"

namespace kle {

std::vector<TerminationRecord> Tracker::InFlight(size_t limit) const {
  std::vector<const PodFacts*> pods;
  for (const PodFacts& pod : impl_->table.pods()) {
    if (pod.terminating()) pods.push_back(&pod);
  }
  std::ranges::stable_sort(pods, {}, [](const PodFacts* pod) {
    return pod->termination->requested_at.value_or(Timestamp{});
  });
  if (pods.size() > limit) pods.resize(limit);
  std::vector<TerminationRecord> records;
  records.reserve(pods.size());
  for (const PodFacts* pod : pods) records.push_back(impl_->Build(*pod));
  return records;
}

std::vector<InFlightPod> Tracker::Overview() const {
  const BuildContext context = impl_->Context();
  std::vector<InFlightPod> pods;
  for (const PodFacts& pod : impl_->table.pods()) {
    if (pod.terminating()) {
      pods.push_back({pod.namespace_, pod.name, BuildCurrent(pod, context)});
    }
  }
  return pods;
}

std::vector<RecordPtr> Tracker::Recent(size_t limit) const {
  std::vector<const PodFacts*> pods;
  for (const PodFacts& pod : impl_->table.pods()) {
    if (pod.termination && pod.termination->completed) pods.push_back(&pod);
  }
  if (pods.size() > limit) {  // a busy node has thousands: no more are built than are asked for
    std::ranges::stable_sort(pods, std::ranges::greater{}, [](const PodFacts* pod) {
      const TerminationFacts& term = *pod->termination;
      return term.removed_at.value_or(term.terminated_at.value_or(Timestamp{}));
    });
    pods.resize(limit);
  }
  std::vector<RecordPtr> records;
  for (const PodFacts* pod : pods) {
    records.push_back(std::make_shared<const TerminationRecord>(impl_->Build(*pod)));
  }
  for (const RecordPtr& record : impl_->recent) {
    if (records.size() >= limit) break;
    records.push_back(record);
  }
  std::ranges::stable_sort(records, std::ranges::greater{}, [](const RecordPtr& record) {
    return record->removed_at.value_or(record->terminated_at.value_or(Timestamp{}));
  });
  if (records.size() > limit) records.resize(limit);
  return records;
}

}  // namespace kle
