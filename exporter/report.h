// SPDX-License-Identifier: Apache-2.0
// A finished report and its printed forms.
#pragma once

#include <string>
#include <vector>

#include "exporter/summary.h"
#include "metrics/pipeline.h"
#include "metrics/termination.h"

namespace kle {

struct Report {
  SourceSummary source;
  std::vector<TerminationRecord> terminations;  // by requested_at
  Summary summary;                              // of these terminations
};

struct TableStyle {
  size_t width = 80;  // columns
  bool colour = false;
  size_t slowest = 10;
};

std::string ReportJson(const Report& report);
std::string ReportCsv(const Report& report);
std::string ReportTable(const Report& report, const TableStyle& style);

}  // namespace kle
