// SPDX-License-Identifier: Apache-2.0
// One family of /metrics: what is told of it, and its children. A member of one of these types
// declares the family; docs/METRICS.md, the state file and a history know of it by that.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/label_values.h"
#include "metrics/metric_set.h"

namespace kle {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// Timeouts cluster at the grace, at grace + 2 min and at 2m3s: edges sit just above them.
inline const Buckets kTerminationBuckets = {0.5, 1,  2,  3,   5,   8,   10,  15,  20,  30,   35,
                                            45,  60, 90, 120, 150, 180, 300, 600, 900, 1800, 3600};
inline const Buckets kVolumeBuckets = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600};
inline const Buckets kRatioBuckets = {.1, .25, .5, .75, .9, 1, 1.1, 1.5, 2, 5};

// Tells of the running exporter and not of the log: no part of a history.
inline constexpr bool kOwn = true;

class CounterFamily;
class HistogramFamily;

// Beyond so many series in all, what is new is counted as kRest in every label: whatever a log
// holds, a node has under 2,000, the rest's own and the gauges' among them.
inline constexpr size_t kMostSeries = 1500;
inline constexpr std::string_view kRest = "other";

// All families of one MetricSet. Outlives them.
struct Families {
  size_t series = 0;  // as /metrics shows them
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::vector<MetricInfo> table;  // as they were declared
  // By full name, for what an earlier process counted.
  std::map<std::string, CounterFamily*> counters;
  std::map<std::string, HistogramFamily*> histograms;
};

// Children are made once and found without making strings: prometheus' own Add costs 360 ns and six
// allocations. A family without labels has its only child from the start.
template <typename Metric>
class FamilyOf {
 public:
  FamilyOf(const FamilyOf&) = delete;
  FamilyOf& operator=(const FamilyOf&) = delete;

  // The child with these values, in the order of the labels.
  Metric& With(std::initializer_list<std::string_view> values) {
    for (const Child& child : children_) {
      if (std::ranges::equal(child.values, values)) return *child.metric;
    }
    prometheus::Labels labels;
    for (size_t i = 0; i < names_.size(); ++i) labels.emplace(names_[i], values.begin()[i]);
    if (IsFull() && !family_.Has(labels)) {
      for (auto& [name, value] : labels) value = kRest;
      return Add(labels);
    }
    Metric& metric = Add(labels);
    children_.push_back({{values.begin(), values.end()}, &metric});
    return metric;
  }
  Metric& Only() { return With({}); }

  // As an earlier process had it, whose labels may have been others.
  Metric& Add(const prometheus::Labels& labels) {
    if (!family_.Has(labels)) all_.series += SeriesOfOne();
    if constexpr (std::same_as<Metric, Histogram>) {
      return family_.Add(labels, *buckets_);
    } else {
      return family_.Add(labels);
    }
  }

  // Every child of its one label, whose values are a closed set: the first increment of a counter
  // must not be lost to rate().
  void AddClosedSet() {
    for (const std::string_view value : LabelValues(info_.name, info_.labels)) With({value});
  }

  void RemoveAll() {
    for (const Child& child : children_) family_.Remove(child.metric);
    all_.series -= children_.size() * SeriesOfOne();
    children_.clear();
  }

 protected:
  template <typename Builder>
  FamilyOf(Families& all, const MetricInfo& info, Builder builder, const Buckets* buckets = nullptr)
      : all_(all),
        info_(info),
        buckets_(buckets),
        family_(builder.Name(std::string(kMetricPrefix) + std::string(info.name))
                    .Help(std::string(info.help))
                    .Register(all.registry)) {
    for (std::string_view rest = info.labels; !rest.empty();) {
      names_.emplace_back(rest.substr(0, rest.find(',')));
      rest.remove_prefix(std::min(names_.back().size() + 1, rest.size()));
    }
    all.table.push_back(info);
    if (names_.empty()) Only();
  }

  const std::string& full_name() const { return family_.GetName(); }

 private:
  struct Child {
    std::vector<std::string> values;
    Metric* metric;
  };

  // What a log makes more and more of; gauges come and go, and have bounds of their own.
  bool IsFull() const {
    if (std::same_as<Metric, Gauge> || names_.empty()) return false;
    return all_.series + SeriesOfOne() > kMostSeries;
  }

  // A histogram's buckets, the last one, the sum and the count.
  size_t SeriesOfOne() const { return buckets_ == nullptr ? 1 : buckets_->size() + 3; }

  Families& all_;
  MetricInfo info_;
  const Buckets* buckets_;
  prometheus::Family<Metric>& family_;
  std::vector<std::string> names_;  // of the labels
  std::vector<Child> children_;
};

class CounterFamily : public FamilyOf<Counter> {
 public:
  CounterFamily(Families& all, std::string_view name, std::string_view labels,
                std::string_view help, bool own = false)
      : FamilyOf(all, {name, "counter", labels, help, own}, prometheus::BuildCounter()) {
    all.counters.emplace(full_name(), this);
  }
};

class GaugeFamily : public FamilyOf<Gauge> {
 public:
  GaugeFamily(Families& all, std::string_view name, std::string_view labels, std::string_view help,
              bool own = false)
      : FamilyOf(all, {name, "gauge", labels, help, own}, prometheus::BuildGauge()) {}
};

class HistogramFamily : public FamilyOf<Histogram> {
 public:
  HistogramFamily(Families& all, std::string_view name, std::string_view labels,
                  std::string_view help, const Buckets& buckets)
      : FamilyOf(all, {name, "histogram", labels, help}, prometheus::BuildHistogram(), &buckets),
        buckets_(buckets) {
    all.histograms.emplace(full_name(), this);
  }

  const Buckets& buckets() const { return buckets_; }

 private:
  const Buckets& buckets_;
};

}  // namespace kle
