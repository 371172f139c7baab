// SPDX-License-Identifier: Apache-2.0
// Which values a label of a metric may have, where that is a closed set: what exists from the start
// is made of it, and what rules and dashboards select is held against it.
#pragma once

#include <string_view>
#include <vector>

namespace kle {

// `metric` without the prefix. Empty: the set is open, or the metric has no such label.
std::vector<std::string_view> LabelValues(std::string_view metric, std::string_view label);

}  // namespace kle
