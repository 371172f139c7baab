// SPDX-License-Identifier: Apache-2.0
#include "metrics/label_values.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>

#include "metrics/metric_set.h"

namespace kle {
namespace {

// What exists from the start is all there can be, of a label whose values are known beforehand.
TEST(LabelValues, OfASetThatIsClosedAreTheOnesThatExistFromTheStart) {
  MetricSet metrics;
  int closed = 0;
  for (const auto& family : metrics.Collect()) {
    ASSERT_TRUE(family.name.starts_with(kMetricPrefix)) << family.name;
    for (const auto& child : family.metric) {
      for (const auto& label : child.label) {
        const auto known = LabelValues(family.name.substr(kMetricPrefix.size()), label.name);
        if (known.empty()) continue;
        ++closed;
        EXPECT_TRUE(std::ranges::find(known, label.value) != known.end())
            << family.name << "{" << label.name << "=\"" << label.value << "\"}";
      }
    }
  }
  EXPECT_GT(closed, 100);
}

TEST(LabelValues, AreTheMetricsOwn) {
  EXPECT_EQ(LabelValues("trace_exports_total", "result"),
            (std::vector<std::string_view>{"sent", "failed", "dropped"}));
  EXPECT_EQ(LabelValues("node_shutdowns_total", "result"),
            (std::vector<std::string_view>{"started", "completed"}));
  EXPECT_TRUE(LabelValues("parse_errors_total", "reason").empty());
}

}  // namespace
}  // namespace kle
