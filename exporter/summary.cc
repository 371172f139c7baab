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

struct Samples {
  std::vector<double> seconds;
  std::array<size_t, kPrecisionCount> precisions{};

  void Add(const std::optional<Duration>& duration, Precision precision = Precision::kExact) {
    if (!duration) return;
    seconds.push_back(ToSeconds(*duration));
    ++precisions[static_cast<size_t>(precision)];
  }
  Quantiles Take() {
    Quantiles quantiles = QuantilesOf(std::move(seconds));
    quantiles.relist = precisions[static_cast<size_t>(Precision::kRelist)];
    quantiles.bound = precisions[static_cast<size_t>(Precision::kBound)];
    return quantiles;
  }
};

}  // namespace

Quantiles QuantilesOf(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::sort(seconds.begin(), seconds.end());
  Quantiles quantiles;
  quantiles.count = seconds.size();
  quantiles.p50 = AtRank(seconds, 0.5);
  quantiles.p90 = AtRank(seconds, 0.9);
  quantiles.p99 = AtRank(seconds, 0.99);
  quantiles.max = seconds.back();
  return quantiles;
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
  Samples termination, deletion, unmount;
  std::array<Samples, kPhaseCount> phases;
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
    termination.Add(record.termination(), record.termination_precision);
    deletion.Add(record.deletion());
    for (const VolumeRecord& volume : record.volumes) unmount.Add(volume.duration());
    for (const PhaseSpan& span : record.phases) {
      phases[static_cast<size_t>(span.phase)].Add(span.duration(), span.precision);
    }
  }
  summary.termination_seconds = termination.Take();
  summary.deletion_seconds = deletion.Take();
  summary.unmount_seconds = unmount.Take();
  for (int i = 0; i < kPhaseCount; ++i) {
    Samples& samples = phases[static_cast<size_t>(i)];
    if (!samples.seconds.empty()) {
      summary.phases.emplace_back(static_cast<Phase>(i), samples.Take());
    }
  }
  return summary;
}

}  // namespace kle
