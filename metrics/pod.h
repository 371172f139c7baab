// SPDX-License-Identifier: Apache-2.0
// What is known of one pod: plain facts, set by the tracker, read by the record builder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/termination.h"
#include "parser/reason.h"
#include "parser/time.h"

namespace kle {

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

// What the runtime's own lines tell of a container or a sandbox.
struct RuntimeFacts {
  std::string sandbox_id;                  // of a container; "" while unknown
  std::optional<Timestamp> stop_at;        // asked to stop it, for the first time
  std::optional<Timestamp> stop_ended_at;  // the call is over
  std::optional<Timestamp> sigkill_at;
  std::optional<int64_t> grace_seconds;
  int stops = 0;
  bool given_up = false;  // the last call, with an error
};

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

struct VolumeFacts {
  VolumeRecord record;
  bool mounted = false;  // a mount was seen, no unmount since
};

// A device whose global mount is being undone. It is of no pod: the last one on it is gone by then.
struct DeviceUnmount {
  std::string unique_name;
  Timestamp started_at;  // first attempt
  Timestamp tried_at;    // last attempt
};

// Failed attempts of one object in one phase, so that the lines of one attempt count once.
struct FailureChain {
  size_t failure = 0;  // index into TerminationFacts::failures
  std::string object;
  Phase phase = Phase::kDispatch;
  int last_rank = 0;
  bool counted = false;  // the current attempt is in the metrics
};

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
  std::vector<FailureRecord> failures;
  std::vector<FailureChain> chains;
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

enum class StartupStep : uint8_t { kVolumes, kSandbox, kContainers, kReady, kTotal };

struct StartupFacts {
  std::optional<Timestamp> added_at;  // only of a pod that came while its kubelet ran
  std::optional<Timestamp> sandbox_needed_at;
  std::optional<Timestamp> pulling_at;
  int starts_seen = 0;
  std::array<bool, 5> done{};  // by StartupStep
};

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
  StartupFacts startup;
  std::unique_ptr<TerminationFacts> termination;
  Timestamp last_event_at;

  // Nothing has ended it, as far as is known.
  bool lives() const { return !termination && !ended && !finished; }
  bool terminating() const { return termination != nullptr && !termination->completed; }
  // Its object went while no kubelet ran: a restarted one does not name it.
  bool vanished() const { return removed && !remove_at && !ended; }
};

}  // namespace kle
