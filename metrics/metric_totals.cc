// SPDX-License-Identifier: Apache-2.0
// Counters and histograms over restarts: by name and labels, so that another version of the
// exporter can read what this one counted.
#include <prometheus/metric_family.h>

#include <utility>

#include "metrics/metric_set_impl.h"
#include "parser/codec.h"

namespace kle {
namespace {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

struct CounterTotal {
  LabelPairs labels;
  double value = 0;
};

struct HistogramTotal {
  LabelPairs labels;
  std::vector<double> bounds;  // but for +Inf
  std::vector<double> counts;  // of each bucket alone
  double sum = 0;
};

struct FamilyTotals {
  std::string name;
  std::vector<CounterTotal> counters;
  std::vector<HistogramTotal> histograms;
};
KLE_FIELDS(CounterTotal, labels, value)
KLE_FIELDS(HistogramTotal, labels, bounds, counts, sum)
KLE_FIELDS(FamilyTotals, name, counters, histograms)

LabelPairs LabelsOf(const prometheus::ClientMetric& metric) {
  LabelPairs labels;
  for (const auto& label : metric.label) labels.emplace_back(label.name, label.value);
  return labels;
}

HistogramTotal TotalOf(const prometheus::ClientMetric& metric) {
  HistogramTotal total;
  total.labels = LabelsOf(metric);
  total.sum = metric.histogram.sample_sum;
  double below = 0;
  for (const auto& bucket : metric.histogram.bucket) {
    const auto up_to = static_cast<double>(bucket.cumulative_count);
    total.bounds.push_back(bucket.upper_bound);
    total.counts.push_back(up_to - below);
    below = up_to;
  }
  if (!total.bounds.empty()) total.bounds.pop_back();
  return total;
}

prometheus::Labels Labels(const LabelPairs& pairs) { return {pairs.begin(), pairs.end()}; }

bool Countable(double value) { return value >= 0 && value <= 1e300; }  // neither negative nor NaN

}  // namespace

std::string MetricSet::Totals(const std::vector<prometheus::MetricFamily>& families) {
  std::vector<FamilyTotals> all;
  for (const auto& family : families) {
    const bool counter = family.type == prometheus::MetricType::Counter;
    if (!counter && family.type != prometheus::MetricType::Histogram) continue;
    FamilyTotals& totals = all.emplace_back();
    totals.name = family.name;
    for (const auto& metric : family.metric) {
      if (!counter) {
        totals.histograms.push_back(TotalOf(metric));
      } else if (metric.counter.value > 0) {
        totals.counters.push_back({LabelsOf(metric), metric.counter.value});
      }
    }
  }
  return Encoded(all);
}

bool MetricSet::RestoreTotals(std::string_view bytes) {
  std::vector<FamilyTotals> all;
  if (!Decode(bytes, all)) return false;
  const auto learn_plugin = [this](const LabelPairs& labels) {
    for (const auto& [name, value] : labels) {
      if (name == "plugin") impl_->PluginLabel(value);
    }
  };
  for (const FamilyTotals& totals : all) {
    if (const auto family = impl_->all.counters.find(totals.name);
        family != impl_->all.counters.end()) {
      for (const CounterTotal& total : totals.counters) {
        if (!Countable(total.value)) return false;
        family->second->Add(Labels(total.labels)).Increment(total.value);
        learn_plugin(total.labels);
      }
    }
    const auto family = impl_->all.histograms.find(totals.name);
    if (family == impl_->all.histograms.end()) continue;
    for (const HistogramTotal& total : totals.histograms) {
      if (total.bounds != family->second->buckets()) continue;  // another version's
      if (total.counts.size() != total.bounds.size() + 1 ||
          !std::ranges::all_of(total.counts, Countable)) {
        return false;
      }
      family->second->Add(Labels(total.labels)).ObserveMultiple(total.counts, total.sum);
      learn_plugin(total.labels);
    }
  }
  return true;
}

}  // namespace kle
