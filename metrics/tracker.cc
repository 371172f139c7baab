// SPDX-License-Identifier: Apache-2.0
// What each event changes in what is known of its pod.
#include "metrics/tracker.h"

#include <algorithm>
#include <chrono>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

constexpr Duration kForgetAfter = 10min;
// DELETE and REMOVE this near to each other: a grace of 0, or a pod that had finished.
constexpr Duration kForcePair = 1s;
constexpr Duration kNoKillAfter = 30s;
constexpr Duration kLostAfter = 60s;
// A sandbox seen dead may still be in its network's teardown: the unmount or the REMOVE that
// follows tells when it was over. A pod with neither is settled by time.
constexpr Duration kSettleAfter = 10s;
// Below -v 2: the folder of a deleted pod is cleaned up some seconds after its volumes; of a pod
// that ended by itself it stays.
constexpr Duration kBlindWait = 2min;
// The first relists after a kubelet restart tell of exits long past.
constexpr Duration kReplayAfterRestart = 10s;
constexpr size_t kMaxContainers = 256;  // of one pod; more is a runaway crash loop
constexpr size_t kMaxVolumes = 256;

// Recorder events that announce why the kubelet itself will end a pod.
struct AnnouncedBy {
  std::string_view reason;
  Trigger trigger;
};
constexpr AnnouncedBy kAnnouncedBy[] = {
    {"DeadlineExceeded", Trigger::kDeadline}, {"Evicted", Trigger::kEviction},
    {"Preempting", Trigger::kPreemption},     {"Preempted", Trigger::kPreemption},
    {"NodeShutdown", Trigger::kNodeShutdown}, {"Terminated", Trigger::kNodeShutdown},
};

// The runtime's exit times are UTC, the header's are local time of a zone that may be guessed wrong
// for a bare file. An exit outside of [kill, now] shows that: it is moved by whole quarters of an
// hour.
Timestamp InHeaderTime(Timestamp finished, const ContainerFacts& container, Timestamp now) {
  constexpr Duration kSlack = 1min;
  if (!container.kill_at) return finished;
  if (finished >= *container.kill_at - kSlack && finished <= now + kSlack) return finished;
  return finished + std::chrono::round<std::chrono::duration<int, std::ratio<900>>>(now - finished);
}

void SetOnce(std::optional<Timestamp>& into, Timestamp at) {
  if (!into) into = at;
}

}  // namespace

Tracker::Impl::Impl(const TrackerOptions& given, MetricSet& metric_set, RecordSink record_sink)
    : options(given), metrics(metric_set), sink(std::move(record_sink)) {}

PodFacts* Tracker::Impl::PodOf(const Event& event, bool create) {
  PodFacts* pod = table.Resolve(event.pod, create);
  if (pod == nullptr && !event.container_id.empty())
    pod = table.FindByContainer(event.container_id);
  if (pod == nullptr && !event.sandbox_id.empty()) pod = table.FindByContainer(event.sandbox_id);
  if (pod != nullptr) {
    pod->last_event_at = std::max(pod->last_event_at, event.at);
    if (pod->termination) pod->termination->last_event_at = pod->last_event_at;
  }
  return pod;
}

// SyncLoop lines name a pod by its name. Null for a mirror pod: the object of a static pod in the
// API has the same name, and its deletion is no second termination.
PodFacts* Tracker::Impl::PodFromSource(const PodRef& ref, std::string_view source) {
  PodFacts* pod = table.FindByName(ref.namespace_, ref.name);
  if (!ref.uid.empty() && (pod == nullptr || (!pod->uid.empty() && pod->uid != ref.uid))) {
    pod = table.FindByUid(ref.uid);
  }
  if (pod != nullptr && pod->is_static && source == "api") return nullptr;
  if (pod == nullptr) pod = table.Create(ref);
  if (pod->uid.empty() && !ref.uid.empty()) pod = table.Resolve(ref, true);
  pod->last_event_at = std::max(pod->last_event_at, now);
  if (pod->termination) pod->termination->last_event_at = pod->last_event_at;
  return pod;
}

ContainerFacts& Tracker::Impl::ContainerOf(PodFacts& pod, std::string_view id,
                                           std::string_view name) {
  auto it = std::ranges::find(pod.containers, id, &ContainerFacts::id);
  if (it == pod.containers.end()) {
    if (pod.containers.size() >= kMaxContainers) pod.containers.erase(pod.containers.begin());
    it = pod.containers.insert(pod.containers.end(), ContainerFacts{});
    it->id = id;
    table.LearnContainer(id, pod);
  }
  if (it->name.empty() && !name.empty()) it->name = name;
  return *it;
}

VolumeFacts& Tracker::Impl::VolumeOf(PodFacts& pod, const Event& event) {
  auto it = std::ranges::find_if(pod.volumes, [&event](const VolumeFacts& volume) {
    if (!event.unique_name.empty() && !volume.record.unique_name.empty()) {
      return volume.record.unique_name == event.unique_name;
    }
    return volume.record.name == event.volume;
  });
  if (it == pod.volumes.end()) {
    if (pod.volumes.size() >= kMaxVolumes) pod.volumes.erase(pod.volumes.begin());
    it = pod.volumes.insert(pod.volumes.end(), VolumeFacts{});
    it->record.name = event.volume;
  }
  if (it->record.unique_name.empty()) it->record.unique_name = event.unique_name;
  if (it->record.plugin.empty()) it->record.plugin = event.plugin;
  return *it;
}

void Tracker::Impl::SetExit(PodFacts& pod, ContainerFacts& container, Timestamp at,
                            ExitSource source) {
  container.running = false;
  container.kill_failed = false;
  if (pod.termination && pod.termination->sealed) return;
  if (source == ExitSource::kRelist && restarted_at && at - *restarted_at < kReplayAfterRestart) {
    source = ExitSource::kBound;
  }
  if (container.exited_at && source <= container.exit_source) return;
  // On a busy node the stop call returns seconds late: a relist that came first is nearer.
  if (source == ExitSource::kStopReturned && container.exit_source == ExitSource::kRelist &&
      *container.exited_at <= at) {
    return;
  }
  container.exited_at = at;
  container.exit_source = source;
  // The volumes are unmounted only once every container is gone: nearer than a late relist. Not so
  // for what a restarted kubelet finds running without an object: there the volumes go first.
  const bool worker_knows = !restarted_at || pod.readded;
  if (source == ExitSource::kRelist && worker_knows && pod.termination &&
      pod.termination->first_unmount_at && *pod.termination->first_unmount_at < at) {
    container.exited_at = pod.termination->first_unmount_at;
    container.exit_source = ExitSource::kBound;
  }
}

void Tracker::Impl::NoteProcess(const Event& event) {
  if (event.kind == EventKind::kKubeletVersion) {
    adopting = true;
    const bool again =
        event.pid != 0 ? version_pids.contains(event.pid) : version_seen || pod_events > 0;
    version_seen = true;
    if (event.pid != 0) version_pids.insert(event.pid);
    if (again) NoteRestart(event.at);
  }
  if (event.pid != 0 && pids.insert(event.pid).second && pids.size() > 1) NoteRestart(event.at);
}

void Tracker::Impl::NoteRestart(Timestamp at) {
  ++counts.kubelet_restarts;
  metrics.CountKubeletRestart();
  restarted_at = at;
  trouble.restarted_at = at;
  batch_due = true;
  adopting = true;
}

void Tracker::Impl::OnAdded(const Event& event) {
  const bool from_api = event.source == "api";
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = table.FindByName(ref.namespace_, ref.name);
    if (pod != nullptr && pod->is_static && from_api) continue;  // its mirror
    if (pod == nullptr || pod->removed) {
      pod = table.Create(ref);
      pod->is_static = !from_api;
      if (!adopting) pod->startup.added_at = event.at;
    } else {
      pod->readded = restarted_at.has_value();
    }
    pod->last_event_at = now;
    if (pod->termination) pod->termination->last_event_at = now;
  }
  if (from_api) adopting = false;
  if (!batch_due || !from_api) return;
  batch_due = false;
  for (PodFacts& pod : table.pods()) {
    if (!pod.terminating() || pod.is_static) continue;
    const bool named = std::ranges::any_of(event.pods, [&pod](const PodRef& ref) {
      return ref.name == pod.name && ref.namespace_ == pod.namespace_;
    });
    if (named) continue;
    pod.termination->lost = true;
    After(kLostAfter, Timer::kLost, pod);
  }
}

void Tracker::Impl::OnDeleted(const Event& event) {
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = PodFromSource(ref, event.source);
    if (pod == nullptr) continue;
    if (pod->removed) pod = table.Create(ref);
    SetOnce(pod->delete_at, event.at);
    if (pod->termination) {
      pod->termination->last_delete_at = event.at;
      continue;
    }
    if (pod->ended) continue;
    // Deleted while the kubelet was down: it terminates without a DELETE line, and prints one only
    // when all is over.
    std::optional<Timestamp> begun;
    if (pod->readded) {
      for (const ContainerFacts& container : pod->containers) {
        if (container.kill_at && restarted_at && *container.kill_at >= *restarted_at &&
            (!begun || *container.kill_at < *begun)) {
          begun = container.kill_at;
        }
      }
    }
    if (!begun && KnownFinished(*pod)) {
      Start(*pod, Trigger::kFinished, event.at);
      Seal(*pod);
      continue;
    }
    Start(*pod, Trigger::kApiDelete, begun.value_or(event.at));
    pod->termination->last_delete_at = event.at;
    TrySeal(*pod);
  }
}

void Tracker::Impl::OnRemoved(const Event& event) {
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = PodFromSource(ref, event.source);
    if (pod == nullptr) continue;
    pod->removed = true;
    SetOnce(pod->remove_at, event.at);
    After(kForgetAfter, Timer::kForget, *pod);
    if (event.source == "file" || event.source == "http") {
      pod->is_static = true;
      if (!pod->termination && !pod->ended && !KnownFinished(*pod)) {
        Start(*pod, Trigger::kStaticRemoved, event.at);
        pod->termination->removed_at.reset();
      }
      continue;
    }
    if (!pod->termination) {
      // A force delete may come without any DELETE; a finished pod's removal looks the same.
      const bool alive = std::ranges::any_of(
          pod->containers, [](const ContainerFacts& container) { return container.running; });
      if (!pod->ended && !pod->finished && alive) {
        Start(*pod, Trigger::kForceDelete, event.at);
        After(kNoKillAfter, Timer::kNoKill, *pod);
      }
      continue;
    }
    TerminationFacts& term = *pod->termination;
    SetOnce(term.removed_at, event.at);
    if (term.completed) {
      // Evicted or past its deadline long ago; now its object went too.
      if (term.state == State::kTerminated) Remove(*pod);
      continue;
    }
    const bool begun = term.kill_seen || term.sandbox_dead_at || term.first_unmount_at ||
                       term.worker_stopped_at || term.terminated_at;
    if (!begun) {
      if (term.trigger == Trigger::kApiDelete && term.requested_at &&
          event.at - *term.requested_at <= kForcePair) {
        term.trigger = Trigger::kForceDelete;
      }
      After(kNoKillAfter, Timer::kNoKill, *pod);
    } else if (term.trigger == Trigger::kApiDelete && term.requested_at &&
               event.at - *term.requested_at <= kForcePair && AnyRunning(*pod)) {
      term.trigger = Trigger::kForceDelete;  // the kill was printed before the REMOVE
    }
    TrySeal(*pod);
    TryComplete(*pod);
  }
}

void Tracker::Impl::OnPleg(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || event.container_id.empty()) return;
  ContainerFacts& container = ContainerOf(*pod, event.container_id, {});
  if (event.kind == EventKind::kContainerFinished) {
    finished_lines = true;
    if (event.exit_code && !(pod->termination && pod->termination->sealed && container.exit_code)) {
      container.exit_code = event.exit_code;
    }
    SetExit(*pod, container, event.at, ExitSource::kRelist);
    TrySeal(*pod);
    return;
  }
  if (event.pleg_type == "ContainerStarted") {
    container.running = !container.seen_dead && !container.exited_at;
    return;
  }
  if (event.pleg_type != "ContainerDied") return;
  container.seen_dead = true;
  container.running = false;
  // A container's exit has a line of its own and a container that is killed has a name: what dies
  // with neither is the sandbox.
  const bool nameless = container.name.empty() && !container.exit_code && !container.exited_at;
  if (nameless && (finished_lines || pod->terminating())) container.sandbox = true;
  SetExit(*pod, container, event.at, ExitSource::kRelist);
  if (container.sandbox && pod->terminating()) {
    pod->termination->sandbox_dead_at = event.at;
    After(kSettleAfter, Timer::kSettle, *pod);
  }
  TrySeal(*pod);
}

void Tracker::Impl::OnKill(const Event& event, bool announced) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  // Only kubelet 1.21 prints the override line at -v 2, and there it is the kill itself.
  if (announced && verbosity < 3) announced = false;
  if (announced) {
    if (pod->terminating() && !pod->termination->grace_granted) {
      pod->termination->grace_granted = event.grace_seconds;
    }
    ContainerOf(*pod, event.container_id, event.container);
    return;
  }
  if (pod->termination ? pod->termination->sealed : pod->ended) return;  // the ghost pass
  if (!pod->termination) {
    if (pod->remove_at && !pod->is_static) {
      const Timestamp first =
          pod->delete_at ? std::min(*pod->delete_at, *pod->remove_at) : *pod->remove_at;
      Start(*pod, Trigger::kForceDelete, first);
    } else {
      StartAnnounced(*pod);
    }
  }
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  if (!pod->termination || container.kills == 0) container.kill_at = event.at;
  container.kills = pod->termination ? container.kills + 1 : 1;
  container.grace_seconds = event.grace_seconds;
  container.kill_failed = false;
  container.running = container.running || !container.exited_at;
  if (pod->termination) {
    pod->termination->kill_seen = true;
    pod->termination->lost = false;
  }
}

void Tracker::Impl::OnHook(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || (pod->termination ? pod->termination->sealed : pod->ended)) return;
  if (event.container_id.empty()) return;
  ContainerFacts& container = ContainerOf(*pod, event.container_id, event.container);
  switch (event.kind) {
    case EventKind::kPrestopStarted:
      if (!container.hook_at) container.hook_at = event.at;
      return;
    case EventKind::kPrestopCompleted:  // printed after a failure too
      SetOnce(container.hook_ended_at, event.at);
      if (container.hook_outcome == HookOutcome::kNone) {
        container.hook_outcome = HookOutcome::kCompleted;
      }
      return;
    case EventKind::kPrestopTimedOut:
      SetOnce(container.hook_ended_at, event.at);
      container.hook_outcome = HookOutcome::kTimeout;
      if (!container.hook_at && event.grace_seconds) {
        container.hook_at = event.at - std::chrono::seconds(*event.grace_seconds);
      }
      AddFailure(*pod, Phase::kPrestop, 1, container.name, "not completed in grace period", event,
                 {});
      return;
    default:
      if (container.hook_outcome == HookOutcome::kTimeout) return;  // it died under its container
      SetOnce(container.hook_ended_at, event.at);
      container.hook_outcome = HookOutcome::kFailed;
      return;
  }
}

void Tracker::Impl::OnContainerStates(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination || pod->termination->sealed) return;
  for (const ContainerState& state : event.states) {
    if (!state.finished_at) continue;
    // The list has names only, and a name's earlier runs too: the last run is the one that counts.
    const auto later = std::ranges::any_of(event.states, [&state](const ContainerState& other) {
      return other.name == state.name && other.finished_at &&
             *other.finished_at > *state.finished_at;
    });
    if (later) continue;
    ContainerFacts* last = nullptr;
    for (ContainerFacts& container : pod->containers) {
      if (container.name == state.name && !container.sandbox) last = &container;
    }
    if (last == nullptr) continue;
    if (last->exit_source == ExitSource::kRelist && last->exited_at &&
        *last->exited_at < *state.finished_at) {
      continue;
    }
    if (state.exit_code) last->exit_code = state.exit_code;
    SetExit(*pod, *last, InHeaderTime(*state.finished_at, *last, event.at), ExitSource::kRuntime);
  }
}

void Tracker::Impl::OnTeardown(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  const Cause cause = event.row->cause;
  if (cause == Cause::kFinished) pod->finished = true;
  if (pod->termination || pod->ended || pod->finished) return;
  switch (cause) {
    case Cause::kDelete:
      Start(*pod, Trigger::kApiDelete, pod->delete_at.value_or(event.at));
      return;
    case Cause::kEviction:
      if (!StartAnnounced(*pod)) Start(*pod, Trigger::kEviction, event.at);
      return;
    case Cause::kRemoved:
      if (pod->remove_at && !pod->is_static) Start(*pod, Trigger::kForceDelete, *pod->remove_at);
      return;
    case Cause::kOrphan:
      if (pod->remove_at) {
        Start(*pod, Trigger::kForceDelete, pod->delete_at.value_or(*pod->remove_at));
      } else {
        Start(*pod, Trigger::kOrphan, event.at);
      }
      return;
    default:
      return;
  }
}

void Tracker::Impl::OnVolume(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  if (event.kind == EventKind::kVolumesMounted) {
    pod->mount_failed_at.reset();
    return;
  }
  if (event.volume.empty() && event.unique_name.empty()) return;
  if (event.kind == EventKind::kVolumeUndesired) {
    if (!pod->termination) return;
    SetOnce(pod->termination->volumes_undesired_at, event.at);
    VolumeOf(*pod, event);
    return;
  }
  if (event.kind == EventKind::kVolumeMountStarted) return;
  VolumeFacts& volume = VolumeOf(*pod, event);
  if (event.kind == EventKind::kVolumeMounted) {
    volume.mounted = true;
    volume.record.started_at.reset();
    volume.record.unmounted_at.reset();
    volume.record.attempts = 0;
    volume.record.failures = 0;
    return;
  }
  const bool was_measured = volume.record.duration().has_value();
  if (event.kind == EventKind::kUnmountStarted) {
    SetOnce(volume.record.started_at, event.at);
    ++volume.record.attempts;
    // Another goroutine prints the success: it may stand above the start.
    volume.mounted = !volume.record.unmounted_at || *volume.record.unmounted_at < event.at;
    if (volume.mounted) volume.record.unmounted_at.reset();
    NoteUnmounting(*pod, event.at);
  } else {
    volume.mounted = false;
    volume.record.unmounted_at = event.at;
  }
  if (const auto duration = volume.record.duration(); duration && !was_measured) {
    metrics.ObserveUnmount(volume.record.plugin, "unmount", *duration);
  }
  ObserveLatePhases(*pod);
}

// Volumes are unmounted only once every container is gone.
void Tracker::Impl::NoteUnmounting(PodFacts& pod, Timestamp at) {
  if (!pod.termination && !pod.ended && !pod.finished && verbosity >= 2) {
    // Containers were killed, none came back and the volumes go: the kubelet ended the pod by
    // itself. An eviction would have said so; what says nothing at -v 2 is the deadline.
    std::optional<Timestamp> first;
    for (const ContainerFacts& container : pod.containers) {
      if (container.kill_at && (!first || *container.kill_at < *first)) first = container.kill_at;
    }
    if (first && !StartAnnounced(pod)) Start(pod, Trigger::kDeadline, first);
  }
  if (!pod.termination && !pod.ended && !pod.finished && verbosity < 2) {
    // Nothing tells a deletion from a job's own end yet; "Cleaned up orphaned pod volumes dir"
    // will.
    Start(pod, Trigger::kUnknown, std::nullopt);
    pod.termination->blind = true;
    After(kBlindWait, Timer::kBlind, pod);
  }
  if (pod.termination) SetOnce(pod.termination->first_unmount_at, at);
  TrySeal(pod);
}

void Tracker::Impl::OnWorker(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->termination) {
    if (pod != nullptr && event.kind == EventKind::kTerminatingEntered && !pod->ended &&
        StartAnnounced(*pod)) {
      pod->termination->worker_entered_at = event.at;
    }
    return;
  }
  TerminationFacts& term = *pod->termination;
  const bool before_end = !term.sealed;
  switch (event.kind) {
    case EventKind::kTerminationObserved:
    case EventKind::kTerminatingEntered:
      if (before_end) SetOnce(term.worker_entered_at, event.at);
      return;
    case EventKind::kGraceDecided:
      if (before_end) SetOnce(term.worker_entered_at, event.at);
      if (before_end && !term.grace_granted) term.grace_granted = event.grace_seconds;
      return;
    case EventKind::kContainersStopped:
      if (before_end) SetOnce(term.worker_stopped_at, event.at);
      return;
    case EventKind::kPodTerminated:
      if (!before_end) return;
      term.terminated_at = event.at;
      term.terminated_precision = Precision::kExact;
      TrySeal(*pod);
      return;
    case EventKind::kVolumesUnmounted:
      SetOnce(term.volumes_claimed_at, event.at);
      for (VolumeFacts& volume : pod->volumes) {
        // Only where no volume ever tells of itself; otherwise its own lines decide.
        if (!term.first_unmount_at && !volume.record.started_at && !volume.mounted) {
          SetOnce(volume.record.unmounted_at, event.at);
        }
      }
      return;
    case EventKind::kVolumePathsCleaned:
      SetOnce(term.volume_paths_cleaned_at, event.at);
      return;
    case EventKind::kCgroupRemoved:
      SetOnce(term.cgroup_removed_at, event.at);
      ObserveLatePhases(*pod);
      return;
    case EventKind::kWorkerCompleted:
      SetOnce(term.worker_completed_at, event.at);
      return;
    case EventKind::kStatusUpdated:
      if (term.terminated_at) term.status_updated_at = event.at;
      return;
    case EventKind::kReclaimed:
      SetOnce(term.reclaimed_line_at, event.at);
      return;
    case EventKind::kRemovedFromApi:
      SetOnce(term.removed_from_api_at, event.at);
      return;
    default:
      return;
  }
}

void Tracker::Impl::OnRecorded(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  const auto* row = std::ranges::find(kAnnouncedBy, event.reason, &AnnouncedBy::reason);
  if (row != std::end(kAnnouncedBy) && !pod->announced && !pod->termination) {
    pod->announced = row->trigger;
    pod->announced_at = event.at;
  } else if (event.reason == "FailedMount") {
    pod->mount_failed_at = event.at;
  } else if (event.reason == "Failed" || event.reason == "BackOff") {
    if (event.detail.find("image") != std::string_view::npos) pod->pull_failed_at = event.at;
  } else if (event.reason == "Pulled") {
    pod->pull_failed_at.reset();
  }
}

void Tracker::Impl::OnEvicted(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || pod->termination || pod->ended) return;
  if (!pod->announced) {
    pod->announced = event.kind == EventKind::kPreempted      ? Trigger::kPreemption
                     : event.kind == EventKind::kShutdownKill ? Trigger::kNodeShutdown
                                                              : Trigger::kEviction;
    pod->announced_at = event.at;
  }
  if (event.kind == EventKind::kShutdownKill) {
    Start(*pod, Trigger::kNodeShutdown, event.at);
    pod->termination->grace_granted = event.grace_seconds;
    return;
  }
  // "is evicted successfully" comes when all is over: the kills before it were the eviction's.
  std::optional<Timestamp> first;
  for (const ContainerFacts& container : pod->containers) {
    if (container.kill_at && (!first || *container.kill_at < *first)) first = container.kill_at;
  }
  if (event.level == 0 && first) {
    Start(*pod, *pod->announced, first);
    TrySeal(*pod);
  }
}

void Tracker::Impl::LearnSandboxes(const Event& event) {
  if (event.sandbox_id.empty()) return;
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  ContainerOf(*pod, event.sandbox_id, {}).sandbox = true;
  for (const std::string_view id : event.sandbox_ids) ContainerOf(*pod, id, {}).sandbox = true;
}

void Tracker::Impl::On(const Event& event) {
  Advance(event.at);
  verbosity = std::max(verbosity, event.level);
  NoteProcess(event);
  switch (event.kind) {
    case EventKind::kPodAdded:
      OnAdded(event);
      break;
    case EventKind::kPodDeleted:
      OnDeleted(event);
      break;
    case EventKind::kPodRemoved:
      OnRemoved(event);
      break;
    case EventKind::kPlegEvent:
    case EventKind::kContainerFinished:
      ++pod_events;
      OnPleg(event);
      OnStartup(event);
      break;
    case EventKind::kKillStarted:
      OnKill(event, false);
      break;
    case EventKind::kKillAnnounced:
      OnKill(event, true);
      break;
    case EventKind::kContainerExited:
      if (PodFacts* pod = PodOf(event, true)) {
        SetExit(*pod, ContainerOf(*pod, event.container_id, event.container), event.at,
                ExitSource::kStopReturned);
        TrySeal(*pod);
      }
      break;
    case EventKind::kContainerStates:
      OnContainerStates(event);
      break;
    case EventKind::kPrestopStarted:
    case EventKind::kPrestopCompleted:
    case EventKind::kPrestopTimedOut:
    case EventKind::kPrestopFailed:
      OnHook(event);
      break;
    case EventKind::kTeardownBegun:
      OnTeardown(event);
      break;
    case EventKind::kOrphanFound:
      if (PodFacts* pod = PodOf(event, true); pod != nullptr && !pod->termination && !pod->ended) {
        Start(*pod, Trigger::kOrphan, event.at);
      }
      break;
    case EventKind::kLifecycleCompleted:
    case EventKind::kPodRejected:
      if (PodFacts* pod = PodOf(event, false); pod != nullptr && !pod->announced) {
        pod->finished = true;
      }
      break;
    case EventKind::kEvicted:
    case EventKind::kPreempted:
    case EventKind::kShutdownKill:
      OnEvicted(event);
      break;
    case EventKind::kVolumesMounted:
      OnVolume(event);
      OnStartup(event);
      break;
    case EventKind::kSandboxNeeded:
    case EventKind::kProbeResult:
    case EventKind::kStartupObserved:
      OnStartup(event);
      break;
    case EventKind::kVolumeMounted:
    case EventKind::kVolumeMountStarted:
    case EventKind::kVolumeUndesired:
    case EventKind::kUnmountStarted:
    case EventKind::kUnmounted:
      OnVolume(event);
      break;
    case EventKind::kTerminatingEntered:
      if (event.row->cause == Cause::kOrphan) OnTeardown(event);
      OnWorker(event);
      break;
    case EventKind::kTerminationObserved:
    case EventKind::kGraceDecided:
    case EventKind::kContainersStopped:
    case EventKind::kPodTerminated:
    case EventKind::kVolumesUnmounted:
    case EventKind::kVolumePathsCleaned:
    case EventKind::kCgroupRemoved:
    case EventKind::kWorkerCompleted:
    case EventKind::kStatusUpdated:
    case EventKind::kReclaimed:
    case EventKind::kRemovedFromApi:
      OnWorker(event);
      break;
    case EventKind::kSandboxCreated:
      LearnSandboxes(event);
      OnStartup(event);
      break;
    case EventKind::kSandboxIds:
    case EventKind::kCniNetworkDeleting:
    case EventKind::kCniNetworkDeleted:
    case EventKind::kContainerCgroupDestroyed:
      LearnSandboxes(event);
      break;
    case EventKind::kContainerCgroupAdded:
      LearnSandboxes(event);
      if (event.sandbox_id.empty() && !event.container_id.empty() && !event.container.empty()) {
        if (PodFacts* pod = PodOf(event, true)) {
          ContainerOf(*pod, event.container_id, event.container);
        }
      }
      break;
    case EventKind::kOrphanVolumesCleaned:
      if (PodFacts* pod = PodOf(event, false)) {
        if (pod->terminating() && pod->termination->blind) {
          pod->termination->terminated_at = pod->termination->first_unmount_at;
          pod->termination->terminated_precision = Precision::kBound;
          Seal(*pod);
          if (pod->terminating()) Complete(*pod, State::kRemoved);
        } else if (pod->terminating() && !pod->termination->kill_seen &&
                   pod->termination->trigger == Trigger::kForceDelete) {
          Finished(*pod);
        }
      }
      break;
    case EventKind::kFailure:
      OnFailure(event);
      break;
    case EventKind::kRecorded:
      OnRecorded(event);
      OnStartup(event);
      break;
    case EventKind::kSyncSkipped:
      trouble.skipped_at = event.at;
      trouble.skip_reason = ClassifyFailure(event.error, Phase::kDispatch);
      metrics.CountSyncSkip(trouble.skip_reason);
      break;
    case EventKind::kNodeShutdownStarted:
      metrics.CountNodeShutdown("started");
      break;
    case EventKind::kNodeShutdownCompleted:
      metrics.CountNodeShutdown("completed");
      break;
    default:
      if (!event.pod.uid.empty() || !event.pod.name.empty()) PodOf(event, false);
      break;
  }
}

void Tracker::Impl::Advance(Timestamp at) {
  now = std::max(now, at);
  while (!timers.empty() && timers.begin()->first <= now) {
    const auto [serial, timer] = timers.begin()->second;
    timers.erase(timers.begin());
    if (PodFacts* pod = table.FindBySerial(serial)) Fire(timer, *pod);
  }
  while (table.size() > options.max_pods) {
    PodFacts& oldest = table.pods().front();
    if (oldest.terminating()) {
      --counts.in_flight;
      ++counts.evicted;
      metrics.CountTrackerEviction("evicted");
    }
    table.Erase(oldest);
  }
}

void Tracker::Impl::Finish() {
  for (PodFacts& pod : table.pods()) {
    if (pod.terminating()) Fire(Timer::kNoKill, pod);
    if (pod.terminating()) Fire(Timer::kSettle, pod);
    if (pod.terminating()) Fire(Timer::kLost, pod);
    if (pod.terminating()) Fire(Timer::kBlind, pod);
    if (!pod.termination || !pod.termination->completed) continue;
    Hand(pod);
  }
}

Tracker::Tracker(const TrackerOptions& options, MetricSet& metrics, RecordSink sink)
    : impl_(std::make_unique<Impl>(options, metrics, std::move(sink))) {}
Tracker::~Tracker() = default;

void Tracker::On(const Event& event) { impl_->On(event); }
void Tracker::Advance(Timestamp now) { impl_->Advance(now); }
void Tracker::Finish() { impl_->Finish(); }

void Tracker::OnGap(Timestamp at) {
  impl_->Advance(at);
  for (PodFacts& pod : impl_->table.pods()) {
    if (!pod.terminating() || pod.termination->uncertain) continue;
    pod.termination->uncertain = true;
    impl_->After(std::chrono::hours(1), Impl::Timer::kExpire, pod);
  }
}

void Tracker::OnClockStep(Duration step) { impl_->Shift(step); }

void Tracker::OnBoot(Timestamp at) {
  impl_->Advance(at);
  for (PodFacts& pod : impl_->table.pods()) {
    if (pod.terminating()) impl_->End(pod, State::kInterrupted);
  }
}

std::vector<TerminationRecord> Tracker::InFlight() const {
  std::vector<TerminationRecord> records;
  for (const PodFacts& pod : impl_->table.pods()) {
    if (pod.terminating()) records.push_back(impl_->Build(pod));
  }
  std::ranges::stable_sort(records, {}, [](const TerminationRecord& record) {
    return record.requested_at.value_or(Timestamp{});
  });
  return records;
}

std::vector<TerminationRecord> Tracker::Recent(size_t limit) const {
  std::vector<TerminationRecord> records;
  for (const PodFacts& pod : impl_->table.pods()) {
    if (pod.termination && pod.termination->completed) records.push_back(impl_->Build(pod));
  }
  for (const TerminationRecord& record : impl_->recent) {
    if (records.size() >= limit) break;
    records.push_back(record);
  }
  std::ranges::stable_sort(records, std::ranges::greater{}, [](const TerminationRecord& record) {
    return record.removed_at.value_or(record.terminated_at.value_or(Timestamp{}));
  });
  if (records.size() > limit) records.resize(limit);
  return records;
}

const TrackerCounts& Tracker::counts() const { return impl_->counts; }
size_t Tracker::tracked_pods() const { return impl_->table.size(); }

}  // namespace kle
