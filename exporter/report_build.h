// SPDX-License-Identifier: Apache-2.0
// Reads the paths of a report from beginning to end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/metric_history.h"
#include "exporter/options.h"
#include "exporter/report.h"
#include "exporter/result.h"

namespace kle {

// All terminations: Filter leaves those that the options ask for. `history` may be null.
[[nodiscard]] Result<Report> BuildReport(const std::vector<std::string>& paths,
                                         const ReportOptions& options, MetricHistory* history);

// Nothing when there is no bound.
std::optional<Timestamp> Resolve(const std::optional<Moment>& moment, const Report& report);

}  // namespace kle
