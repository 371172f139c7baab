// SPDX-License-Identifier: Apache-2.0
// Counts and quantiles over the terminations of a report.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/pipeline.h"
#include "metrics/termination.h"

namespace kle {

struct Quantiles {
  size_t count = 0;
  double p50 = 0, p90 = 0, p99 = 0, max = 0;
  size_t relist = 0, bound = 0;  // of these precisions; the others are exact
};

// By nearest rank: a quantile is always a value that was measured.
Quantiles QuantilesOf(std::vector<double> seconds);

struct Summary {
  size_t terminations = 0;
  size_t in_flight = 0;
  size_t stuck = 0;
  uint64_t kubelet_restarts = 0;
  size_t killed_after_grace = 0;  // the grace ran out
  std::map<std::string, size_t> by_state, by_trigger, by_outcome;
  std::map<std::string, size_t> failures;  // failed attempts by reason
  Quantiles termination_seconds, deletion_seconds, unmount_seconds;
  std::vector<std::pair<Phase, Quantiles>> phases;  // in their usual order, those measured
  std::string_view advice;  // what a higher log level would add; "" when nothing
};

Summary Summarize(const std::vector<RecordPtr>& records, const SourceSummary& source);

// When it was asked for, or the first that is known of it.
Timestamp BeginOf(const TerminationRecord& record);
// The last that is known of it.
std::optional<Timestamp> EndOf(const TerminationRecord& record);
// From the request until terminated, reclaimed and gone from the API, whichever was last: what is
// known.
std::optional<Duration> TotalOf(const TerminationRecord& record);

bool IsStuck(const TerminationRecord& record);

// "NAMESPACE/POD", or its UID while nothing else is known.
std::string PodName(const TerminationRecord& record);

}  // namespace kle
