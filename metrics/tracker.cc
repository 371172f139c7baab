// SPDX-License-Identifier: Apache-2.0
// Which event goes to which handler, and what is known of the pod that it names.
#include "metrics/tracker.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

constexpr size_t kMaxContainers = 256;  // of one pod; more is a runaway crash loop
// of one pod; more is a runaway crash loop
constexpr size_t kMaxVolumes = 256;

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

namespace {

using enum EventKind;
using Impl = Tracker::Impl;

// A kind may have several; they run in this order. A kind without one only shows that its pod
// lives.
struct Handler {
  EventKind kind;
  void (Impl::*handle)(const Event&);
};

constexpr Handler kHandlers[] = {
    {kSyncSkipped, &Impl::OnNode},
    {kNodeShutdownStarted, &Impl::OnNode},
    {kNodeShutdownCompleted, &Impl::OnNode},
    {kPodAdded, &Impl::OnAdded},
    {kPodDeleted, &Impl::OnDeleted},
    {kPodRemoved, &Impl::OnRemoved},
    {kPodRejected, &Impl::OnFinishedByItself},
    {kLifecycleCompleted, &Impl::OnFinishedByItself},
    {kRecorded, &Impl::OnRecorded},
    {kRecorded, &Impl::OnStartup},
    {kSandboxNeeded, &Impl::OnStartup},
    {kSandboxCreated, &Impl::LearnSandboxes},
    {kSandboxCreated, &Impl::OnStartup},
    {kSandboxIds, &Impl::LearnSandboxes},
    {kProbeResult, &Impl::OnStartup},
    {kStartupObserved, &Impl::OnStartup},
    {kVolumeMounted, &Impl::OnVolume},
    {kVolumesMounted, &Impl::OnVolume},
    {kVolumesMounted, &Impl::OnStartup},
    {kContainerCgroupAdded, &Impl::OnCgroupAdded},
    {kContainerCgroupDestroyed, &Impl::LearnSandboxes},
    {kPlegEvent, &Impl::OnPleg},
    {kPlegEvent, &Impl::OnStartup},
    {kContainerFinished, &Impl::OnPleg},
    {kEvicted, &Impl::OnEvicted},
    {kPreempted, &Impl::OnEvicted},
    {kShutdownKill, &Impl::OnEvicted},
    {kOrphanFound, &Impl::OnOrphanFound},
    {kTeardownBegun, &Impl::OnTeardown},
    {kTerminationObserved, &Impl::OnWorker},
    {kTerminatingEntered, &Impl::OnTeardown},
    {kTerminatingEntered, &Impl::OnWorker},
    {kGraceDecided, &Impl::OnWorker},
    {kPrestopStarted, &Impl::OnHook},
    {kPrestopCompleted, &Impl::OnHook},
    {kPrestopTimedOut, &Impl::OnHook},
    {kPrestopFailed, &Impl::OnHook},
    {kKillAnnounced, &Impl::OnKill},
    {kKillStarted, &Impl::OnKill},
    {kContainerExited, &Impl::OnContainerExited},
    {kContainerStates, &Impl::OnContainerStates},
    {kCniNetworkDeleting, &Impl::LearnSandboxes},
    {kCniNetworkDeleted, &Impl::LearnSandboxes},
    {kContainersStopped, &Impl::OnWorker},
    {kPodTerminated, &Impl::OnWorker},
    {kVolumeUndesired, &Impl::OnVolume},
    {kUnmountStarted, &Impl::OnVolume},
    {kUnmounted, &Impl::OnVolume},
    {kVolumesUnmounted, &Impl::OnWorker},
    {kVolumePathsCleaned, &Impl::OnWorker},
    {kCgroupRemoved, &Impl::OnWorker},
    {kWorkerCompleted, &Impl::OnWorker},
    {kStatusUpdated, &Impl::OnWorker},
    {kReclaimed, &Impl::OnWorker},
    {kRemovedFromApi, &Impl::OnWorker},
    {kOrphanVolumesCleaned, &Impl::OnVolumesCleaned},
    {kFailure, &Impl::OnFailure},
};

// Where each kind's handlers begin and end in the table, which holds a kind's side by side.
constexpr auto kRanges = [] {
  std::array<std::pair<uint8_t, uint8_t>, kEventKindCount> ranges{};
  for (size_t i = 0; i < std::size(kHandlers); ++i) {
    auto& [begin, end] = ranges[static_cast<size_t>(kHandlers[i].kind)];
    if (begin == end) begin = static_cast<uint8_t>(i);
    end = static_cast<uint8_t>(i + 1);
  }
  return ranges;
}();

}  // namespace

void Tracker::Impl::On(const Event& event) {
  Advance(event.at);
  verbosity = std::max(verbosity, event.level);
  NoteProcess(event);
  const auto [begin, end] = kRanges[static_cast<size_t>(event.kind)];
  if (begin == end) PodOf(event, false);
  for (size_t i = begin; i < end; ++i) (this->*kHandlers[i].handle)(event);
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
