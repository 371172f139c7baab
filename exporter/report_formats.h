// SPDX-License-Identifier: Apache-2.0
// The printed forms of a report. To add one: its writer, in a file of its own, and a row in
// report_formats.cc; --format, --help and the completions are made of the rows.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metric_history.h"
#include "exporter/options.h"
#include "exporter/report.h"

namespace kle {

struct ReportFormat {
  // What there is to print.
  struct Given {
    const Report& report;
    const MetricHistory& history;  // empty unless the format asks for it
    const ReportOptions& options;
  };

  std::string_view name;
  void (*write)(std::ostream& out, const Given& given);
  // Of two logs, the earlier one first; null: they cannot be compared in this form.
  void (*diff)(std::ostream& out, const Report& before, const Report& after,
               const ReportOptions& options) = nullptr;
  // It tells how the metrics grew, which takes all of a log: the filters by pod are refused.
  bool of_history = false;
};

std::vector<std::string> ReportFormatNames();
// Of those that two logs can be compared in.
std::vector<std::string> DiffFormatNames();

// `name` is one of ReportFormatNames.
const ReportFormat& ReportFormatNamed(std::string_view name);

}  // namespace kle
