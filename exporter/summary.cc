// SPDX-License-Identifier: Apache-2.0
#include "exporter/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "metrics/coverage.h"

namespace kle {
namespace {

double AtRank(const std::vector<double>& sorted, double quantile) {
  const auto rank = static_cast<size_t>(std::ceil(quantile * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

void Add(std::vector<double>& to, const std::optional<Duration>& duration) {
  if (duration) to.push_back(ToSeconds(*duration));
}

}  // namespace

Quantiles QuantilesOf(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::sort(seconds.begin(), seconds.end());
  return {seconds.size(), AtRank(seconds, 0.5), AtRank(seconds, 0.9), AtRank(seconds, 0.99),
          seconds.back()};
}

bool IsStuck(const TerminationRecord& record) {
  return record.current && record.current->overdue > Duration::zero();
}

std::string PodName(const TerminationRecord& record) {
  if (record.pod.empty()) return "uid " + record.uid;
  return record.namespace_ + "/" + record.pod;
}

// Not requested_at alone: an evicted or orphaned pod may have none.
Timestamp BeginOf(const TerminationRecord& record) {
  for (const auto* at : {&record.requested_at, &record.terminated_at, &record.removed_at}) {
    if (*at) return **at;
  }
  return record.phases.empty() ? Timestamp()
                               : record.phases.front().started_at.value_or(Timestamp());
}

std::optional<Timestamp> EndOf(const TerminationRecord& record) {
  std::optional<Timestamp> end;
  for (const auto* at : {&record.terminated_at, &record.reclaimed_at, &record.removed_at}) {
    if (*at && (!end || **at > *end)) end = *at;
  }
  return end;
}

// A pod whose object was deleted by force is gone from the API long before its containers are.
std::optional<Duration> TotalOf(const TerminationRecord& record) {
  return std::max({record.termination(), record.reclaim(), record.deletion()});
}

Summary Summarize(const std::vector<RecordPtr>& records, const SourceSummary& source) {
  Summary summary;
  summary.terminations = records.size();
  summary.kubelet_restarts = source.kubelet_restarts;
  summary.advice = Advice(source.verbosity_seen, source.runtime_seen);
  std::vector<double> termination, deletion, unmount;
  std::array<std::vector<double>, kPhaseCount> phases;
  for (const RecordPtr& one : records) {
    const TerminationRecord& record = *one;
    ++summary.by_state[std::string(Name(record.state))];
    ++summary.by_trigger[std::string(Name(record.trigger))];
    ++summary.by_outcome[std::string(Name(record.outcome))];
    if (record.state == State::kInFlight) ++summary.in_flight;
    if (IsStuck(record)) ++summary.stuck;
    if (record.grace_exceeded) ++summary.killed_after_grace;
    for (const FailureRecord& failure : record.failures) {
      summary.failures[std::string(Name(failure.reason))] += static_cast<size_t>(failure.count);
    }
    Add(termination, record.termination());
    Add(deletion, record.deletion());
    for (const VolumeRecord& volume : record.volumes) Add(unmount, volume.duration());
    for (const PhaseSpan& span : record.phases) {
      Add(phases[static_cast<size_t>(span.phase)], span.duration());
    }
  }
  summary.termination_seconds = QuantilesOf(std::move(termination));
  summary.deletion_seconds = QuantilesOf(std::move(deletion));
  summary.unmount_seconds = QuantilesOf(std::move(unmount));
  for (int i = 0; i < kPhaseCount; ++i) {
    auto& seconds = phases[static_cast<size_t>(i)];
    if (!seconds.empty()) {
      summary.phases.emplace_back(static_cast<Phase>(i), QuantilesOf(std::move(seconds)));
    }
  }
  return summary;
}

}  // namespace kle
