// SPDX-License-Identifier: Apache-2.0
#include "metrics/termination.h"

namespace kle {
namespace {

constexpr std::array<std::string_view, kTriggerCount> kTriggers = {
    "api_delete",    "force_delete", "static_removed", "eviction",     "deadline", "preemption",
    "node_shutdown", "orphan",       "rejected",       "runtime_stop", "unknown",  "finished"};
constexpr std::array<std::string_view, kOutcomeCount> kOutcomes = {"graceful", "killed", "failed",
                                                                   "forced", "unknown"};
constexpr std::array<std::string_view, kStateCount> kStates = {"in_flight", "removed", "terminated",
                                                               "interrupted", "expired"};
constexpr std::array<std::string_view, kPrecisionCount> kPrecisions = {"exact", "relist", "bound"};
constexpr std::array<std::string_view, 4> kHookOutcomes = {"", "completed", "timeout", "failed"};

template <size_t N, typename Enum>
std::string_view At(const std::array<std::string_view, N>& names, Enum value) {
  return names[static_cast<size_t>(value)];
}

std::optional<Duration> Between(const std::optional<Timestamp>& from,
                                const std::optional<Timestamp>& to) {
  if (!from || !to || *to < *from) return std::nullopt;
  return *to - *from;
}

}  // namespace

std::string Sample(const FailureRecord& failure) {
  return failure.message + (failure.message_end.empty() ? "" : " … " + failure.message_end);
}

std::string_view Name(Trigger trigger) { return At(kTriggers, trigger); }
std::string_view Name(Outcome outcome) { return At(kOutcomes, outcome); }
std::string_view Name(State state) { return At(kStates, state); }
std::string_view Name(Precision precision) { return At(kPrecisions, precision); }
std::string_view Name(HookOutcome outcome) { return At(kHookOutcomes, outcome); }

std::optional<Duration> PhaseSpan::duration() const { return Between(started_at, ended_at); }

std::optional<Duration> ContainerRecord::stop_duration() const {
  return Between(kill_started_at, exited_at);
}

std::optional<Duration> VolumeRecord::duration() const { return Between(started_at, unmounted_at); }

// A pod that had ended by itself has nothing to measure.
std::optional<Duration> TerminationRecord::termination() const {
  return trigger == Trigger::kFinished ? std::nullopt : Between(requested_at, terminated_at);
}
std::optional<Duration> TerminationRecord::reclaim() const {
  return trigger == Trigger::kFinished ? std::nullopt : Between(requested_at, reclaimed_at);
}
std::optional<Duration> TerminationRecord::deletion() const {
  return trigger == Trigger::kFinished ? std::nullopt : Between(requested_at, removed_at);
}

}  // namespace kle
