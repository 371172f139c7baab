// SPDX-License-Identifier: Apache-2.0
// Pods as their sources deliver them, and why the kubelet ends one by itself.
#include <algorithm>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// DELETE and REMOVE this near to each other: a grace of 0, or a pod that had finished.
constexpr Duration kForcePair = 1s;

constexpr Duration kNoKillAfter = 30s;

constexpr Duration kLostAfter = 60s;

// A kill follows its request at once, or its preStop hook.
constexpr Duration kLeadIn = 60s;

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

// The kernel gives a process id out again one day: only the last few count as seen.
constexpr size_t kPidsRemembered = 16;

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

// What a batch did not name is there after all.
void ComeBack(PodFacts& pod) {
  if (pod.vanished() && !pod.termination) pod.removed = false;
}

// False when it was there already.
bool Remember(std::vector<uint64_t>& pids, uint64_t pid) {
  if (std::ranges::find(pids, pid) != pids.end()) return false;
  if (pids.size() >= kPidsRemembered) pids.erase(pids.begin());
  pids.push_back(pid);
  return true;
}

// What a part of the kubelet that ends pods by itself calls it.
Trigger DecidedBy(Cause cause) {
  switch (cause) {
    case Cause::kPreemption:
      return Trigger::kPreemption;
    case Cause::kNodeShutdown:
      return Trigger::kNodeShutdown;
    default:
      return Trigger::kEviction;
  }
}

}  // namespace

void Tracker::Impl::NoteVersion(const Event& event) {
  adopting = true;
  const bool again =
      event.pid != 0 ? !Remember(version_pids, event.pid) : version_seen || pod_events > 0;
  version_seen = true;
  if (again) NoteRestart(event.at);
}

void Tracker::Impl::NoteProcess(uint64_t pid, Timestamp at) {
  if (pid != 0 && Remember(pids, pid) && pids.size() > 1) NoteRestart(at);
}

void Tracker::Impl::NoteRestart(Timestamp at) {
  ++counts.kubelet_restarts;
  metrics.CountKubeletRestart();
  verbosity = 0;  // the new one may have another
  restarted_at = at;
  trouble.restarted_at = at;
  batch_due = true;
  adopting = true;
}

void Tracker::Impl::OnAdded(const Event& event) {
  const bool from_api = event.source == "api";
  bool names_known = false;
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = table.FindByName(ref.namespace_, ref.name);
    if (pod != nullptr && pod->is_static && from_api) continue;  // its mirror
    if (pod != nullptr) ComeBack(*pod);
    if (pod == nullptr || pod->removed) {
      pod = table.Create(ref);
      pod->is_static = !from_api;
      if (!adopting) pod->startup.added_at = event.at;
    } else {
      pod->readded = restarted_at.has_value();
      names_known = true;
    }
    pod->named_at = event.at;
    Touch(*pod, now);
  }
  if (from_api) adopting = false;
  if (!batch_due || !from_api) return;
  batch_due = false;
  NoteUnnamed(event.pods, names_known);
}

// What the first batch of a restarted kubelet does not name, it does not know. One that names no
// pod of before is not believed to be it: that line was lost.
void Tracker::Impl::NoteUnnamed(const std::vector<PodRef>& batch, bool names_known) {
  const auto named = [&batch](const PodFacts& pod) {
    return std::ranges::any_of(batch, [&pod](const PodRef& ref) {
      return ref.name == pod.name && ref.namespace_ == pod.namespace_;
    });
  };
  for (PodFacts& pod : table.pods()) {
    const bool lives =
        names_known && !pod.termination && !pod.removed && !pod.ended && !pod.name.empty();
    if (pod.is_static || !(pod.terminating() || lives) || named(pod)) continue;
    if (pod.terminating()) {
      pod.termination->lost = true;
      After(kLostAfter, Timer::kLost, pod);
    } else {
      NoteGone(pod);
    }
  }
}

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

void Tracker::Impl::OnDeleted(const Event& event) {
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = PodFromSource(ref, event.source);
    if (pod == nullptr) continue;
    ComeBack(*pod);
    if (pod->remove_at && event.at <= *pod->remove_at) continue;  // printed late
    if (pod->removed) pod = table.Create(ref);
    SetOnce(pod->delete_at, event.at);
    const bool again = pod->termination != nullptr;
    if (!again && !pod->ended) StartDeleted(*pod, event.at);
    if (!pod->termination) continue;
    pod->termination->last_delete_at = event.at;
    if (!again) TrySeal(*pod);
  }
}

void Tracker::Impl::StartDeleted(PodFacts& pod, Timestamp at) {
  if (KilledUnsaid(pod)) return StartUnsaid(pod);
  EndedUnsaid(pod);
  if (pod.termination) return;
  if (!KnownFinished(pod)) {
    Start(pod, Trigger::kApiDelete, at);
  } else if (DiedUnsaid(pod)) {
    Start(pod, Trigger::kUnknown, std::nullopt);
  } else {
    Start(pod, Trigger::kFinished, at);
    Seal(pod);
  }
}

// The kubelet says that only of a pod that was deleted before it had ended.
void Tracker::Impl::OnDeletionDelayed(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr || !pod->lives() || restarted_at) return;
  Start(*pod, Trigger::kApiDelete, pod->delete_at);
}

void Tracker::Impl::OnRemoved(const Event& event) {
  for (const PodRef& ref : event.pods) {
    PodFacts* pod = PodFromSource(ref, event.source);
    if (pod == nullptr) continue;
    NoteGone(*pod);
    SetOnce(pod->remove_at, event.at);
    if (event.source == "file" || event.source == "http") {
      RemoveStatic(*pod, event.at);
    } else if (!pod->termination) {
      RemoveUnasked(*pod, event.at);
    } else {
      RemoveAsked(*pod, event.at);
    }
  }
}

void Tracker::Impl::RemoveStatic(PodFacts& pod, Timestamp at) {
  pod.is_static = true;
  if (pod.termination || pod.ended || KnownFinished(pod)) return;
  Start(pod, Trigger::kStaticRemoved, at);
  pod.termination->removed_at.reset();
}

// A force delete may come without any DELETE; a finished pod's removal looks the same.
void Tracker::Impl::RemoveUnasked(PodFacts& pod, Timestamp at) {
  if (KilledUnsaid(pod)) {
    StartUnsaid(pod);
    TrySeal(pod);
    return;
  }
  EndedUnsaid(pod);
  if (pod.termination) {
    Remove(pod);
  } else if (pod.lives() && AnyAlive(pod)) {
    Start(pod, Trigger::kForceDelete, at);
    After(kNoKillAfter, Timer::kNoKill, pod);
  }
}

void Tracker::Impl::RemoveAsked(PodFacts& pod, Timestamp at) {
  TerminationFacts& term = *pod.termination;
  SetOnce(term.removed_at, at);
  if (term.completed) {
    // Evicted or past its deadline long ago; now its object went too.
    if (term.state == State::kTerminated) Remove(pod);
    return;
  }
  if (!term.sealed) After(kSettleAfter, Timer::kSettle, pod);
  const bool begun = term.kill_seen || term.sandbox_dead_at || term.first_unmount_at ||
                     term.worker_stopped_at || term.terminated_at;
  // The kubelet's own DELETE, when it has nothing left to do, is a second one.
  const bool pair = term.trigger == Trigger::kApiDelete && term.requested_at &&
                    at - *term.requested_at <= kForcePair &&
                    term.last_delete_at.value_or(at) <= *term.requested_at;
  // The kill comes after the REMOVE, or was printed before it.
  if (pair && (!begun || AnyRunning(pod))) term.trigger = Trigger::kForceDelete;
  if (!begun) After(kNoKillAfter, Timer::kNoKill, pod);
  TrySeal(pod);
  TryComplete(pod);
}

void Tracker::Impl::OnTeardown(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return;
  const Cause cause = event.row->cause;
  if (cause == Cause::kFinished) pod->finished = true;
  if (!pod->lives()) return;
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

void Tracker::Impl::OnOrphanFound(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod != nullptr && !pod->termination && !pod->ended) Start(*pod, Trigger::kOrphan, event.at);
}

void Tracker::Impl::OnFinishedByItself(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod != nullptr && !pod->announced) pod->finished = true;
}

void Tracker::Impl::OnRecorded(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  const auto* row = std::ranges::find(kAnnouncedBy, event.reason, &AnnouncedBy::reason);
  if (row != std::end(kAnnouncedBy) && !pod->announced && !pod->termination) {
    pod->announced = row->trigger;
    pod->announced_at = event.at;
    // The recorder prints it late: the worker may have said before that the pod's life is complete,
    // and have begun to kill.
    if (AnyAlive(*pod)) {
      pod->finished = false;
      if (!pod->ended && KilledAt(*pod)) StartAnnounced(*pod);
    }
  } else if (event.reason == "FailedMount") {
    pod->mount_failed_at = event.at;
  } else if (event.reason == "Failed" || event.reason == "BackOff") {
    if (event.detail.find("image") != std::string_view::npos) pod->pull_failed_at = event.at;
  } else if (event.reason == "Pulled") {
    pod->pull_failed_at.reset();
  }
}

// The kubelet ends a pod by itself, and says why. Null when its end is known already.
PodFacts* Tracker::Impl::NoteEviction(const Event& event) {
  PodFacts* pod = PodOf(event, true);
  if (pod == nullptr) return nullptr;
  const Trigger why = DecidedBy(event.row->cause);
  if (pod->terminating() && pod->termination->trigger == Trigger::kRuntimeStop &&
      !pod->termination->sealed) {
    pod->termination->trigger = why;  // the runtime's lines do not tell that
  }
  if (pod->termination || pod->ended) return nullptr;
  if (!pod->announced) {
    pod->announced = why;
    pod->announced_at = event.at;
  }
  return pod;
}

void Tracker::Impl::OnEvicting(const Event& event) { NoteEviction(event); }

void Tracker::Impl::OnEvicted(const Event& event) {
  PodFacts* pod = NoteEviction(event);
  const auto killed = pod != nullptr ? KilledAt(*pod) : std::nullopt;
  if (!killed) return;
  Start(*pod, *pod->announced, killed);
  TrySeal(*pod);
}

void Tracker::Impl::OnShutdownKill(const Event& event) {
  PodFacts* pod = NoteEviction(event);
  if (pod == nullptr) return;
  Start(*pod, Trigger::kNodeShutdown, event.at);
  pod->termination->grace_granted = event.grace_seconds;
}

void Tracker::Impl::OnNode(const Event& event) {
  if (event.kind == EventKind::kNodeShutdownStarted) {
    metrics.CountNodeShutdown("started");
  } else if (event.kind == EventKind::kNodeShutdownCompleted) {
    metrics.CountNodeShutdown("completed");
  } else {
    trouble.skipped_at = event.at;
    trouble.skip_reason = ClassifyFailure(event.error, Phase::kDispatch);
    metrics.CountSyncSkip(trouble.skip_reason);
  }
}

}  // namespace kle
