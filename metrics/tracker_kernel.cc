// SPDX-License-Identifier: Apache-2.0
// The kernel's lines are evidence for what is under way, and nothing more: they begin and end no
// termination, and no failure of the kubelet's is counted for them.
#include <algorithm>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

// In the step that the line is about, as far as the facts tell.
bool Concerns(const PodFacts& pod, Phase phase) {
  const TerminationFacts& term = *pod.termination;
  if (phase == Phase::kUnmountVolumes) return term.first_unmount_at && VolumesOutstanding(pod);
  return std::ranges::any_of(pod.containers, [](const ContainerFacts& container) {
    return container.kill_at && !container.exited_at;
  });
}

// False when the record holds no more.
bool AddEvidence(TerminationFacts& term, const Event& event) {
  const Reason reason = event.row->fallback;
  for (FailureRecord& failure : term.failures) {
    if (failure.reason != reason || failure.phase != event.row->phase ||
        failure.object != event.container_id) {
      continue;
    }
    ++failure.count;
    failure.last_at = std::max(failure.last_at, event.at);
    return true;
  }
  if (term.failures.size() >= kMaxFailures) return false;
  term.failures.push_back({event.at, event.at, event.row->phase, reason,
                           std::string(event.container_id), 1,
                           std::string(event.raw.substr(0, kMessageBytes))});
  return true;
}

}  // namespace

void Tracker::Impl::OnKernelEvidence(const Event& event) {
  const auto add = [&](PodFacts& pod) {
    if (!AddEvidence(*pod.termination, event)) metrics.CountDropped("failures");
  };
  if (!event.pod.uid.empty() || !event.container_id.empty()) {
    PodFacts* pod = PodOf(event, false);
    if (pod != nullptr && pod->terminating() && !pod->termination->sealed) add(*pod);
    return;
  }
  if (event.row->fallback == Reason::kOomKilled) return;  // of no container that is known
  for (PodFacts& pod : table.pods()) {
    if (pod.terminating() && Concerns(pod, event.row->phase)) add(pod);
  }
}

}  // namespace kle
