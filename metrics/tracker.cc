// SPDX-License-Identifier: Apache-2.0
// Which event goes to which handler, and what is known of the pod that it names.
#include "metrics/tracker.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

// Of one pod; more is a runaway crash loop.
constexpr size_t kMaxContainers = 256;
constexpr size_t kMaxVolumes = 256;

}  // namespace

Tracker::Impl::Impl(const TrackerOptions& given, MetricSet& metric_set, RecordSink record_sink)
    : options(given), metrics(metric_set), sink(std::move(record_sink)) {}

PodFacts* Tracker::Impl::PodOf(const Event& event, bool create) {
  PodFacts* pod = table.Resolve(event.pod, create);
  if (pod == nullptr && !event.container_id.empty())
    pod = table.FindByContainer(event.container_id);
  if (pod == nullptr && !event.sandbox_id.empty()) pod = table.FindByContainer(event.sandbox_id);
  if (pod != nullptr) Touch(*pod, event.at);
  return pod;
}

// SyncLoop lines name a pod by its name. Null for a mirror pod: the object of a static pod in the
// API has the same name, and its deletion is no second termination.
PodFacts* Tracker::Impl::PodFromSource(const PodRef& ref, std::string_view source) {
  PodFacts* pod = table.FindByName(ref.namespace_, ref.name);
  if (pod != nullptr && pod->is_static && source == "api") return nullptr;
  if (!ref.uid.empty() && (pod == nullptr || (!pod->uid.empty() && pod->uid != ref.uid))) {
    pod = table.FindByUid(ref.uid);
  }
  if (pod == nullptr) pod = table.Create(ref);
  if (pod->uid.empty() && !ref.uid.empty()) pod = table.Resolve(ref, true);
  Touch(*pod, now);
  return pod;
}

ContainerFacts& Tracker::Impl::ContainerOf(PodFacts& pod, std::string_view id,
                                           std::string_view name) {
  auto it = std::ranges::find(pod.containers, id, &ContainerFacts::id);
  if (it == pod.containers.end()) {
    if (pod.containers.size() >= kMaxContainers) {
      metrics.CountDropped("containers");
      table.ForgetContainer(pod.containers.front().id, pod);
      pod.containers.erase(pod.containers.begin());
    }
    it = pod.containers.insert(pod.containers.end(), ContainerFacts{});
    it->id = id;
    table.LearnContainer(id, pod);
  }
  if (it->name.empty() && !name.empty()) it->name = name;
  return *it;
}

namespace {

// A mount's lines go by the PersistentVolume, an unmount's by the name that the pod has for it.
// What the unique name ends with was taken from there.
bool NamedByPod(const Event& event) {
  if (event.kind != EventKind::kUnmountStarted && event.kind != EventKind::kUnmounted &&
      event.kind != EventKind::kFailure) {
    return false;
  }
  return !event.volume.empty() && !event.unique_name.ends_with(event.volume);
}

}  // namespace

VolumeFacts& Tracker::Impl::VolumeOf(PodFacts& pod, const Event& event) {
  auto it = std::ranges::find_if(pod.volumes, [&event](const VolumeFacts& volume) {
    if (!event.unique_name.empty() && !volume.record.unique_name.empty()) {
      return volume.record.unique_name == event.unique_name;
    }
    return volume.record.name == event.volume;
  });
  if (it == pod.volumes.end()) {
    // Those known by a name alone, which may be another's: each has a line of its own to come.
    if (!event.unique_name.empty()) {
      std::erase_if(pod.volumes,
                    [](const auto& volume) { return volume.record.unique_name.empty(); });
    }
    if (pod.volumes.size() >= kMaxVolumes) {
      metrics.CountDropped("volumes");
      pod.volumes.erase(pod.volumes.begin());
    }
    it = pod.volumes.insert(pod.volumes.end(), VolumeFacts{});
    it->record.name = event.volume;
  }
  if (NamedByPod(event)) it->record.name = event.volume;
  if (it->record.unique_name.empty()) it->record.unique_name = event.unique_name;
  if (it->record.plugin.empty()) it->record.plugin = event.plugin;
  return *it;
}

namespace {

using enum EventKind;
using Impl = Tracker::Impl;

// A kind may have several; they run in this order. A kind without one only shows that its pod
// lives.
struct Handler {
  EventKind kind;
  void (*handle)(Impl&, const Event&);
  std::string_view effect;  // what it does to the pod, for `explain`
};

template <auto kMethod>
void Call(Impl& impl, const Event& event) {
  (impl.*kMethod)(event);
}

// The line's first time is a fact of the termination under way, and does nothing by itself: what
// makes a phase of it is metrics/phases.cc.
template <auto kFact>
void Note(Impl& impl, const Event& event) {
  PodFacts* pod = impl.PodOf(event, true);
  if (pod != nullptr && pod->termination) SetOnce(pod->termination.get()->*kFact, event.at);
}

constexpr std::string_view kPastEnd =
    "the pod is terminated by now, where the worker's line that says so is missing";

constexpr Handler kHandlers[] = {
    {kKubeletVersion, Call<&Impl::OnKubeletVersion>,
     "a kubelet starts, and what it gets first ran before it; a restart where there was one "
     "before"},
    {kKubeletStarted, Call<&Impl::OnKubeletStarted>,
     "a kubelet starts, and what it gets first ran before it"},
    {kSyncSkipped, Call<&Impl::OnNode>,
     "counts a sync that was skipped, and why; stuck pods of the node name it"},
    {kNodeShutdownStarted, Call<&Impl::OnNode>, "counts a node shutdown that began; no pod's own"},
    {kNodeShutdownCompleted, Call<&Impl::OnNode>,
     "counts a node shutdown that ended; no pod's own"},
    {kPodAdded, Call<&Impl::OnAdded>,
     "makes the pod known; what a restarted kubelet's first one does not name went while none ran"},
    {kPodDeleted, Call<&Impl::OnDeleted>,
     "starts the termination (trigger api_delete) at this time, or with the kill of a pod that was "
     "deleted while no kubelet ran; a further one of the same pod starts nothing"},
    {kDeletionDelayed, Call<&Impl::OnDeletionDelayed>,
     "the pod was deleted before it had ended: starts the termination whose request nobody could "
     "read, untimed"},
    {kPodRemoved, Call<&Impl::OnRemoved>,
     "the object is gone: ends the termination once its containers and sandbox are; without a "
     "DELETE before it, starts one (force_delete, static_removed)"},
    {kPodRejected, Call<&Impl::OnFinishedByItself>,
     "the pod never ran: its deletion will be no termination to measure"},
    {kLifecycleCompleted, Call<&Impl::OnFinishedByItself>,
     "the pod ended by itself: its deletion will be no termination to measure"},
    {kRecorded, Call<&Impl::OnRecorded>,
     "may announce why the kubelet will end the pod (eviction, deadline, preemption, shutdown)"},
    {kRecorded, Call<&Impl::OnHookRecorded>, "a failed hook is the container's that it names"},
    {kRecorded, Call<&Impl::OnStartTrouble>, "may tell why the pod does not start"},
    {kRecorded, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kSandboxNeeded, Call<&Impl::OnSandboxNeeded>,
     "the pod lives on: what a former kubelet had begun to end by itself is interrupted, what it "
     "had ended is over"},
    {kSandboxNeeded, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kSandboxCreated, Call<&Impl::LearnSandboxes>, "makes the sandbox's id known"},
    {kSandboxCreated, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kSandboxIds, Call<&Impl::LearnSandboxes>, "makes the sandboxes' ids known"},
    {kProbeResult, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kStartupObserved, Call<&Impl::OnStartup>,
     "the pod's start is over: the kubelet's own figure is observed"},
    {kContainerNeedsRestart, Call<&Impl::OnProbeFailed>,
     "the kill of this container that follows is no termination"},
    {kVolumeMountStarted, Call<&Impl::OnVolumeMountStarted>, "makes the pod known"},
    {kVolumeMounted, Call<&Impl::OnVolumeMounted>,
     "the volume will have to be unmounted before the termination's phase unmount_volumes is over"},
    {kVolumesMounted, Call<&Impl::OnVolumesMounted>,
     "all volumes are mounted: no failed mount is held against the pod any more"},
    {kVolumesMounted, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kContainerCgroupAdded, Call<&Impl::OnCgroupAdded>,
     "makes the id of a container or a sandbox known"},
    {kContainerCgroupDestroyed, Call<&Impl::OnCgroupDestroyed>,
     "the sandbox's cgroup is gone: a bound for when the pod was stopped"},
    {kPlegTransition, Call<&Impl::OnPlegTransition>,
     "a relist saw the sandbox dead: a bound for when the pod was stopped; of a pod without its "
     "object also a container's exit, precision relist"},
    {kRelistFailed, Call<&Impl::OnRelistFailed>,
     "an exit that the relists after it show is a bound: it may be long past"},
    {kPlegEvent, Call<&Impl::OnPlegEvent>,
     "a relist saw a container start or die: its exit, precision relist, unless a nearer time is "
     "known"},
    {kPlegEvent, Call<&Impl::OnStartup>, "a step of the pod's start"},
    {kContainerFinished, Call<&Impl::OnContainerFinished>,
     "the container's exit code and its exit, precision relist"},
    {kSandboxFoundDead, Call<&Impl::OnSandboxFoundDead>,
     "tells which id is the sandbox's; of a pod without its object also that it is dead, and the "
     "containers with it"},
    {kEvicting, Call<&Impl::OnEvicting>, "announces the termination; the row says by what trigger"},
    {kEvicted, Call<&Impl::OnEvicted>,
     "starts the termination at the first of its kills, if the pod has none yet, for it is over"},
    {kShutdownKill, Call<&Impl::OnShutdownKill>,
     "starts the termination, trigger node_shutdown, with the grace that is granted"},
    {kOrphanFound, Call<&Impl::OnOrphanFound>,
     "starts the termination, trigger orphan, if the pod has none"},
    {kTeardownBegun, Call<&Impl::OnTeardown>,
     "starts the termination if the pod has none; the row says by what trigger"},
    {kTerminationObserved, Call<&Impl::OnWorkerEntered>,
     "ends the phase dispatch: the pod's worker has it"},
    {kTerminatingEntered, Call<&Impl::OnTeardown>,
     "starts the termination if the pod has none; the row says by what trigger"},
    {kTerminatingEntered, Call<&Impl::OnWorkerEntered>,
     "ends the phase dispatch: the pod's worker has it"},
    {kGraceDecided, Call<&Impl::OnWorkerEntered>, "the grace period granted"},
    {kPrestopStarted, Call<&Impl::OnHook>, "the container's preStop hook begins"},
    {kPrestopCompleted, Call<&Impl::OnHook>, "the container's preStop hook ends"},
    {kPrestopTimedOut, Call<&Impl::OnHook>,
     "the container's preStop hook ends, outcome timeout; a failure of the phase prestop"},
    {kPrestopFailed, Call<&Impl::OnHook>, "the container's preStop hook ends, outcome failed"},
    {kKillAnnounced, Call<&Impl::OnKill>, "the grace period granted"},
    {kKillStarted, Call<&Impl::OnKill>,
     "the container's stop begins, with the grace it is given; starts the termination that was "
     "announced, or (trigger orphan) of what went while no kubelet ran"},
    {kContainerExited, Call<&Impl::OnContainerExited>,
     "the container's exit, precision exact: its stop returned; a bound where that found it dead"},
    {kContainerStates, Call<&Impl::OnContainerStates>,
     "exits and exit codes by the runtime's own clock, precision exact"},
    {kCniNetworkDeleting, Call<&Impl::LearnSandboxes>, "makes the sandbox's id known"},
    {kCniNetworkDeleted, Call<&Impl::LearnSandboxes>, "makes the sandbox's id known"},
    {kContainersStopped, Call<&Impl::OnContainersStopped>, "ends the phase stop_containers"},
    {kPodTerminated, Call<&Impl::OnPodTerminated>,
     "the pod is terminated, precision exact: containers and sandbox are gone; the termination is "
     "observed"},
    {kTerminatedEntered, Call<&Impl::OnPastEnd>, kPastEnd},
    {kVolumeUndesired, Call<&Impl::OnVolumeUndesired>,
     "the volume is no longer wanted: its unmount is to come"},
    {kVolumeDetached, Call<&Impl::OnVolumeDetached>,
     "the volume is unmounted, where the line that says so was lost"},
    {kDeviceUnmountStarted, Call<&Impl::OnDevice>, "the unmount of the volume's device begins"},
    {kDeviceUnmounted, Call<&Impl::OnDevice>,
     "the unmount of the volume's device is observed, operation unmount_device; no pod's own"},
    {kUnmountStarted, Call<&Impl::OnUnmountStarted>,
     "an attempt to unmount the volume begins; containers and sandbox were gone before it; where "
     "a pod was killed and nobody deleted it, starts the termination (trigger deadline)"},
    {kUnmounted, Call<&Impl::OnUnmounted>, "the volume is unmounted: its unmount time is observed"},
    {kVolumesUnmounted, Call<&Impl::OnPastEnd>, kPastEnd},
    {kVolumesUnmounted, Call<&Impl::OnVolumesUnmounted>,
     "ends the phase unmount_volumes where volumes have no lines of their own"},
    {kVolumePathsCleaned, Note<&TerminationFacts::volume_paths_cleaned_at>,
     "ends the phase unmount_volumes at the latest"},
    {kCgroupRemoved, Call<&Impl::OnCgroupRemoved>, "ends the phase remove_cgroup"},
    {kWorkerCompleted, Note<&TerminationFacts::worker_completed_at>, "the pod's worker is done"},
    {kReclaimed, Call<&Impl::OnPastEnd>, kPastEnd},
    {kReclaimed, Note<&TerminationFacts::reclaimed_line_at>, "all that the pod held is reclaimed"},
    {kStatusUpdated, Call<&Impl::OnStatusUpdated>,
     "the exit codes of its containers, where the version prints them in no other line"},
    {kRemovedFromApi, Call<&Impl::OnPastEnd>, kPastEnd},
    {kRemovedFromApi, Note<&TerminationFacts::removed_from_api_at>,
     "the kubelet has deleted the object: ends the phase remove_from_api"},
    {kForgotten, Call<&Impl::OnForgotten>,
     "the object is gone: ends the termination, where the REMOVE is missing"},
    {kOrphanVolumesCleaned, Call<&Impl::OnVolumesCleaned>,
     "the pod's folder is gone: below -v 2 the only proof of its deletion, which ends with it; "
     "above that where the REMOVE is missing, and of a static pod or an orphan"},
    {kRuntimeSandboxRequested, Call<&Impl::OnRuntimeSandbox>,
     "makes the pod known; below -v 2 the pod lives on: a termination that the runtime's lines had "
     "told is taken back"},
    {kRuntimeSandboxStarted, Call<&Impl::OnRuntimeSandbox>, "makes the sandbox's id known"},
    {kRuntimeContainerCreated, Call<&Impl::OnRuntimeContainer>,
     "makes the container's id and name known"},
    {kRuntimeContainerStarted, Call<&Impl::OnRuntimeContainer>, "the container runs"},
    {kRuntimeStopRequested, Call<&Impl::OnRuntimeStop>,
     "the container's stop begins, with the grace it is given; below -v 2 the termination begins "
     "with it (trigger runtime_stop) once its sandbox is stopped too"},
    {kRuntimeStopReturned, Call<&Impl::OnRuntimeStop>,
     "the container's exit, precision bound: its stop returned"},
    {kRuntimeSigkill, Call<&Impl::OnRuntimeStop>,
     "the grace is over: the runtime kills the container"},
    {kRuntimeExited, Call<&Impl::OnRuntimeExit>,
     "the container's exit by the runtime's own clock, precision exact"},
    {kRuntimeShimGone, Call<&Impl::OnRuntimeExit>,
     "the container's exit, precision bound: its shim is gone"},
    {kRuntimeSandboxStopRequested, Call<&Impl::OnRuntimeSandboxStop>,
     "below -v 2: starts the termination (trigger runtime_stop) at the first stop of the "
     "containers that ended with it"},
    {kRuntimeSandboxStopped, Call<&Impl::OnRuntimeSandboxStop>,
     "the sandbox is stopped and its network torn down; below -v 2 the pod is terminated, unless "
     "its sandbox is replaced"},
    {kRuntimeContainerRemoved, Call<&Impl::OnRuntimeSwept>,
     "it is a container, and no sandbox; below -v 2: swept up this soon, it was a deleted pod's"},
    {kRuntimeSandboxRemoved, Call<&Impl::OnRuntimeSwept>,
     "below -v 2: nothing more comes of the pod"},
    {kLinesLost, Call<&Impl::OnLinesLost>,
     "every pod in flight becomes uncertain: it is given up after an hour of silence"},
    {kKernelEvidence, Call<&Impl::OnKernelEvidence>,
     "evidence beside a failure or a stuck pod; never a termination by itself"},
    {kFailure, Call<&Impl::OnFailure>,
     "a failed attempt, with phase and reason: counted, and why the pod is stuck while it is the "
     "last"},
};

// A kind's handlers stand side by side.
static_assert([] {
  std::array<bool, kEventKindCount> passed{};
  for (size_t i = 1; i < std::size(kHandlers); ++i) {
    if (kHandlers[i].kind == kHandlers[i - 1].kind) continue;
    passed[static_cast<size_t>(kHandlers[i - 1].kind)] = true;
    if (passed[static_cast<size_t>(kHandlers[i].kind)]) return false;
  }
  return true;
}());

// Where they begin and end in the table.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};

std::array<Range, kEventKindCount> FindRanges() {
  std::array<Range, kEventKindCount> ranges;
  for (size_t i = 0; i < std::size(kHandlers); ++i) {
    Range& range = ranges[static_cast<size_t>(kHandlers[i].kind)];
    if (range.begin == range.end) range.begin = i;
    range.end = i + 1;
  }
  return ranges;
}

}  // namespace

void Tracker::Impl::On(const Event& event) {
  const bool of_kubelet = event.row == nullptr || event.row->source == LogSource::kKubelet;
  if (of_kubelet) NoteHeard(event.pid, event.at);
  Advance(event.at);
  if (std::exchange(log_begins, false)) whole_since = event.at;
  NoteProcess(event.pid, event.at);
  verbosity = std::max(verbosity, event.level);
  static const auto ranges = FindRanges();
  const Range& range = ranges[static_cast<size_t>(event.kind)];
  if (range.begin == range.end) PodOf(event, false);
  for (size_t i = range.begin; i < range.end; ++i) kHandlers[i].handle(*this, event);
}

void Tracker::Impl::OnProof(Timestamp at, uint64_t pid, int level) {
  NoteHeard(pid, at);
  Advance(at);
  if (std::exchange(log_begins, false)) whole_since = at;
  NoteProcess(pid, at);
  verbosity = std::max(verbosity, level);
}

void Tracker::Impl::DoubtAll() {
  whole_since = now;
  for (PodFacts& pod : table.pods()) {
    if (!pod.terminating() || pod.termination->uncertain) continue;
    pod.termination->uncertain = true;
    After(kExpireAfter, Timer::kExpire, pod);
  }
}

bool Tracker::Impl::Advance(Timestamp at) {
  now = std::max(now, at);
  bool settled = false;
  while (!timers.empty() && timers.begin()->first <= now) {
    const auto [serial, timer] = timers.begin()->second;
    timers.erase(timers.begin());
    if (PodFacts* pod = table.FindBySerial(serial)) Fire(timer, *pod);
    settled = true;
  }
  if (table.size() > options.max_pods) ForgetOldest();
  return settled;
}

// Some at once, for each time looks at all pods. Those whose lives are over go first; never one
// that is terminating, of which max_in_flight is the bound.
void Tracker::Impl::ForgetOldest() {
  const size_t enough = options.max_pods - options.max_pods / 64;
  for (const bool living : {false, true}) {
    auto& pods = table.pods();
    for (auto next = pods.begin(); next != pods.end() && table.size() > enough;) {
      PodFacts& pod = *next++;
      if (pod.terminating() || (!living && !pod.ended && !pod.finished)) continue;
      if (pod.termination) Hand(pod);
      table.Erase(pod);
    }
  }
}

void Tracker::Impl::Finish() {
  for (PodFacts& pod : table.pods()) {
    if (!KilledUnsaid(pod)) EndedUnsaid(pod);
    if (pod.terminating()) Fire(Timer::kNoKill, pod);
    if (pod.terminating()) Fire(Timer::kCode, pod);
    if (pod.terminating()) Fire(Timer::kSettle, pod);
    if (pod.terminating()) Fire(Timer::kLost, pod);
    if (pod.terminating()) Fire(Timer::kStopped, pod);
    if (pod.terminating()) Fire(Timer::kBlind, pod);
    if (!pod.termination || !pod.termination->completed) continue;
    Hand(pod);
  }
}

std::vector<std::string_view> EffectsOf(EventKind kind) {
  std::vector<std::string_view> effects;
  for (const Handler& handler : kHandlers) {
    if (handler.kind == kind) effects.push_back(handler.effect);
  }
  return effects;
}

Tracker::Tracker(const TrackerOptions& options, MetricSet& metrics, RecordSink sink)
    : impl_(std::make_unique<Impl>(options, metrics, std::move(sink))) {}
Tracker::~Tracker() = default;

void Tracker::SetStuckSlack(Duration slack) { impl_->options.stuck_slack = slack; }

void Tracker::On(const Event& event) { impl_->On(event); }
void Tracker::OnProof(Timestamp at, uint64_t pid, int verbosity) {
  impl_->OnProof(at, pid, verbosity);
}
bool Tracker::Advance(Timestamp now) { return impl_->Advance(now); }
void Tracker::Finish() { impl_->Finish(); }

void Tracker::OnGap(Timestamp at) {
  impl_->Advance(at);
  impl_->DoubtAll();
}

void Tracker::OnClockStep(Duration by, Timestamp seen_at) { impl_->Shift({by, seen_at}); }

void Tracker::OnBoot(Timestamp at) {
  impl_->Advance(at);
  for (PodFacts& pod : impl_->table.pods()) {
    if (pod.terminating()) impl_->End(pod, State::kInterrupted);
  }
}

const TrackerCounts& Tracker::counts() const { return impl_->counts; }
size_t Tracker::tracked_pods() const { return impl_->table.size(); }

}  // namespace kle
