// SPDX-License-Identifier: Apache-2.0
#include "exporter/report_build.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "exporter/complain.h"
#include "exporter/progress_bar.h"
#include "exporter/report_input.h"
#include "exporter/text.h"
#include "metrics/pipeline.h"

namespace kle {
namespace {

// "lines are missing, 1,625: journald's rate limit dropped them; ..."
std::string GapText(GapReason reason, const GapCount& count) {
  std::string text = "lines are missing, ";
  text += count.lines > 0 ? Grouped(count.lines) : "in " + Grouped(count.times) + " places";
  return text + ": " + std::string(Meaning(reason));
}

bool SawKubelet(const SourceSummary& summary) {
  return summary.formats.contains(std::string(Name(LineFormat::kKlogText))) ||
         summary.formats.contains(std::string(Name(LineFormat::kKlogJson)));
}

// To the source's end.
Result<void> ReadAll(LineSource& source, Pipeline& pipeline) {
  source.OfferFirst([&pipeline](const LogLine& line) { return pipeline.PassOver(line); });
  ProgressBar bar(source);
  LogLine line;
  while (true) {
    if (const size_t dealt_with = pipeline.PushBlock(source.Ahead()); dealt_with > 0) {
      source.Skip(dealt_with);
      bar.At(pipeline.lines());
    }
    auto status = source.Next(line, std::chrono::milliseconds(0));
    if (!status) return status.error();
    if (*status == ReadStatus::kEnd) return {};
    if (*status == ReadStatus::kGap) {
      pipeline.OnGap(source.gap(), line.received.value_or(Timestamp()));
    }
    if (*status != ReadStatus::kLine) continue;
    pipeline.Push(line);
    bar.At(pipeline.lines());
  }
}

}  // namespace

std::optional<Timestamp> Resolve(const std::optional<Moment>& moment, const Report& report) {
  if (!moment) return std::nullopt;
  if (moment->at) return moment->at;
  if (!report.source.last_event_at) return std::nullopt;
  return *report.source.last_event_at - *moment->before_end;
}

Result<Report> BuildReport(const std::vector<std::string>& paths, const ReportOptions& options,
                           MetricHistory* history) {
  auto input = OpenReportInput(paths, options);
  if (!input) return input.error();
  for (const std::string& note : input->notes) Complain(kOk, "note: " + note);
  Report report;
  report.name = input->name;
  const auto keep = [&](const RecordPtr& record) { report.terminations.push_back(record); };
  PipelineOptions pipeline_options;
  pipeline_options.zone = {input->timezone, options.year, input->reference};
  pipeline_options.tracker.stuck_slack = options.stuck_slack;
  pipeline_options.tracker.max_recent = 1;
  pipeline_options.runtime = options.runtime;
  if (history != nullptr) {
    pipeline_options.before_event = [history](Timestamp at) { history->Before(at); };
  }
  Pipeline pipeline(pipeline_options, keep);
  if (history != nullptr) history->Watch(pipeline);
  const auto read = ReadAll(*input->source, pipeline);
  pipeline.Finish();
  if (history != nullptr) history->Finish();
  for (TerminationRecord& record : pipeline.InFlight()) {
    keep(std::make_shared<const TerminationRecord>(std::move(record)));
  }
  report.source = pipeline.summary();
  if (!read) {
    const bool usable = read.error().cut_short() && report.source.events > 0;
    if (!usable) return read.error();
    report.trouble = read.error().message() + "; the report is of what came before";
  }
  if (!SawKubelet(report.source)) {
    return Error(input->name + " has no kubelet (klog) line among its " +
                 std::to_string(report.source.lines) + " lines: " + input->advice);
  }
  for (const auto& [reason, count] : report.source.gaps) {
    Complain(kOk, "note: " + GapText(reason, count));
  }
  std::stable_sort(report.terminations.begin(), report.terminations.end(),
                   [](const auto& a, const auto& b) { return BeginOf(*a) < BeginOf(*b); });
  report.summary = Summarize(report.terminations, report.source);
  return report;
}

}  // namespace kle
