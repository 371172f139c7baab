// SPDX-License-Identifier: Apache-2.0
// Which terminations of a log a report is about.
#pragma once

#include "exporter/options.h"
#include "exporter/report.h"

namespace kle {

// As if no filter were given.
ReportOptions Unfiltered(ReportOptions options);

// Leaves what the filters let through, and counts the rest.
void Filter(const ReportOptions& options, Report& report);

}  // namespace kle
