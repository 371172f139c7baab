// SPDX-License-Identifier: Apache-2.0
// A finished report and its printed forms.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "exporter/summary.h"
#include "metrics/pipeline.h"
#include "metrics/termination.h"

namespace kle {

struct Report {
  std::string name;  // of what was read
  SourceSummary source;
  std::vector<RecordPtr> terminations;  // by requested_at
  Summary summary;                      // of these terminations
  std::string filters;                  // as given; "" when there are none
  size_t left_out = 0;                  // terminations that they did not let through
  std::string trouble;                  // why what was read is not all; "" when it is
};

struct TableStyle {
  size_t width = 80;  // columns
  bool colour = false;
  size_t slowest = 10;
};

// What may be long is written piece by piece: it is never whole in memory.
void WriteReportJson(std::ostream& out, const Report& report);
void WriteReportCsv(std::ostream& out, const Report& report);
void WriteReportOtlp(std::ostream& out, const Report& report);
// One file without a reference to another: the page's look, to attach to a ticket.
void WriteReportHtml(std::ostream& out, const Report& report);
std::string ReportTable(const Report& report, const TableStyle& style);

// The same measurements of two logs side by side: left is before, right after.
std::string DiffTable(const Report& left, const Report& right, const TableStyle& style);
std::string DiffJson(const Report& left, const Report& right);

// Parts of the JSON report.
std::string SourceJson(const Report& report);
std::string SummaryJson(const Report& report);

}  // namespace kle
