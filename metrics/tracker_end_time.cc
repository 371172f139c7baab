// SPDX-License-Identifier: Apache-2.0
// Whether a pod has stopped and when, where its worker's own lines do not tell: which of the other
// lines prove it (decisions 0002, 0025 and 0031).
#include <algorithm>
#include <chrono>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

// A relist and the unmount that follows the worker's stop: nearer than this, the relist is the
// better time; farther apart, the sandbox took longer (CNI) than its pause container.
constexpr Duration kRelistLag = 1500ms;

// Every container that belongs has shown its exit as fully as this kubelet shows it.
bool ExitsKnown(const PodFacts& pod) {
  return std::ranges::all_of(pod.containers, [&pod](const ContainerFacts& container) {
    return !Belongs(container, *pod.termination) ||
           (container.exited_at && (container.exit_code || container.seen_dead));
  });
}

// Of one of its exits the code is about to be printed.
bool CodeToCome(const PodFacts& pod, Timestamp now) {
  const auto& due_at = pod.termination->code_due_at;
  return due_at && now < *due_at &&
         std::ranges::any_of(pod.containers, [&pod](const ContainerFacts& container) {
           return Belongs(container, *pod.termination) && container.seen_dead &&
                  !container.exit_code;
         });
}

bool VolumesToCome(const PodFacts& pod) {
  return std::ranges::any_of(pod.volumes, [](const VolumeFacts& volume) { return volume.mounted; });
}

// The first line of what comes only after the containers and the sandbox.
std::optional<Timestamp> PastEnd(const TerminationFacts& term, Timestamp last_exit) {
  // The object of a pod that was deleted by force goes before, a static pod has none.
  const auto removed = term.trigger == Trigger::kApiDelete ? term.removed_at : std::nullopt;
  std::optional<Timestamp> first;
  for (const auto& at : {term.volumes_claimed_at, term.volume_paths_cleaned_at,
                         term.reclaimed_line_at, term.removed_from_api_at, removed}) {
    if (at && *at >= last_exit) KeepMin(first, at);
  }
  return first;
}

// The runtime was still stopping one of its containers then.
bool StoppedAfter(const PodFacts& pod, std::optional<Timestamp> at) {
  return at && std::ranges::any_of(pod.containers, [at](const ContainerFacts& container) {
           const RuntimeFacts& stop = container.runtime;
           return stop.stop_at && *stop.stop_at <= *at && stop.stop_ended_at &&
                  *stop.stop_ended_at > *at;
         });
}

bool SandboxSeenLate(const PodFacts& pod) {
  return std::ranges::any_of(pod.containers, [](const ContainerFacts& container) {
    return container.sandbox && container.exit_source == ExitSource::kBound;
  });
}

}  // namespace

// Volumes are unmounted only once every container is gone. Not so for what has no object, or is
// none that a restarted kubelet names: there the volumes go first.
bool Tracker::Impl::UnmountProves(const PodFacts& pod) const {
  const TerminationFacts* term = pod.termination.get();
  if (term != nullptr && term->trigger == Trigger::kOrphan) return false;
  if (term != nullptr && StoppedAfter(pod, term->first_unmount_at)) return false;
  const bool named = pod.named_at && restarted_at && *pod.named_at >= *restarted_at;
  if (!restarted_at || batch_due || named) return true;
  return term != nullptr && term->first_unmount_at && *term->first_unmount_at < *restarted_at;
}

// The same of the sandbox: kubelets before 1.22, which print no exits apart, do not wait for it.
// When it died there a relist tells.
bool Tracker::Impl::UnmountTells(const PodFacts& pod) const {
  const TerminationFacts& term = *pod.termination;
  const bool waits_for_sandbox = finished_lines || verbosity < 2;
  return term.first_unmount_at && UnmountProves(pod) && (waits_for_sandbox || term.sandbox_dead_at);
}

// The unmount is nearer than a relist that is late, or the first one after a restart.
void Tracker::Impl::CutToUnmount(const PodFacts& pod, ContainerFacts& container) {
  const auto& unmount = pod.termination->first_unmount_at;
  const bool seen_late =
      container.exit_source == ExitSource::kRelist || container.exit_source == ExitSource::kBound;
  if (!seen_late || !unmount || !UnmountProves(pod)) return;
  if (container.sandbox && !finished_lines) return;
  if (*unmount >= *container.exited_at) return;
  container.exited_at = unmount;
  container.exit_source = ExitSource::kBound;
}

// What is in a sandbox is dead when its stop returns.
void Tracker::Impl::CutToSandbox(PodFacts& pod, ContainerFacts& container) {
  const ContainerFacts* sandbox = FindContainer(pod, container.runtime.sandbox_id);
  if (sandbox == nullptr || container.exit_source > ExitSource::kShim) return;
  const auto& stopped_at = sandbox->runtime.stop_ended_at;
  if (!stopped_at || *stopped_at >= *container.exited_at) return;
  container.exited_at = stopped_at;
  container.exit_source = ExitSource::kBound;
}

// Of a pod whose object is gone the sync loop prints no relist's events: an exit that a relist did
// not show by now, it will not.
// `forgotten`: nor does the kubelet know of it, which comes after all else. The object of a pod
// that was not deleted by force goes after its containers.
void Tracker::Impl::BoundExits(PodFacts& pod, bool forgotten) {
  const TerminationFacts& term = *pod.termination;
  std::optional<Timestamp> dead_by = UnmountProves(pod) ? term.first_unmount_at : std::nullopt;
  if (!dead_by && term.sandbox_settled) dead_by = term.sandbox_dead_at;
  if (!dead_by && forgotten) {
    dead_by = term.trigger == Trigger::kApiDelete ? term.removed_at.value_or(now) : now;
  }
  for (ContainerFacts& container : pod.containers) {
    if (container.sandbox) continue;
    if (dead_by && (container.kills > 0 || !container.name.empty())) {
      SetExit(pod, container, *dead_by, ExitSource::kBound);
    }
    if (dead_by) container.running = false;
    container.seen_dead = container.seen_dead || container.exited_at;
  }
}

// Whether nothing of it runs any more.
bool Tracker::Impl::HasStopped(const PodFacts& pod, bool gone) const {
  const TerminationFacts& term = *pod.termination;
  if (term.by_runtime || (term.blind && !term.removed_at)) return false;
  if (AnyRunning(pod) || !ExitsKnown(pod) || CodeToCome(pod, now)) return false;
  if (gone || UnmountTells(pod)) return true;
  const bool sandbox_gone = term.sandbox_dead_at && term.sandbox_settled;
  // Of the volumes that say nothing even now there are no lines.
  if (sandbox_gone && term.removed_at) return true;
  if (VolumesToCome(pod)) return false;
  // Kubelets before 1.22 will tell of the sandbox, where it may outlive its object.
  const bool goes_first = term.trigger == Trigger::kApiDelete && LastExit(pod) <= term.removed_at;
  return sandbox_gone || (term.removed_at && (finished_lines || goes_first));
}

// The unmounts will tell when its sandbox is gone.
bool Tracker::Impl::UnmountWillTell(const PodFacts& pod) const {
  const auto& added_at = pod.startup.added_at;
  const bool same_kubelet = !restarted_at || (added_at && *added_at > *restarted_at);
  return VolumesToCome(pod) && same_kubelet && !pod.termination->uncertain;
}

// When a pod that has stopped did so. Nothing: no line tells.
std::optional<Tracker::Impl::EndTime> Tracker::Impl::EndOf(const PodFacts& pod) const {
  const TerminationFacts& term = *pod.termination;
  const auto last_exit = LastExit(pod);
  const auto& dead = term.sandbox_dead_at;
  const bool proven =
      UnmountTells(pod) && (finished_lines || !dead || *term.first_unmount_at >= *dead);
  if (!last_exit && !dead && !proven) return {};
  const Timestamp unmount = term.first_unmount_at.value_or(now);
  const bool failed_later = dead && term.sandbox_failed_at && *term.sandbox_failed_at > *dead;
  const auto end = [&]() -> EndTime {
    if (term.sandbox_stopped_at) return {*term.sandbox_stopped_at, Precision::kExact};
    const bool near = !proven || (dead && unmount >= *dead && unmount - *dead <= kRelistLag);
    if (dead && !failed_later && near) {
      std::optional<Timestamp> over;
      if (proven) over = unmount;
      // Before 1.22 the next sign may come ten seconds later.
      if (!proven && finished_lines) over = PastEnd(term, *dead);
      if (!SandboxSeenLate(pod) || !over) return {*dead, Precision::kRelist};
      return {std::max(*dead, *over), Precision::kBound};
    }
    if (proven) return {unmount, Precision::kBound};
    if (failed_later) return {term.removed_at.value_or(now), Precision::kBound};
    return {PastEnd(term, *last_exit).value_or(*last_exit), Precision::kBound};
  }();
  return EndTime{std::max(end.at, last_exit.value_or(end.at)), end.precision};
}

}  // namespace kle
