// SPDX-License-Identifier: Apache-2.0
#include "exporter/status.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <cmath>

namespace kle {
namespace {

using Values = std::map<std::string, double>;

// The values of a counter or gauge, by its label `label`; what other labels tell apart is added up
// by `merge`.
template <typename Merge>
Values ByLabel(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
               std::string_view label, Merge merge) {
  Values values;
  const auto family = std::ranges::find(families, std::string(kMetricPrefix) + std::string(name),
                                        &prometheus::MetricFamily::name);
  if (family == families.end()) return values;
  for (const prometheus::ClientMetric& metric : family->metric) {
    const auto found =
        std::ranges::find(metric.label, label, &prometheus::ClientMetric::Label::name);
    const double value =
        family->type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
    double& merged = values[found == metric.label.end() ? std::string() : found->value];
    merged = merge(merged, value);
  }
  return values;
}

double Sum(double a, double b) { return a + b; }
double Most(double a, double b) { return std::max(a, b); }

uint64_t Whole(double value) { return static_cast<uint64_t>(std::llround(std::max(value, 0.0))); }

}  // namespace

Status StatusOf(const SourceSummary& source,
                const std::vector<prometheus::MetricFamily>& families) {
  const auto counts = [&](std::string_view name) {
    Counts by_reason;
    for (const auto& [reason, value] : ByLabel(families, name, "reason", Sum)) {
      by_reason[reason] = Whole(value);
    }
    return by_reason;
  };
  // Labels that no family has: everything is merged into one.
  const auto total = [&](std::string_view name) { return ByLabel(families, name, "", Sum)[""]; };

  Status status;
  status.source = source;
  status.gaps = counts("journal_gaps_total");
  status.parse_errors = counts("parse_errors_total");
  status.files_unreadable = counts("journal_files_unreadable");
  status.lines_suppressed = Whole(total("lines_suppressed_total"));
  status.lag_seconds = total("journal_lag_seconds");
  status.in_flight = Whole(total("terminating_pods"));
  status.overdue = Whole(total("overdue_pods"));
  status.oldest_age_seconds = ByLabel(families, "terminating_oldest_age_seconds", "", Most)[""];
  const Values available = ByLabel(families, "signal_available", "signal", Most);
  for (const Signal& signal : Signals()) {
    const auto found = available.find(std::string(signal.name));
    status.signals.push_back({signal, found != available.end() && found->second > 0});
  }
  return status;
}

}  // namespace kle
