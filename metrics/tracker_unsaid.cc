// SPDX-License-Identifier: Apache-2.0
// Ends that nobody said, or that nobody could read of: a deadline's; before the log began, in a gap
// of it, while no kubelet ran.
#include <algorithm>
#include <chrono>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// A kill follows its request at once, or its preStop hook.
constexpr Duration kLeadIn = 60s;

// A job's sidecars are killed that soon after its last container ended, a relist between.
constexpr Duration kSidecarsAfter = 5s;

// When the last of its killed containers was gone, and the last of its volumes.
std::optional<Timestamp> LastSign(const PodFacts& pod) {
  std::optional<Timestamp> last;
  for (const ContainerFacts& container : pod.containers) {
    if (container.kill_at) KeepMax(last, container.exited_at);
  }
  for (const VolumeFacts& volume : pod.volumes) {
    KeepMax(last, volume.record.started_at);
    KeepMax(last, volume.record.unmounted_at);
  }
  return last;
}

// Whether a container's end by itself was why the others were killed: sidecars of a job.
bool EndedByItself(const PodFacts& pod, Timestamp killed_at) {
  Timestamp begun_at = killed_at;  // a hook comes before its kill
  for (const ContainerFacts& container : pod.containers) {
    begun_at = std::min(begun_at, container.hook_at.value_or(begun_at));
  }
  return std::ranges::any_of(pod.containers, [&](const ContainerFacts& container) {
    return !container.sandbox && !container.kill_at && container.exited_at &&
           *container.exited_at <= killed_at && begun_at - *container.exited_at < kSidecarsAfter;
  });
}

}  // namespace

bool Tracker::Impl::KilledSinceRestart(const PodFacts& pod) const {
  const auto killed = KilledAt(pod);
  return pod.readded && restarted_at && killed && *killed >= *restarted_at;
}

// Whether it is being killed and why may have been said where nobody could read it: it was deleted
// while no kubelet ran, before the log began or in a gap of it. Then its DELETE, or its REMOVE,
// comes when all is over.
bool Tracker::Impl::KilledUnsaid(const PodFacts& pod) const {
  const auto killed = KilledAt(pod);
  if (!killed || !pod.lives()) return false;
  const auto last = LastSign(pod);
  if (last && now - *last > kDeleteDue && !VolumesOutstanding(pod)) return false;
  if (KilledSinceRestart(pod)) return true;
  const auto& added = pod.startup.added_at;
  return whole_since && *killed - *whole_since < kLeadIn && (!added || *added < *whole_since);
}

// Whether it died soon after the log began, or a gap of it ended, and no ADD named it since: its
// request and its kill may have been said where nobody could read them.
bool Tracker::Impl::DiedUnsaid(const PodFacts& pod) const {
  std::optional<Timestamp> died;
  for (const ContainerFacts& container : pod.containers) KeepMax(died, container.exited_at);
  return whole_since && died && !pod.finished && !pod.ended && *died - *whole_since < kLeadIn &&
         now - *died <= kDeleteDue && (!pod.named_at || *pod.named_at < *whole_since);
}

// A restarted kubelet begins at once; when another had been asked is not known.
void Tracker::Impl::StartUnsaid(PodFacts& pod) {
  Start(pod, Trigger::kApiDelete, KilledSinceRestart(pod) ? KilledAt(pod) : std::nullopt);
}

// The kubelet says that only of a pod that was deleted before it had ended.
void Tracker::Impl::OnDeletionDelayed(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->lives() || restarted_at) return;
  Start(*pod, Trigger::kApiDelete, pod->delete_at);
}

// Nobody deleted it: the kubelet ended it by itself.
void Tracker::Impl::EndedUnsaid(PodFacts& pod) {
  const auto first = KilledAt(pod);
  if (!pod.lives() || !first) return;
  if (AnyAlive(pod) && !UnmountProves(pod)) return;
  const bool unmounting = std::ranges::any_of(pod.volumes, [&first](const VolumeFacts& volume) {
    return volume.record.started_at && *volume.record.started_at >= *first;
  });
  if (!unmounting) return;
  if (EndedByItself(pod, *first)) {
    pod.finished = true;
    return;
  }
  Start(pod, Trigger::kDeadline, first);
  TrySeal(pod);
}

}  // namespace kle
