// SPDX-License-Identifier: Apache-2.0
// What is known of one pod: plain facts, set by the tracker, read by the record builder, and kept
// over restarts by the list of fields beneath each struct.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/termination.h"
#include "parser/codec.h"
#include "parser/reason.h"
#include "parser/time.h"

namespace kle {

// Raise it when a list of fields changes, here or in a record's, and when a value is put anywhere
// but at the end of an enum, for these are saved by number. State of another layout keeps its
// counters and its place; its pods are given up (docs/UPGRADE.md).
inline constexpr uint32_t kStateLayout = 9;

// A fact told more than once: the first word, the least, the most of what is known.
template <typename T>
void SetOnce(std::optional<T>& fact, const T& told) {
  if (!fact) fact = told;
}
template <typename T>
void KeepMin(std::optional<T>& fact, const std::optional<T>& told) {
  if (told && (!fact || *told < *fact)) fact = told;
}
template <typename T>
void KeepMax(std::optional<T>& fact, const std::optional<T>& told) {
  if (told && (!fact || *told > *fact)) fact = told;
}

// Where a container's exit time comes from; a higher one replaces a lower one.
enum class ExitSource : uint8_t { kNone, kBound, kRelist, kShim, kStopReturned, kRuntime };
constexpr ExitSource LastOf(ExitSource) { return ExitSource::kRuntime; }

// What the runtime's own lines tell of a container or a sandbox.
struct RuntimeFacts {
  std::string sandbox_id;                  // of a container; "" while unknown
  std::optional<Timestamp> stop_at;        // asked to stop it, for the first time
  std::optional<Timestamp> stop_ended_at;  // the call is over
  std::optional<Timestamp> sigkill_at;
  std::optional<int64_t> grace_seconds;
  int stops = 0;
  bool given_up = false;  // the last call, with an error
  bool swept = false;     // removed before its sandbox was to stop
};
KLE_FIELDS(RuntimeFacts, sandbox_id, stop_at, stop_ended_at, sigkill_at, grace_seconds, stops,
           given_up, swept)
bool IsSound(const RuntimeFacts& facts);

struct ContainerFacts {
  std::string id;
  std::string name;
  bool sandbox = false;  // the pod's pause container
  bool running = false;
  bool seen_dead = false;  // PLEG told so
  std::optional<Timestamp> exited_at;
  ExitSource exit_source = ExitSource::kNone;
  std::optional<int64_t> exit_code;
  std::optional<Timestamp> kill_at;  // first kill of this termination
  int kills = 0;
  bool kill_of_probe = false;  // or for another sandbox: the kubelet said before why
  bool kill_failed = false;    // the last attempt; cleared by an exit
  // The kill is known by the line that may only announce it.
  std::optional<Timestamp> kill_announced_at;
  std::optional<int64_t> grace_seconds;
  std::optional<Timestamp> hook_at;
  std::optional<Timestamp> hook_ended_at;
  HookOutcome hook_outcome = HookOutcome::kNone;
  RuntimeFacts runtime;

  Precision exit_precision() const;
};
KLE_FIELDS(ContainerFacts, id, name, sandbox, running, seen_dead, exited_at, exit_source, exit_code,
           kill_at, kills, kill_of_probe, kill_failed, kill_announced_at, grace_seconds, hook_at,
           hook_ended_at, hook_outcome, runtime)
bool IsSound(const ContainerFacts& facts);

struct VolumeFacts {
  VolumeRecord record;
  bool mounted = false;  // a mount was seen, no unmount since
};
KLE_FIELDS(VolumeFacts, record, mounted)

// A device whose global mount is being undone. It is of no pod: the last one on it is gone by then.
struct DeviceUnmount {
  std::string unique_name;
  Timestamp started_at;  // first attempt
  Timestamp tried_at;    // last attempt
};
KLE_FIELDS(DeviceUnmount, unique_name, started_at, tried_at)

// What was said of a container before any line told whose it is: up to 1.20 such lines name no pod.
enum class HeldKind : uint8_t { kHook, kHookTimedOut, kHookDone, kAnnounced, kKill, kExit };
constexpr HeldKind LastOf(HeldKind) { return HeldKind::kExit; }
struct HeldEvent {
  std::string container_id;
  HeldKind kind = HeldKind::kKill;
  Timestamp at;
  std::optional<int64_t> grace_seconds;
};
KLE_FIELDS(HeldEvent, container_id, kind, at, grace_seconds)
bool IsSound(const HeldEvent& held);

// Failed attempts of one object in one phase, so that the lines of one attempt count once.
struct FailureChain {
  size_t failure = 0;  // index into FailureLog::failures
  std::string object;
  Phase phase = Phase::kDispatch;
  int last_rank = 0;
  bool counted = false;  // the current attempt is in the metrics
};
KLE_FIELDS(FailureChain, failure, object, phase, last_rank, counted)

struct FailureLog {
  std::vector<FailureRecord> failures;
  std::vector<FailureChain> chains;
};
KLE_FIELDS(FailureLog, failures, chains)
bool IsSound(const FailureLog& log);

struct TerminationFacts {
  Trigger trigger = Trigger::kUnknown;
  std::optional<Timestamp> requested_at;
  std::optional<int64_t> grace_granted;
  // The worker's own marks (-v 4): exact, and they include the sandbox.
  std::optional<Timestamp> worker_entered_at;
  std::optional<Timestamp> worker_stopped_at;
  std::optional<Timestamp> terminated_at;
  Precision terminated_precision = Precision::kExact;
  std::optional<Timestamp> sandbox_dead_at;  // relist
  std::optional<Timestamp> code_due_at;      // until then an exit's code may be printed still
  bool sandbox_settled = false;
  std::optional<Timestamp> sandbox_relisted_at;     // a relist saw it exited (-v 4)
  std::optional<Timestamp> sandbox_cgroup_gone_at;  // cAdvisor saw its cgroup go (-v 3)
  std::optional<Timestamp> sandbox_failed_at;       // last failure to stop it
  std::optional<Timestamp> sandbox_stopped_at;      // the runtime's call returned: network gone too
  std::optional<Timestamp> first_unmount_at;
  std::optional<Timestamp> volumes_undesired_at;
  std::optional<Timestamp> volumes_claimed_at;  // "unmounted volumes": no proof
  std::optional<Timestamp> volume_paths_cleaned_at;
  std::optional<Timestamp> cgroup_removed_at;
  std::optional<Timestamp> worker_completed_at;
  std::optional<Timestamp> reclaimed_line_at;
  std::optional<Timestamp> removed_from_api_at;
  std::optional<Timestamp> removed_at;
  std::optional<Timestamp> last_delete_at;
  FailureLog failed;
  std::vector<PhaseSpan> observed;  // as they went into the histograms, one a phase at most

  State state = State::kInFlight;
  bool kill_seen = false;
  bool blind = false;       // below -v 2: known by its unmounts only
  bool by_runtime = false;  // below -v 2: known by the runtime's lines
  bool swept = false;       // its containers were removed: what the kubelet does for a deleted pod
  bool sealed = false;      // terminated_at and all before it are final and observed
  bool completed = false;   // counted as ended
  bool uncertain = false;   // lines are missing
  bool lost = false;        // not in the batch of pods after a kubelet restart
  Timestamp last_event_at;

  const PhaseSpan* observed_span(Phase phase) const {
    for (const PhaseSpan& span : observed) {
      if (span.phase == phase) return &span;
    }
    return nullptr;
  }
};
KLE_FIELDS(TerminationFacts, trigger, requested_at, grace_granted, worker_entered_at,
           worker_stopped_at, terminated_at, terminated_precision, sandbox_dead_at, code_due_at,
           sandbox_settled, sandbox_relisted_at, sandbox_cgroup_gone_at, sandbox_failed_at,
           sandbox_stopped_at, first_unmount_at, volumes_undesired_at, volumes_claimed_at,
           volume_paths_cleaned_at, cgroup_removed_at, worker_completed_at, reclaimed_line_at,
           removed_from_api_at, removed_at, last_delete_at, failed, observed, state, kill_seen,
           blind, by_runtime, swept, sealed, completed, uncertain, lost, last_event_at)
bool IsSound(const TerminationFacts& facts);

enum class StartupStep : uint8_t { kVolumes, kSandbox, kContainers, kReady, kTotal };

struct StartupFacts {
  std::optional<Timestamp> added_at;  // only of a pod that came while its kubelet ran
  std::optional<Timestamp> sandbox_needed_at;
  std::optional<Timestamp> pulling_at;
  int starts_seen = 0;
  std::array<bool, 5> done{};  // by StartupStep
};
KLE_FIELDS(StartupFacts, added_at, sandbox_needed_at, pulling_at, starts_seen, done)

struct PodFacts {
  uint64_t serial = 0;
  std::string namespace_;
  std::string name;
  std::string uid;
  bool is_static = false;
  bool removed = false;      // its object is gone
  bool finished = false;     // it ended by itself
  bool ended = false;        // its termination is over: what follows is noise (the ghost pass)
  bool readded = false;      // delivered again after a kubelet restart
  bool sandbox_due = false;  // it gets another one: what dies until then is not its end
  std::optional<Timestamp> named_at;   // last ADD that named it
  std::optional<Timestamp> delete_at;  // first DELETE, even of a finished pod
  std::optional<Timestamp> remove_at;
  // Why the kubelet itself will end it, told before it does.
  std::optional<Trigger> announced;
  std::optional<Timestamp> announced_at;
  std::optional<Timestamp> mount_failed_at;  // cleared once all volumes are mounted
  std::optional<Timestamp> pull_failed_at;
  std::vector<ContainerFacts> containers;
  std::vector<VolumeFacts> volumes;
  FailureLog failed;  // kills of which nobody said yet that they end it
  StartupFacts startup;
  std::unique_ptr<TerminationFacts> termination;
  Timestamp last_event_at;

  // Nothing has ended it, as far as is known.
  bool lives() const { return !termination && !ended && !finished; }
  bool terminating() const { return termination != nullptr && !termination->completed; }
  // Its object went while no kubelet ran: a restarted one does not name it.
  bool vanished() const { return removed && !remove_at && !ended; }
};
KLE_FIELDS(PodFacts, serial, namespace_, name, uid, is_static, removed, finished, ended, readded,
           sandbox_due, named_at, delete_at, remove_at, announced, announced_at, mount_failed_at,
           pull_failed_at, containers, volumes, failed, startup, termination, last_event_at)

}  // namespace kle
