// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "exporter/complain.h"
#include "exporter/options.h"
#include "exporter/progress_bar.h"
#include "exporter/report.h"
#include "exporter/report_input.h"
#include "metrics/pipeline.h"

namespace kle {
namespace {

bool Wanted(const TerminationRecord& record, const ReportOptions& options) {
  if (options.stuck_only && !IsStuck(record)) return false;
  if (!options.namespace_.empty() && record.namespace_ != options.namespace_) return false;
  return options.pod.empty() || record.pod.starts_with(options.pod);
}

// Not requested_at alone: an evicted or orphaned pod may have none.
Timestamp BeginOf(const TerminationRecord& record) {
  for (const auto* at : {&record.requested_at, &record.terminated_at, &record.removed_at}) {
    if (*at) return **at;
  }
  return record.phases.empty() ? Timestamp()
                               : record.phases.front().started_at.value_or(Timestamp());
}

bool SawKubelet(const SourceSummary& summary) {
  return summary.formats.contains(std::string(Name(LineFormat::kKlogText))) ||
         summary.formats.contains(std::string(Name(LineFormat::kKlogJson)));
}

Result<Report> Build(ReportInput& input, const ReportOptions& options) {
  Report report;
  const auto keep = [&](const TerminationRecord& record) {
    if (Wanted(record, options)) report.terminations.push_back(record);
  };
  PipelineOptions pipeline_options;
  pipeline_options.zone = {options.timezone, options.year, input.reference};
  pipeline_options.tracker.stuck_slack = options.stuck_slack;
  pipeline_options.tracker.max_recent = 1;
  pipeline_options.runtime = options.runtime;
  Pipeline pipeline(pipeline_options, keep);

  ProgressBar bar(*input.source);
  LogLine line;
  while (true) {
    auto status = input.source->Next(line, std::chrono::milliseconds(0));
    if (!status) return status.error();
    if (*status == ReadStatus::kEnd) break;
    if (*status == ReadStatus::kGap) pipeline.tracker().OnGap(line.received.value_or(Timestamp()));
    if (*status != ReadStatus::kLine) continue;
    pipeline.Push(line);
    bar.Tick();
  }
  pipeline.Finish();
  for (const TerminationRecord& record : pipeline.InFlight()) keep(record);
  std::stable_sort(report.terminations.begin(), report.terminations.end(),
                   [](const auto& a, const auto& b) { return BeginOf(a) < BeginOf(b); });
  report.source = pipeline.summary();
  report.summary = Summarize(report.terminations, report.source);
  if (!SawKubelet(report.source)) {
    return Error(input.name + " has no kubelet (klog) line among its " +
                 std::to_string(report.source.lines) + " lines: " + input.advice);
  }
  return report;
}

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

std::string Print(const Report& report, const ReportOptions& options) {
  if (options.format == "json") return ReportJson(report);
  if (options.format == "csv") return ReportCsv(report);
  return ReportTable(report, StyleOfTerminal(options));
}

}  // namespace

int RunReport(const ReportOptions& options) {
  if (!options.timezone.empty() && !HeaderClock::KnownZone(options.timezone)) {
    return Complain(kUsageError, "--timezone=" + options.timezone +
                                     " is no known time zone: try Europe/Berlin or +02:00");
  }
  auto input = OpenReportInput(options);
  if (!input) return Complain(kRuntimeError, input.error().message());
  for (const std::string& note : input->notes) {
    Complain(kOk, "note: " + note);
  }
  auto report = Build(*input, options);
  if (!report) return Complain(kRuntimeError, report.error().message());
  const std::string text = Print(*report, options);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Complain(
        kRuntimeError,
        SystemError("cannot write the report", "", errno, "is the disk full?").message());
  }
  return options.fail_if_stuck && report->summary.stuck > 0 ? kStuck : kOk;
}

}  // namespace kle
