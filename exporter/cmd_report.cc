// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <string>

#include "exporter/complain.h"
#include "exporter/options.h"
#include "exporter/progress_bar.h"
#include "exporter/report.h"
#include "exporter/report_build.h"
#include "parser/zone.h"

namespace kle {
namespace {

TableStyle StyleOfTerminal(const ReportOptions& options) {
  TableStyle style;
  style.slowest = options.slowest;
  if (isatty(STDOUT_FILENO) == 0) return style;
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = no_colour == nullptr || *no_colour == '\0';
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

void Write(std::ostream& out, const Report& report, const ReportOptions& options) {
  if (options.format == "json") {
    WriteReportJson(out, report);
  } else if (options.format == "csv") {
    WriteReportCsv(out, report);
  } else if (options.format == "html") {
    WriteReportHtml(out, report);
  } else if (options.format == "otlp") {
    WriteReportOtlp(out, report);
  } else {
    out << ReportTable(report, StyleOfTerminal(options));
  }
}

bool TooSlow(const Report& report, Duration limit) {
  return std::any_of(report.terminations.begin(), report.terminations.end(),
                     [limit](const RecordPtr& record) {
                       if (record->current) return record->current->age > limit;
                       return TotalOf(*record).value_or(Duration()) > limit;
                     });
}

int ExitCodeOf(const Report& report, const ReportOptions& options) {
  if (options.fail_if_stuck && report.summary.stuck > 0) return kStuck;
  return options.fail_if_slower && TooSlow(report, *options.fail_if_slower) ? kStuck : kOk;
}

// What does not go together: "" when all does.
std::string Conflict(const ReportOptions& options) {
  if (!options.timezone.empty() && !HeaderClock::KnownZone(options.timezone)) {
    return "--timezone=" + options.timezone + " is no known time zone: try Europe/Berlin or +02:00";
  }
  const bool filtered = !options.namespace_.empty() || !options.pod.empty() || options.stuck_only;
  if (options.format == "openmetrics" && filtered) {
    return "--format=openmetrics is of a whole log: drop --namespace, --pod and --stuck-only";
  }
  if (!options.diff.empty() && options.format != "table" && options.format != "json") {
    return "--diff is printed as a table or json, not as " + options.format;
  }
  return {};
}

Result<int> WriteDiff(std::ostream& out, const ReportOptions& options) {
  auto left = BuildReport(options.paths, options, nullptr);
  if (!left) return left.error();
  auto right = BuildReport(options.diff, options, nullptr);
  if (!right) return right.error();
  out << (options.format == "json" ? DiffJson(*left, *right)
                                   : DiffTable(*left, *right, StyleOfTerminal(options)));
  return std::max(ExitCodeOf(*left, options), ExitCodeOf(*right, options));
}

Result<int> WriteHistory(std::ostream& out, const ReportOptions& options) {
  MetricHistory history;
  auto report = BuildReport(options.paths, options, &history);
  if (!report) return report.error();
  history.Write(out, Resolve(options.since, *report), Resolve(options.until, *report));
  return ExitCodeOf(*report, options);
}

Result<int> WriteOne(std::ostream& out, const ReportOptions& options) {
  auto report = BuildReport(options.paths, options, nullptr);
  if (!report) return report.error();
  Write(out, *report, options);
  return ExitCodeOf(*report, options);
}

}  // namespace

int RunReport(const ReportOptions& options) {
  if (const std::string conflict = Conflict(options); !conflict.empty()) {
    return Complain(kUsageError, conflict);
  }
  EndOnInterrupt();
  std::ios::sync_with_stdio(false);
  std::ostream& out = std::cout;
  auto code = !options.diff.empty()             ? WriteDiff(out, options)
              : options.format == "openmetrics" ? WriteHistory(out, options)
                                                : WriteOne(out, options);
  if (!code) return Complain(kRuntimeError, code.error().message());
  if (!out.flush()) {
    return Complain(
        kRuntimeError,
        SystemError("cannot write the report", "", errno, "is the disk full?").message());
  }
  return *code;
}

}  // namespace kle
