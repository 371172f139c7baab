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

}  // namespace

void Tracker::Impl::OnKernelEvidence(const Event& event) {
  const FailureKind kind{event.row->phase, event.row->fallback};
  if (!event.pod.uid.empty() || !event.container_id.empty()) {
    PodFacts* pod = PodOf(event, false);
    if (pod == nullptr || !pod->terminating() || pod->termination->sealed) return;
    return AddEvidence(pod->termination->failed, kind, event.container_id, event);
  }
  if (kind.reason == Reason::kOomKilled) return;  // of no container that is known
  for (PodFacts& pod : table.pods()) {
    if (!pod.terminating() || !Concerns(pod, kind.phase)) continue;
    AddEvidence(pod.termination->failed, kind, event.container_id, event);
  }
}

}  // namespace kle
