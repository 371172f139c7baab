// SPDX-License-Identifier: Apache-2.0
// Which terminations of a log a report is about.
#pragma once

#include "exporter/options.h"
#include "exporter/report.h"

namespace kle {

// Leaves what the filters let through, and counts the rest.
void Filter(const ReportOptions& options, Report& report);

}  // namespace kle
