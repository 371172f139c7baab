// SPDX-License-Identifier: Apache-2.0
// What the exporter sees and what it can measure, out of the very families that /metrics shows: the
// two agree by construction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/coverage.h"
#include "metrics/pipeline.h"

namespace prometheus {
struct MetricFamily;
}  // namespace prometheus

namespace kle {

using Counts = std::map<std::string, uint64_t>;

struct SignalStatus {
  Signal signal;
  bool available = false;  // at the log level seen
};

struct Status {
  SourceSummary source;
  Counts gaps, parse_errors, files_unreadable;  // by reason
  uint64_t lines_suppressed = 0;
  double lag_seconds = 0;
  std::vector<SignalStatus> signals;
  uint64_t in_flight = 0, overdue = 0;  // all of them, also those that no list holds
  double oldest_age_seconds = 0;        // of what is in flight
};

Status StatusOf(const SourceSummary& source, const std::vector<prometheus::MetricFamily>& families);

}  // namespace kle
