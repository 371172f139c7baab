// SPDX-License-Identifier: Apache-2.0
// Kubelets that start, and pods as their sources deliver them.
#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// DELETE and REMOVE this near to each other: a grace of 0, or a pod that had finished.
constexpr Duration kForcePair = 1s;

constexpr Duration kNoKillAfter = 30s;

constexpr Duration kLostAfter = 60s;

// The kernel gives a process id out again one day: only the last few count as seen.
constexpr size_t kPidsRemembered = 16;

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

}  // namespace

void Tracker::Impl::OnKubeletVersion(const Event& event) {
  adopting = true;
  const bool again =
      event.pid != 0 ? !Remember(version_pids, event.pid) : version_seen || pod_events > 0;
  version_seen = true;
  if (again) NoteRestart(event.at);
}

// Before what waited for it is decided.
void Tracker::Impl::NoteHeard(uint64_t pid, Timestamp at) {
  heard_at = at;
  if (pid != 0 && std::ranges::find(pids, pid) == pids.end()) process_since = at;
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
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const PodRef& ref : batch) names.emplace(ref.namespace_, ref.name);
  const auto named = [&names](const PodFacts& pod) {
    return names.contains({pod.namespace_, pod.name});
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
  const auto killed = KilledAt(pod);
  const bool printed_late = killed && *killed >= at;
  if (!printed_late) {
    if (KilledUnsaid(pod)) return StartUnsaid(pod);
    EndedUnsaid(pod);
  }
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
  if (!term.kill_seen) After(kNoKillAfter, Timer::kNoKill, pod);
  TrySeal(pod);
  TryComplete(pod);
}

}  // namespace kle
