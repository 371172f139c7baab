// SPDX-License-Identifier: Apache-2.0
// The termination record: how one pod's life ended. One shape for the report, the API, the state
// file and the page; docs/API.md has each field's meaning.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/codec.h"
#include "parser/reason.h"
#include "parser/time.h"

namespace kle {

// What asked for the pod's end.
enum class Trigger : uint8_t {
  kApiDelete,      // SyncLoop DELETE from the API server
  kForceDelete,    // the object went first (grace 0), the containers after it
  kStaticRemoved,  // the manifest file of a static pod went
  kEviction,
  kDeadline,    // activeDeadlineSeconds
  kPreemption,  // room for a critical pod
  kNodeShutdown,
  kOrphan,       // found running without an API object, after a kubelet restart
  kRejected,     // admission refused it
  kRuntimeStop,  // seen in the container runtime's lines only
  kUnknown,
  kFinished,  // it had ended by itself; never observed
};
constexpr Trigger LastOf(Trigger) { return Trigger::kFinished; }
inline constexpr int kTriggerCount = 12;
std::string_view Name(Trigger trigger);

enum class Outcome : uint8_t {
  kGraceful,  // every container went within its grace
  kKilled,    // one exited with 137 AND its grace had run out
  kFailed,    // a kill failed and was never made good
  kForced,    // deleted without grace
  kUnknown,
};
constexpr Outcome LastOf(Outcome) { return Outcome::kUnknown; }
inline constexpr int kOutcomeCount = 5;
std::string_view Name(Outcome outcome);

enum class State : uint8_t { kInFlight, kRemoved, kTerminated, kInterrupted, kExpired };
constexpr State LastOf(State) { return State::kExpired; }
inline constexpr int kStateCount = 5;
std::string_view Name(State state);

// How near a time is to what really happened.
enum class Precision : uint8_t {
  kExact,   // the kubelet's or the runtime's own stamp
  kRelist,  // from a PLEG relist: about a second late, more on a busy node
  kBound,   // an upper bound
};
constexpr Precision LastOf(Precision) { return Precision::kBound; }
inline constexpr int kPrecisionCount = 3;
std::string_view Name(Precision precision);

enum class HookOutcome : uint8_t { kNone, kCompleted, kTimeout, kFailed };
constexpr HookOutcome LastOf(HookOutcome) { return HookOutcome::kFailed; }
std::string_view Name(HookOutcome outcome);  // "", completed, timeout, failed

struct PhaseSpan {
  Phase phase = Phase::kDispatch;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> ended_at;
  Precision precision = Precision::kExact;

  // Null while either end is missing, or when the end lies before the start.
  std::optional<Duration> duration() const;
};
KLE_FIELDS(PhaseSpan, phase, started_at, ended_at, precision)

struct ContainerRecord {
  std::string name;  // "" while unknown
  std::string id;    // 64 hex digits, no scheme
  std::optional<int64_t>
      grace_seconds;  // given to the runtime: what preStop and ordering left over
  std::optional<Timestamp> kill_started_at;
  std::optional<Timestamp> exited_at;
  std::optional<int64_t> exit_code;
  Outcome outcome = Outcome::kUnknown;      // graceful, killed, failed, unknown
  int attempts = 0;                         // kills asked of the runtime
  Precision precision = Precision::kExact;  // of exited_at
  std::optional<Duration> prestop;
  HookOutcome prestop_outcome = HookOutcome::kNone;

  std::optional<Duration> stop_duration() const;
};
KLE_FIELDS(ContainerRecord, name, id, grace_seconds, kill_started_at, exited_at, exit_code, outcome,
           attempts, precision, prestop, prestop_outcome)

struct VolumeRecord {
  std::string name;         // as the pod's spec names it
  std::string unique_name;  // kubernetes.io/PLUGIN/...
  std::string plugin;       // kubernetes.io/empty-dir
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> unmounted_at;
  int attempts = 0;
  int failures = 0;

  std::optional<Duration> duration() const;
};
KLE_FIELDS(VolumeRecord, name, unique_name, plugin, started_at, unmounted_at, attempts, failures)

struct FailureRecord {
  Timestamp first_at;
  Timestamp last_at;
  Phase phase = Phase::kDispatch;
  Reason reason = Reason::kOther;
  std::string object;   // container, volume or sandbox it concerns; "" for the pod
  int count = 0;        // attempts that failed
  std::string message;  // first raw sample, cut at 512 bytes
  // Of a sample that is cut: its last bytes, 256 at most, where an error that is made of others has
  // its cause.
  std::string message_end = {};
};
KLE_FIELDS(FailureRecord, first_at, last_at, phase, reason, object, count, message, message_end)
// What people read of both.
std::string Sample(const FailureRecord& failure);

// Where a termination in flight is now.
struct Current {
  Phase phase = Phase::kDispatch;
  std::optional<Reason> reason;  // nothing while nothing has failed
  Timestamp since;
  Duration age{};      // since requested_at
  Duration overdue{};  // age beyond granted grace + slack, else 0; stuck means > 0
  std::string hint;    // a sentence to act on and a runbook anchor; "" while nothing is wrong
};
KLE_FIELDS(Current, phase, reason, since, age, overdue, hint)

// What a gauge needs of a termination in flight.
struct InFlightPod {
  std::string_view namespace_;
  std::string_view pod;
  Current current;  // without the hint
};

struct TerminationRecord {
  std::string namespace_;
  std::string pod;
  std::string uid;  // "" while unknown
  Trigger trigger = Trigger::kUnknown;
  Outcome outcome = Outcome::kUnknown;
  State state = State::kInFlight;
  std::optional<Timestamp> requested_at;
  std::optional<Timestamp> terminated_at;  // last container AND sandbox stopped
  std::optional<Timestamp> reclaimed_at;   // volumes and cgroup gone too
  std::optional<Timestamp> removed_at;     // SyncLoop REMOVE
  Precision termination_precision = Precision::kExact;
  std::optional<int64_t> grace_granted;  // seconds
  std::optional<Duration> grace_used;    // longest of the containers' stops, hooks included
  bool grace_exceeded = false;
  std::vector<PhaseSpan> phases;  // in the order of time
  std::vector<ContainerRecord> containers;
  std::vector<VolumeRecord> volumes;
  std::vector<FailureRecord> failures;
  std::optional<Current> current;

  std::optional<Duration> termination() const;  // requested_at to each of the three
  std::optional<Duration> reclaim() const;
  std::optional<Duration> deletion() const;
};
KLE_FIELDS(TerminationRecord, namespace_, pod, uid, trigger, outcome, state, requested_at,
           terminated_at, reclaimed_at, removed_at, termination_precision, grace_granted,
           grace_used, grace_exceeded, phases, containers, volumes, failures, current)

// A record that is final.
using RecordPtr = std::shared_ptr<const TerminationRecord>;

}  // namespace kle
