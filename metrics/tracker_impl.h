// SPDX-License-Identifier: Apache-2.0
// The tracker's inside: events set facts, facts decide what a termination has reached.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "metrics/derived.h"
#include "metrics/failure_kind.h"
#include "metrics/metric_set.h"
#include "metrics/phases.h"
#include "metrics/pod.h"
#include "metrics/pod_table.h"
#include "metrics/record_builder.h"
#include "metrics/tracker.h"

namespace kle {

// A sandbox seen dead may still be in its network's teardown: the unmount or the REMOVE that
// follows tells when it was over. A pod with neither is settled by time; and so is one whose object
// went, of whose containers' exits nothing but the unmount tells.
inline constexpr Duration kSettleAfter = std::chrono::seconds(10);

// The DELETE or REMOVE of what was deleted while the kubelet was down comes when all is over, this
// soon after the last exit. Kubelets before 1.22 look every 10 s whether it may go.
inline constexpr Duration kDeleteDue = std::chrono::seconds(15);

// After its end a pod is remembered that long, for the late lines that still name it.
inline constexpr Duration kForgetAfter = std::chrono::minutes(10);

// What one termination holds of failures; more are counted as dropped.
inline constexpr size_t kMaxFailures = 64;  // distinct (phase, reason, object)
inline constexpr size_t kMessageBytes = 512;
inline constexpr size_t kMessageEndBytes = 256;

// Lines are missing, and for so long none came of the pod: nobody knows what became of it.
inline constexpr Duration kExpireAfter = std::chrono::hours(1);

// When the kills began that the pod did not come back from.
std::optional<Timestamp> KilledAt(const PodFacts& pod);
void ForgetKill(ContainerFacts& container);
// It has an exit code, is killed or is removed by itself: none of that is a sandbox, though it was
// taken for it, as its death was told before.
void TellFromSandbox(PodFacts& pod, ContainerFacts& container);

inline ContainerFacts* FindContainer(PodFacts& pod, std::string_view id) {
  const auto found = std::ranges::find(pod.containers, id, &ContainerFacts::id);
  return found == pod.containers.end() ? nullptr : &*found;
}

// A container's exit has a line of its own, or it was killed, or it has a hook: what dies with none
// of these is the sandbox.
inline bool NeverTold(const ContainerFacts& container) {
  return container.name.empty() && container.kills == 0 && !container.exit_code &&
         !container.hook_at;
}

inline bool AnyAlive(const PodFacts& pod) {
  return std::ranges::any_of(pod.containers,
                             [](const ContainerFacts& container) { return container.running; });
}

// A line named the pod.
inline void Touch(PodFacts& pod, Timestamp at) {
  pod.last_event_at = std::max(pod.last_event_at, at);
  if (pod.termination) pod.termination->last_event_at = pod.last_event_at;
}

// The wall clock was set.
struct ClockStep {
  Duration by{};        // forward: positive
  Timestamp seen_at{};  // by the clock that is set
};
KLE_FIELDS(ClockStep, by, seen_at)

struct Tracker::Impl {
  Impl(const TrackerOptions& options, MetricSet& metrics, RecordSink sink);

  // tracker.cc: dispatch, and what is known of the pod, container or volume that an event names
  void On(const Event& event);
  void OnProof(Timestamp at, uint64_t pid, int level);
  bool Advance(Timestamp now);
  void ForgetOldest();
  void Finish();
  PodFacts* PodOf(const Event& event, bool create);
  PodFacts* PodFromSource(const PodRef& ref, std::string_view source);
  ContainerFacts& ContainerOf(PodFacts& pod, std::string_view id, std::string_view name);
  VolumeFacts& VolumeOf(PodFacts& pod, const Event& event);
  // Null without a pod, or when the event names no volume.
  VolumeFacts* VolumeOf(const Event& event, PodFacts* pod);

  // tracker_sources.cc: kubelets start, pods come and go
  void OnKubeletVersion(const Event& event);
  void OnKubeletStarted(const Event&) { adopting = true; }
  void NoteHeard(uint64_t pid, Timestamp at);
  void NoteProcess(uint64_t pid, Timestamp at);
  void NoteRestart(Timestamp at);
  void OnAdded(const Event& event);
  void NoteUnnamed(const std::vector<PodRef>& batch, bool names_known);
  void OnDeleted(const Event& event);
  void StartDeleted(PodFacts& pod, Timestamp at);
  void OnRemoved(const Event& event);
  void RemoveStatic(PodFacts& pod, Timestamp at);
  void RemoveUnasked(PodFacts& pod, Timestamp at);
  void RemoveAsked(PodFacts& pod, Timestamp at);

  // tracker_decisions.cc: why the kubelet ends one by itself
  void OnTeardown(const Event& event);
  void OnOrphanFound(const Event& event);
  void OnFinishedByItself(const Event& event);
  void OnRecorded(const Event& event);
  PodFacts* NoteEviction(const Event& event);
  void OnEvicting(const Event& event);
  void OnEvicted(const Event& event);
  void OnShutdownKill(const Event& event);
  void OnNode(const Event& event);
  bool LivesOn(const PodFacts& pod) const;
  void StartAgain(PodFacts& pod);
  void OnSandboxNeeded(const Event& event);

  // tracker_unsaid.cc: ends that nobody said, or that nobody could read of
  bool KilledSinceRestart(const PodFacts& pod) const;
  bool KilledUnsaid(const PodFacts& pod) const;
  bool DiedUnsaid(const PodFacts& pod) const;
  void StartUnsaid(PodFacts& pod);
  void OnDeletionDelayed(const Event& event);
  void EndedUnsaid(PodFacts& pod);

  // tracker_containers.cc: how containers and sandboxes start, are killed and go
  void SetExit(PodFacts& pod, ContainerFacts& container, Timestamp at, ExitSource source);
  void OnPlegEvent(const Event& event);
  void OnStarted(PodFacts& pod, ContainerFacts& container);
  void OnContainerFinished(const Event& event);
  void OnSandboxFoundDead(const Event& event);
  void OnDied(PodFacts& pod, ContainerFacts& container, Timestamp at);
  void OnProbeFailed(const Event& event);
  void OnKill(const Event& event);
  void StartByKill(PodFacts& pod, Timestamp at);
  void ForgetAnnouncedKills();
  void OnHook(const Event& event);
  void OnHookRecorded(const Event& event);
  // Of a container that is not known yet.
  void Hold(const Event& event);
  void TakeHeld(std::string_view container_id);
  // A line tells whose the container is.
  ContainerFacts& Meet(PodFacts& pod, std::string_view id, std::string_view name);
  void OnContainerExited(const Event& event);
  void OnContainerStates(const Event& event);
  void OnStatusUpdated(const Event& event);
  void LearnSandboxes(const Event& event);
  void OnCgroupAdded(const Event& event);
  void OnCgroupDestroyed(const Event& event);
  void OnPlegTransition(const Event& event);
  void OnRelistFailed(const Event& event) { relist_failed_at = event.at; }
  bool RelistsAreLate(Timestamp at) const;

  // tracker_reclaim.cc: the worker's marks, volumes, cgroup, status
  void OnPastEnd(const Event& event);
  void OnWorkerEntered(const Event& event);
  void OnContainersStopped(const Event& event);
  void OnPodTerminated(const Event& event);
  void OnVolumesUnmounted(const Event& event);
  void OnCgroupRemoved(const Event& event);
  void OnForgotten(const Event& event);
  void NoteForgotten(PodFacts& pod);
  void NotePastEnd(PodFacts& pod, Timestamp at);
  void OnStopped(PodFacts& pod, Timestamp at);
  void OnVolumeMountStarted(const Event& event);
  void OnVolumeMounted(const Event& event);
  void OnVolumesMounted(const Event& event);
  void OnVolumeUndesired(const Event& event);
  void OnUnmountStarted(const Event& event);
  void OnUnmounted(const Event& event);
  void OnVolumeDetached(const Event& event);
  void NoteUnmounted(PodFacts& pod, const VolumeFacts& volume, bool was_measured);
  void ForgetSilentVolumes(PodFacts& pod);
  void OnDevice(const Event& event);
  void NoteUnmounting(PodFacts& pod, Timestamp at);
  void OnVolumesCleaned(const Event& event);

  // tracker_runtime.cc: what the container runtime's own lines tell
  void OnRuntimeSandbox(const Event& event);
  void NoteAnotherSandbox(const Event& event);
  void OnRuntimeContainer(const Event& event);
  void OnRuntimeStop(const Event& event);
  void OnRuntimeExit(const Event& event);
  void OnRuntimeSandboxStop(const Event& event);
  void OnRuntimeSwept(const Event& event);
  void StartByRuntime(PodFacts& pod, Timestamp at);
  void AdoptStops(PodFacts& pod);
  void SettleByRuntime(PodFacts& pod, bool proven);
  void StartBlind(PodFacts& pod);
  bool EndedBlind(PodFacts& pod);
  // A kubelet is there, and prints no deletions.
  bool RuntimeDecides() const { return heard_at && verbosity < 2; }

  // Lines are missing.
  void OnLinesLost(const Event&) { DoubtAll(); }
  void DoubtAll();

  // tracker_kernel.cc: what the kernel's lines tell
  void OnKernelEvidence(const Event& event);

  // tracker_startup.cc: how a pod starts
  void OnStartup(const Event& event);
  void OnStartTrouble(const Event& event);
  void Observed(PodFacts& pod, StartupStep step, std::optional<Timestamp> from, Timestamp to);

  // tracker_termination.cc: the way of one termination
  void Start(PodFacts& pod, Trigger trigger, std::optional<Timestamp> at);
  // `killed`: the kill that shows it.
  bool StartAnnounced(PodFacts& pod, std::optional<Timestamp> killed = {});
  static bool KillUnderWay(const ContainerFacts& container, Timestamp at);
  // `gone`: the kubelet knows nothing of the pod any more.
  void TrySeal(PodFacts& pod, bool gone = false);
  void Seal(PodFacts& pod);
  void TryComplete(PodFacts& pod);
  void Complete(PodFacts& pod, State state);
  void Finished(PodFacts& pod);          // it had ended by itself: a record, but no observation
  void Drop(PodFacts& pod);              // it had ended by itself: no termination to measure
  void Cancel(PodFacts& pod);            // it lives on
  void NoteGone(PodFacts& pod);          // its object went
  void Remove(PodFacts& pod);            // a terminated pod's object went
  void Retire(PodFacts& pod);            // nothing more is expected
  void Hand(PodFacts& pod);              // the record goes to the sink and to `recent`
  void End(PodFacts& pod, State state);  // interrupted, expired: without an observation
  void EvictOldest();
  void ObservePhases(PodFacts& pod, Phase first, Phase last);
  void ObserveLatePhases(PodFacts& pod);  // of a pod whose object went before its volumes
  bool KnownFinished(const PodFacts& pod) const;
  BuildContext Context() const { return {verbosity, options.stuck_slack, now, trouble}; }
  TerminationRecord Build(const PodFacts& pod) const;

  // tracker_end_time.cc: whether it has stopped, and when
  bool HasStopped(const PodFacts& pod, bool gone) const;
  bool UnmountProves(const PodFacts& pod) const;
  bool UnmountTells(const PodFacts& pod) const;
  bool UnmountWillTell(const PodFacts& pod) const;
  struct EndTime {
    Timestamp at;
    Precision precision;
  };
  std::optional<EndTime> EndOf(const PodFacts& pod) const;
  void BoundExits(PodFacts& pod, bool forgotten = false);
  void CutToUnmount(const PodFacts& pod, ContainerFacts& container);
  static void CutToSandbox(PodFacts& pod, ContainerFacts& container);

  // tracker_failures.cc: attempts that failed, each counted once
  void OnFailure(const Event& event);
  void NoteOverdue(const Event& event);
  void AddOverdue(PodFacts& pod, const Event& event);
  void CountOfNoPod(const Event& event, const std::optional<FailureKind>& kind);
  void NoteFailed(PodFacts& pod, Phase phase, const Event& event);
  void NoteUnmountFailed(PodFacts& pod, const Event& event);
  std::string ObjectOf(PodFacts& pod, const Event& event, Phase phase);
  // One line of an attempt that failed. `object`: what it was about, "" where no line says so.
  void AddFailure(PodFacts& pod, FailureKind kind, int rank, std::string_view object,
                  const Event& event);
  FailureLog* LogOf(PodFacts& pod, FailureKind kind);
  void CountAttempt(const PodFacts& pod, FailureKind kind, const Event& event);
  void AdoptFailures(PodFacts& pod);
  void GoOnWithAttempt(const PodFacts& pod, FailureLog& log, FailureChain& chain, FailureKind kind,
                       const Event& event);
  // `chain`: the object's attempts so far, null for none. False when the log holds no more.
  bool BeginAttempt(const PodFacts& pod, FailureLog& log, FailureChain* chain, FailureKind kind,
                    int rank, std::string_view object, const Event& event);
  // Counted in the record alone, one more for each line.
  void AddEvidence(FailureLog& log, FailureKind kind, std::string_view object, const Event& event);
  // Null, and counted as dropped, when the log holds no more.
  FailureRecord* NewFailure(FailureLog& log, FailureKind kind, std::string_view object,
                            const Event& event);

  // tracker_state.cc
  template <typename Archive>
  void PlainFields(Archive& archive);  // all but the pods, the timers and the records

  // The wall clock was stepped: all that is known moves with it, so that differences stay true.
  void Shift(const ClockStep& step);

  // What waits for the source's time.
  enum class Timer : uint8_t {
    kNoKill,  // DELETE and REMOVE came as a pair: was there anything to kill?
    kSettle,  // the sandbox is dead, or a volume gone; nothing tells that more is to come
    kBlind,   // volumes went, at a log level that does not say why
    kRetire,
    kLost,    // not delivered again after a kubelet restart
    kExpire,  // uncertain and silent
    kForget,
    kStopped,  // the runtime stopped the sandbox: nothing took its place since
    kUnsaid,   // killed to the end and no DELETE yet: was it deleted while the kubelet was down?
    kCode,     // a relist's event told of an exit: is its code printed after that?
  };
  friend constexpr Timer LastOf(Timer) { return Timer::kCode; }
  void After(Duration delay, Timer timer, const PodFacts& pod);
  void Fire(Timer timer, PodFacts& pod);

  TrackerOptions options;
  MetricSet& metrics;
  RecordSink sink;
  PodTable table;
  std::deque<RecordPtr> recent;  // newest first
  // Each once, however many lines set it: time may stand still.
  std::set<std::pair<Timestamp, std::pair<uint64_t, Timer>>> timers;  // due when, of which pod
  TrackerCounts counts;
  std::deque<uint64_t> started;  // serials, oldest first; those that ended are passed over
  Timestamp now{};
  int verbosity = 0;
  std::vector<uint64_t> pids;          // the last kubelet processes seen
  std::vector<uint64_t> version_pids;  // those that printed their version
  bool version_seen = false;
  uint64_t pod_events = 0;
  std::optional<Timestamp> restarted_at;
  std::optional<Timestamp> heard_at;          // the last line of a kubelet's
  std::optional<Timestamp> process_since;     // the first one of its process
  std::optional<Timestamp> relist_failed_at;  // the last time
  // Since when no line is missing: the log's begin, or its last gap. Neither is saved: what comes
  // after a saved state follows on it.
  std::optional<Timestamp> whole_since;
  bool log_begins = true;
  NodeTrouble trouble;
  std::vector<ClockStep> clock_steps;  // the last ones, the latest last
  std::vector<DeviceUnmount> devices;
  std::vector<HeldEvent> held;  // oldest first
  bool adopting = false;        // the next ADD names pods that ran before their kubelet did
  bool batch_due = false;       // the first ADD after a restart names every pod there is
  bool finished_lines = false;  // 1.22+: containers' exits are printed apart from sandboxes'
  bool kill_lines = false;      // not 1.21: a kill has a text of its own
};

}  // namespace kle
