// SPDX-License-Identifier: Apache-2.0
// What follows the containers: the pod worker's marks, volumes, cgroup, status.
#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// Below -v 2: the folder of a deleted pod is cleaned up some seconds after its volumes; of a pod
// that ended by itself it stays.
constexpr Duration kBlindWait = 2min;

// A device's unmount is tried again after two minutes at most.
constexpr Duration kDeviceAgain = 10min;
constexpr size_t kMaxDevices = 1'000;

// A worker that is that much later than what it tells of was not running.
constexpr Duration kStarved = 2s;

constexpr Duration kPrintedLate = 10ms;
constexpr Duration kRelistPeriod = 1500ms;  // and the time that a relist takes

// A static pod's object is its manifest.
State StateWithoutObject(const PodFacts& pod) {
  return pod.is_static ? State::kTerminated : State::kRemoved;
}

}  // namespace

// The worker's mark is exact, but a starved kubelet prints it seconds late. Then its relists are
// late too, and the end of the sandbox's cgroup is nearer. (A slow network teardown looks
// otherwise: a relist sees the pause container dead long before the mark.)
void Tracker::Impl::OnStopped(PodFacts& pod, Timestamp at) {
  TerminationFacts& term = *pod.termination;
  term.terminated_at = at;
  term.terminated_precision = Precision::kExact;
  const auto& gone = term.sandbox_cgroup_gone_at;
  const auto& relisted = term.sandbox_relisted_at;
  const bool starved = gone && at - *gone > kStarved && relisted && at - *relisted <= kRelistPeriod;
  if (starved && !term.sandbox_failed_at) {
    term.terminated_at = std::max(*gone, LastExit(pod).value_or(*gone));
    term.terminated_precision = Precision::kBound;
  }
  TrySeal(pod);
}

// What comes only after the containers and the sandbox are gone. Where the worker's own mark is
// missing (lines were lost, or searched for by the pod's name, which it does not have), its mark
// before that is as near; without that one this is a bound.
void Tracker::Impl::NotePastEnd(PodFacts& pod, Timestamp at) {
  TerminationFacts& term = *pod.termination;
  if (term.terminated_at || !term.worker_entered_at || term.by_runtime) return;
  if (!term.worker_stopped_at) {
    term.terminated_at = at;
    term.terminated_precision = Precision::kBound;
    TrySeal(pod);
    return;
  }
  OnStopped(pod, *term.worker_stopped_at);
}

void Tracker::Impl::OnPastEnd(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod != nullptr && pod->termination) NotePastEnd(*pod, event.at);
}

void Tracker::Impl::OnWorkerEntered(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  const bool announces = event.kind == EventKind::kTerminatingEntered;
  if (!pod->termination && !(announces && !pod->ended && StartAnnounced(*pod))) return;
  TerminationFacts& term = *pod->termination;
  if (term.sealed) return;
  SetOnce(term.worker_entered_at, event.at);
  if (!term.grace_granted) term.grace_granted = event.grace_seconds;
}

void Tracker::Impl::OnContainersStopped(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination || pod->termination->sealed) return;
  SetOnce(pod->termination->worker_stopped_at, event.at);
}

void Tracker::Impl::OnPodTerminated(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination || pod->termination->sealed) return;
  OnStopped(*pod, event.at);
}

void Tracker::Impl::OnVolumesUnmounted(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination) return;
  SetOnce(pod->termination->volumes_claimed_at, event.at);
  for (VolumeFacts& volume : pod->volumes) {
    // Only where no volume ever tells of itself; otherwise its own lines decide.
    if (!pod->termination->first_unmount_at && !volume.record.started_at && !volume.mounted) {
      SetOnce(volume.record.unmounted_at, event.at);
    }
  }
}

void Tracker::Impl::OnCgroupRemoved(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination) return;
  SetOnce(pod->termination->cgroup_removed_at, event.at);
  ForgetSilentVolumes(*pod);
  ObserveLatePhases(*pod);
}

// The cgroups, and the pod's folder, go when all volumes are gone. Of a host's path that a
// restarted kubelet found mounted no line says so.
void Tracker::Impl::ForgetSilentVolumes(PodFacts& pod) {
  for (VolumeFacts& volume : pod.volumes) {
    if (!volume.record.started_at) volume.mounted = false;
  }
}

void Tracker::Impl::OnVolumesMounted(const Event& event) {
  if (PodFacts* pod = PodOf(event, true)) pod->mount_failed_at.reset();
}

void Tracker::Impl::OnVolumeMountStarted(const Event& event) { PodOf(event, true); }

VolumeFacts* Tracker::Impl::VolumeOf(const Event& event, PodFacts* pod) {
  const bool named = !event.volume.empty() || !event.unique_name.empty();
  return pod != nullptr && named ? &VolumeOf(*pod, event) : nullptr;
}

void Tracker::Impl::OnVolumeMounted(const Event& event) {
  VolumeFacts* volume = VolumeOf(event, PodOf(event, true));
  if (volume == nullptr) return;
  volume->mounted = true;
  volume->record.started_at.reset();
  volume->record.unmounted_at.reset();
  volume->record.attempts = 0;
  volume->record.failures = 0;
}

void Tracker::Impl::OnVolumeUndesired(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination || VolumeOf(event, pod) == nullptr) return;
  SetOnce(pod->termination->volumes_undesired_at, event.at);
}

void Tracker::Impl::OnUnmountStarted(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  VolumeFacts* volume = VolumeOf(event, pod);
  if (volume == nullptr) return;
  VolumeRecord& record = volume->record;
  const bool was_measured = record.duration().has_value();
  SetOnce(record.started_at, event.at);
  ++record.attempts;
  // Another goroutine prints the success: it may stand above the start.
  volume->mounted = !record.unmounted_at || event.at - *record.unmounted_at > kPrintedLate;
  if (volume->mounted) {
    record.unmounted_at.reset();
  } else {
    record.started_at = std::min(*record.started_at, *record.unmounted_at);
  }
  NoteUnmounting(*pod, event.at);
  NoteUnmounted(*pod, *volume, was_measured);
}

void Tracker::Impl::OnUnmounted(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  VolumeFacts* volume = VolumeOf(event, pod);
  if (volume == nullptr) return;
  const bool was_measured = volume->record.duration().has_value();
  volume->mounted = false;
  volume->record.unmounted_at = event.at;
  NoteUnmounted(*pod, *volume, was_measured);
}

// Told of every volume, after its unmount: the line of that was lost where it has not ended by now.
void Tracker::Impl::OnVolumeDetached(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  VolumeFacts* volume = VolumeOf(event, pod);
  if (volume == nullptr || !volume->record.started_at || volume->record.unmounted_at) return;
  volume->mounted = false;
  volume->record.unmounted_at = event.at;
  ObserveLatePhases(*pod);
}

void Tracker::Impl::NoteUnmounted(PodFacts& pod, const VolumeFacts& volume, bool was_measured) {
  if (const auto duration = volume.record.duration(); duration && !was_measured) {
    metrics.ObserveUnmount(volume.record.plugin, "unmount", *duration);
  }
  // Others may follow, of whose mounts nothing was read.
  if (pod.termination && pod.termination->completed) After(kSettleAfter, Timer::kSettle, pod);
}

void Tracker::Impl::OnDevice(const Event& event) {
  if (event.unique_name.empty()) return;
  const auto known = std::ranges::find(devices, event.unique_name, &DeviceUnmount::unique_name);
  if (event.kind == EventKind::kDeviceUnmountStarted) {
    if (known == devices.end()) {
      if (devices.size() >= kMaxDevices) return metrics.CountDropped("volumes");
      devices.push_back({std::string(event.unique_name), event.at, event.at});
      return;
    }
    // The success of the last time was not read, or stood above its start.
    if (event.at - known->tried_at > kDeviceAgain) known->started_at = event.at;
    known->tried_at = event.at;
    return;
  }
  if (known == devices.end()) return;
  if (event.at >= known->started_at) {
    metrics.ObserveUnmount(event.plugin, "unmount_device", event.at - known->started_at);
  }
  devices.erase(known);
}

// Below -v 2: it ends, and nothing tells why, nor when that was asked for.
void Tracker::Impl::StartBlind(PodFacts& pod) {
  Start(pod, Trigger::kUnknown, std::nullopt);
  pod.termination->blind = true;
  After(kBlindWait, Timer::kBlind, pod);
}

// Volumes are unmounted only once every container is gone.
void Tracker::Impl::NoteUnmounting(PodFacts& pod, Timestamp at) {
  if (pod.lives()) pod.sandbox_due = false;  // it does not start again
  if (pod.lives() && verbosity >= 2) {
    // Containers were killed, none came back and the volumes go. An eviction says so by now or in a
    // moment, and a DELETE that nobody could read is followed by another; what says nothing at -v 2
    // is the deadline.
    if (KilledAt(pod) && !StartAnnounced(pod)) After(kDeleteDue, Timer::kUnsaid, pod);
  }
  if (pod.lives() && verbosity < 2) {
    // Nothing tells a deletion from a job's own end yet; "Cleaned up orphaned pod volumes dir"
    // will. An eviction was told when it was over.
    if (pod.announced) {
      Start(pod, *pod.announced, std::nullopt);
    } else {
      StartBlind(pod);
    }
  }
  if (pod.termination) SetOnce(pod.termination->first_unmount_at, at);
  // What died while no kubelet ran, no relist may tell.
  if (pod.terminating()) After(kSettleAfter, Timer::kSettle, pod);
  TrySeal(pod);
}

// The folder of a pod that is gone was removed: what never showed a kill had nothing to kill, and
// below -v 2 this is the only proof of a deletion.
void Tracker::Impl::OnVolumesCleaned(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  if (verbosity < 2) NoteGone(*pod);
  if (!pod->termination) return;
  ForgetSilentVolumes(*pod);
  TerminationFacts& term = *pod->termination;
  if (term.by_runtime) {
    if (pod->terminating()) SettleByRuntime(*pod, true);
    if (term.completed && term.state == State::kTerminated && !pod->is_static) Remove(*pod);
    return;
  }
  if (!pod->terminating()) return;
  if (term.blind && EndedBlind(*pod)) return;
  if (term.blind) {
    term.terminated_at = term.first_unmount_at;
    term.terminated_precision = Precision::kBound;
    Seal(*pod);
    if (pod->terminating()) Complete(*pod, StateWithoutObject(*pod));
  } else if (!term.kill_seen && term.trigger == Trigger::kForceDelete) {
    Finished(*pod);
  } else {
    NoteForgotten(*pod);
  }
}

void Tracker::Impl::OnForgotten(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod != nullptr && pod->terminating()) NoteForgotten(*pod);
}

// The kubelet knows nothing of the pod any more: its object is gone, though no REMOVE said so. When
// it went is not known.
void Tracker::Impl::NoteForgotten(PodFacts& pod) {
  if (pod.termination->lost) return;
  NoteGone(pod);
  NotePastEnd(pod, now);
  if (pod.terminating() && !pod.termination->sealed) {
    BoundExits(pod, true);
    TrySeal(pod, true);
  }
  if (!pod.terminating()) return;
  if (pod.termination->sealed) {
    Complete(pod, StateWithoutObject(pod));
  } else {
    After(kSettleAfter, Timer::kSettle, pod);  // a relist may still tell of its exits
  }
}

}  // namespace kle
