// SPDX-License-Identifier: Apache-2.0
#include "metrics/metric_set.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>

namespace kle {
namespace {

TEST(MetricSet, FamiliesAndTheirSamplesAreInOrder) {
  MetricSet metrics;
  const auto families = metrics.Collect();
  EXPECT_TRUE(std::ranges::is_sorted(families, {}, &prometheus::MetricFamily::name));
  size_t most = 0;
  for (const auto& family : families) {
    EXPECT_TRUE(std::ranges::is_sorted(family.metric, {}, &prometheus::ClientMetric::label))
        << family.name;
    most = std::max(most, family.metric.size());
  }
  EXPECT_GT(most, 10U);
}

}  // namespace
}  // namespace kle
