// SPDX-License-Identifier: Apache-2.0
// What /metrics would have shown while a log was written: one sample a minute of the log's own
// time, as OpenMetrics with time stamps, for `promtool tsdb create-blocks-from openmetrics`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "metrics/pipeline.h"

namespace kle {

class MetricHistory {
 public:
  // The pipeline must outlive this.
  void Watch(Pipeline& pipeline) { pipeline_ = &pipeline; }

  // An event of this time is about to change the metrics: takes the samples due before it.
  void Before(Timestamp event);
  // The log is over: the last sample, so that totals are whole.
  void Finish();

  // From `since` to `until`, where given.
  void Write(std::ostream& out, std::optional<Timestamp> since,
             std::optional<Timestamp> until) const;

 private:
  // Values from a sample on until the next change; empty while the series is not there.
  struct Change {
    uint32_t sample;
    std::vector<double> values;
  };
  struct Series {
    std::string labels;  // a="b",c="d"
    std::vector<double> bounds;
    std::vector<Change> changes;
    uint32_t seen = 0;  // last sample in which it was
  };
  struct Family {
    std::string type;
    std::string help;
    std::map<std::string, Series> series;
  };

  void Take(Timestamp at);
  void WriteSeries(std::ostream& out, const std::string& name, const Family& family,
                   const Series& series, size_t from, size_t to) const;

  Pipeline* pipeline_ = nullptr;
  std::vector<Timestamp> samples_;
  std::optional<Timestamp> next_;
  std::optional<Timestamp> last_event_;
  std::map<std::string, Family> families_;
};

}  // namespace kle
