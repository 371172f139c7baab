// SPDX-License-Identifier: Apache-2.0
// Everything that the tracker knows, as one: saved, restored, moved with the wall clock.
#include <algorithm>
#include <concepts>

#include "metrics/tracker_impl.h"

namespace kle {
namespace {

// Ended terminations kept over a restart: for reading, not for counting.
constexpr size_t kRecentSaved = 100;

// Goes through the fields as Encoder and Decoder do, and moves every moment it meets.
class Mover {
 public:
  explicit Mover(Duration step) : step_(step) {}

  template <typename... T>
  void operator()(T&... values) {
    (Move(values), ...);
  }

 private:
  template <typename T>
  void Move(T& value) {
    if constexpr (std::same_as<T, Timestamp>) {
      value += step_;
    } else if constexpr (SequenceContainer<T>) {
      for (auto& element : value) Move(element);
    } else if constexpr (requires { Fields(*this, value); }) {
      Fields(*this, value);
    } else {
      MoveInside(value);
    }
  }
  template <typename T>
  void MoveInside(std::optional<T>& value) {
    if (value) Move(*value);
  }
  template <typename T>
  void MoveInside(std::unique_ptr<T>& value) {
    if (value) Move(*value);
  }
  template <typename T, size_t N>
  void MoveInside(std::array<T, N>& values) {
    for (T& value : values) Move(value);
  }
  template <typename T>
  void MoveInside(T& /*value*/) {}

  Duration step_;
};

}  // namespace

// What no tracker would have saved: arithmetic holds, and what is never without another stays so.

bool IsSound(const RuntimeFacts& runtime) { return IsGrace(runtime.grace_seconds.value_or(0)); }

bool IsSound(const HeldEvent& held) { return IsGrace(held.grace_seconds.value_or(0)); }

bool IsSound(const ContainerFacts& container) {
  const bool exit_told = container.exit_source != ExitSource::kNone;
  return IsGrace(container.grace_seconds.value_or(0)) &&
         container.exited_at.has_value() == exit_told;
}

bool IsSound(const FailureLog& log) {
  return std::ranges::all_of(log.chains, [&log](const FailureChain& chain) {
    return chain.failure < log.failures.size();
  });
}

bool IsSound(const TerminationFacts& term) {
  return IsGrace(term.grace_granted.value_or(0)) && (!term.by_runtime || term.requested_at);
}

// All but the pods, the timers and the records.
template <typename Archive>
void Tracker::Impl::PlainFields(Archive& archive) {
  archive(counts, started, now, verbosity, pids, version_pids, version_seen, pod_events,
          restarted_at, heard_at, process_since, relist_failed_at, trouble, adopting, batch_due,
          finished_lines, kill_lines, devices, held, clock_steps);
}

void Tracker::Save(Encoder& encoder) const {
  Impl& tracker = *impl_;
  tracker.PlainFields(encoder);
  encoder(tracker.timers);
  tracker.table.Save(encoder);
  const size_t kept = std::min(tracker.recent.size(), kRecentSaved);
  encoder(kept);
  for (size_t i = 0; i < kept; ++i) encoder(*tracker.recent[i]);
}

bool Tracker::Restore(Decoder& decoder) {
  Impl& tracker = *impl_;
  tracker.PlainFields(decoder);
  tracker.log_begins = false;
  decoder(tracker.timers);
  if (!tracker.table.Restore(decoder)) return false;
  std::vector<TerminationRecord> recent;
  decoder(recent);
  tracker.recent.clear();
  for (TerminationRecord& record : recent) {
    tracker.recent.push_back(std::make_shared<const TerminationRecord>(std::move(record)));
  }
  return decoder.ok();
}

void Tracker::Impl::Shift(const ClockStep& step) {
  Mover move(step.by);
  PlainFields(move);
  if (whole_since) *whole_since += step.by;
  constexpr size_t kStepsKept = 4;
  clock_steps.push_back(step);
  if (clock_steps.size() > kStepsKept) clock_steps.erase(clock_steps.begin());
  for (PodFacts& pod : table.pods()) move(pod);
  decltype(timers) moved;
  for (const auto& [at, timer] : timers) moved.emplace_hint(moved.end(), at + step.by, timer);
  timers = std::move(moved);
}

}  // namespace kle
