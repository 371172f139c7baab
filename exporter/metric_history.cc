// SPDX-License-Identifier: Apache-2.0
#include "exporter/metric_history.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "metrics/metric_set.h"

namespace kle {
namespace {

constexpr Duration kStep = std::chrono::minutes(1);
// A log that is silent for longer has a hole: nobody knows what went on.
constexpr Duration kHole = std::chrono::hours(24);

bool OfTheLog(std::string_view name) {
  name.remove_prefix(kMetricPrefix.size());
  const auto table = MetricTable();
  const auto row = std::ranges::find(table, name, &MetricInfo::name);
  return row == table.end() || !row->own;
}

std::string Number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string LabelsOf(const prometheus::ClientMetric& metric) {
  std::string labels;
  for (const auto& label : metric.label) {
    labels.append(labels.empty() ? "" : ",").append(label.name).append("=\"");
    labels.append(Escaped(label.value)).append("\"");
  }
  return labels;
}

// Histograms: each bucket, then the sum and the count.
std::vector<double> ValuesOf(const prometheus::ClientMetric& metric, prometheus::MetricType type) {
  if (type == prometheus::MetricType::Counter) return {metric.counter.value};
  if (type == prometheus::MetricType::Gauge) return {metric.gauge.value};
  std::vector<double> values;
  for (const auto& bucket : metric.histogram.bucket) {
    values.push_back(static_cast<double>(bucket.cumulative_count));
  }
  values.push_back(metric.histogram.sample_sum);
  values.push_back(static_cast<double>(metric.histogram.sample_count));
  return values;
}

std::string_view TypeName(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Counter) return "counter";
  return type == prometheus::MetricType::Gauge ? "gauge" : "histogram";
}

void Line(std::ostream& out, const std::string& name, std::string_view suffix,
          const std::string& labels, double value, const std::string& at) {
  out << name << suffix;
  if (!labels.empty()) out << '{' << labels << '}';
  out << ' ' << Number(value) << ' ' << at << '\n';
}

}  // namespace

void MetricHistory::Before(Timestamp event) {
  last_event_ = std::max(event, last_event_.value_or(event));
  if (!next_) {
    const Timestamp begin = std::chrono::floor<std::chrono::minutes>(event);
    Take(begin);
    next_ = begin + kStep;
  }
  if (event <= *next_) return;
  if (event - *next_ > kHole) {
    Take(*next_);
    next_ = std::chrono::floor<std::chrono::minutes>(event);
  }
  for (; *next_ < event; *next_ += kStep) {
    pipeline_->tracker().Advance(*next_);
    Take(*next_);
  }
}

void MetricHistory::Finish() {
  if (last_event_) Take(std::max(*last_event_, samples_.back() + std::chrono::milliseconds(1)));
}

void MetricHistory::Take(Timestamp at) {
  const auto sample = static_cast<uint32_t>(samples_.size());
  samples_.push_back(at);
  pipeline_->metrics().SetInFlight(pipeline_->Overview());
  pipeline_->metrics().SetTrackedPods(pipeline_->tracker().tracked_pods());
  for (const prometheus::MetricFamily& collected : pipeline_->metrics().Collect()) {
    if (!OfTheLog(collected.name)) continue;
    Family& family = families_[collected.name];
    family.type = TypeName(collected.type);
    family.help = collected.help;
    const bool gauge = collected.type == prometheus::MetricType::Gauge;
    for (const prometheus::ClientMetric& metric : collected.metric) {
      std::string labels = LabelsOf(metric);
      Series& series = family.series[labels];
      std::vector<double> values = ValuesOf(metric, collected.type);
      if (series.labels.empty() && series.changes.empty()) {
        series.labels = std::move(labels);
        for (const auto& bucket : metric.histogram.bucket) {
          series.bounds.push_back(bucket.upper_bound);
        }
        // What counts was at 0 before it was first seen; a gauge was not there.
        if (sample > 0) series.changes.push_back({0, {}});
        if (sample > 0 && !gauge) series.changes.back().values.assign(values.size(), 0);
      } else if (series.seen + 1 < sample) {
        series.changes.push_back({series.seen + 1, {}});
      }
      if (series.changes.empty() || series.changes.back().values != values) {
        series.changes.push_back({sample, std::move(values)});
      }
      series.seen = sample;
    }
  }
}

void MetricHistory::WriteSeries(std::ostream& out, const std::string& name, const Family& family,
                                const Series& series, size_t from, size_t to) const {
  const std::string comma = series.labels.empty() ? "" : ",";
  size_t change = 0;
  for (size_t sample = from; sample < std::min<size_t>(to, series.seen + size_t{1}); ++sample) {
    while (change + 1 < series.changes.size() && series.changes[change + 1].sample <= sample) {
      ++change;
    }
    const std::vector<double>& values = series.changes[change].values;
    if (values.empty()) continue;
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(samples_[sample]);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f",
                  static_cast<double>(millis.time_since_epoch().count()) / 1000);
    const std::string at = text.data();
    if (family.type != "histogram") {
      Line(out, name, "", series.labels, values.front(), at);
      continue;
    }
    for (size_t i = 0; i < series.bounds.size(); ++i) {
      const std::string bound = i + 1 == series.bounds.size() ? "+Inf" : Number(series.bounds[i]);
      Line(out, name, "_bucket", series.labels + comma + "le=\"" + bound + "\"", values[i], at);
    }
    Line(out, name, "_sum", series.labels, values[series.bounds.size()], at);
    Line(out, name, "_count", series.labels, values.back(), at);
  }
}

void MetricHistory::Write(std::ostream& out, std::optional<Timestamp> since,
                          std::optional<Timestamp> until) const {
  const auto begin = samples_.begin();
  const auto from = since ? std::ranges::lower_bound(samples_, *since) - begin : 0;
  const auto to = until ? std::ranges::upper_bound(samples_, *until) - begin
                        : static_cast<std::ptrdiff_t>(samples_.size());
  constexpr std::string_view kTotal = "_total";
  for (const auto& [name, family] : families_) {
    std::string_view metric = name;
    if (family.type == "counter") metric.remove_suffix(kTotal.size());
    out << "# TYPE " << metric << ' ' << family.type << '\n';
    out << "# HELP " << metric << ' ' << Escaped(family.help) << '\n';
    for (const auto& [labels, series] : family.series) {
      WriteSeries(out, name, family, series, static_cast<size_t>(from), static_cast<size_t>(to));
    }
  }
  out << "# EOF\n";
}

}  // namespace kle
