// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/complain.h"
#include "exporter/options.h"
#include "exporter/progress_bar.h"
#include "exporter/report.h"
#include "exporter/report_build.h"
#include "exporter/report_filter.h"
#include "exporter/report_formats.h"
#include "exporter/text.h"

namespace kle {
namespace {

// How the command ends, and why: a sentence for each condition that is met.
struct Verdict {
  int code = kOk;
  std::vector<std::string> reasons = {};

  // What was judged was not the whole log.
  void Doubt(const std::string& trouble) {
    if (trouble.empty()) return;
    code = kRuntimeError;
    reasons.push_back(trouble);
  }

  void Add(std::string reason) {
    code = kStuck;
    reasons.push_back(std::move(reason));
  }
};

std::string AndMore(size_t count) {
  return count > 1 ? ", and " + Grouped(count - 1) + " more" : std::string();
}

void JudgeStuck(const Report& report, Verdict& verdict) {
  const TerminationRecord* worst = nullptr;
  for (const RecordPtr& record : report.terminations) {
    if (!IsStuck(*record)) continue;
    if (worst == nullptr || record->current->overdue > worst->current->overdue) {
      worst = record.get();
    }
  }
  if (worst == nullptr) return;
  verdict.Add("--fail-if-stuck: " + PodName(*worst) + " is stuck in " +
              std::string(Name(worst->current->phase)) + ", overdue by " +
              ShortSeconds(ToSeconds(worst->current->overdue)) + AndMore(report.summary.stuck));
}

Duration TimeOf(const TerminationRecord& record) {
  return record.current ? record.current->age : TotalOf(record).value_or(Duration());
}

void JudgeSlow(const Report& report, Duration limit, Verdict& verdict) {
  const TerminationRecord* worst = nullptr;
  size_t count = 0;
  for (const RecordPtr& record : report.terminations) {
    if (TimeOf(*record) <= limit) continue;
    ++count;
    if (worst == nullptr || TimeOf(*record) > TimeOf(*worst)) worst = record.get();
  }
  if (worst == nullptr) return;
  verdict.Add("--fail-if-slower=" + ShortSeconds(ToSeconds(limit)) + ": " + PodName(*worst) +
              (worst->current ? " has been under way for " : " took ") +
              ShortSeconds(ToSeconds(TimeOf(*worst))) + AndMore(count));
}

Verdict Judge(const Report& report, const ReportOptions& options) {
  Verdict verdict;
  if (options.fail_if_stuck) JudgeStuck(report, verdict);
  if (options.fail_if_slower) JudgeSlow(report, *options.fail_if_slower, verdict);
  return verdict;
}

// One of each kind is compared by the log's end, which is not known yet: nothing passes then.
bool Crossed(const std::optional<Moment>& since, const std::optional<Moment>& until) {
  if (!since || !until) return false;
  if (since->at && until->at) return *since->at > *until->at;
  return since->before_end && until->before_end && *since->before_end < *until->before_end;
}

// What does not go together: "" when all does.
std::string Conflict(const ReportOptions& options) {
  if (Crossed(options.since, options.until)) {
    return "--since=" + options.since->text + " is after --until=" + options.until->text;
  }
  const bool filtered = !options.namespace_.empty() || !options.pod.empty() || options.stuck_only;
  const ReportFormat& format = ReportFormatNamed(options.format);
  if (format.of_history && filtered) {
    return "--format=" + options.format +
           " is of a whole log: drop --namespace, --pod and --stuck-only";
  }
  if (!options.diff.empty() && format.diff == nullptr) {
    return "--diff is printed as a " + Joined(DiffFormatNames(), " or ") + ", not as " +
           options.format;
  }
  return {};
}

Result<Report> Build(const std::vector<std::string>& paths, const ReportOptions& options,
                     MetricHistory* history) {
  auto report = BuildReport(paths, options, history);
  if (!report) return report;
  Filter(options, *report);
  return report;
}

Result<Verdict> WriteDiff(std::ostream& out, const ReportOptions& options) {
  auto before = Build(options.diff, options, nullptr);
  if (!before) return before.error();
  auto after = Build(options.paths, options, nullptr);
  if (!after) return after.error();
  ReportFormatNamed(options.format).diff(out, *before, *after, options);
  Verdict verdict;
  for (const Report* report : {&*before, &*after}) {
    for (const std::string& reason : Judge(*report, options).reasons) {
      verdict.Add(report->name + ": " + reason);
    }
  }
  for (const Report* report : {&*before, &*after}) verdict.Doubt(report->trouble);
  return verdict;
}

Result<Verdict> WriteOne(std::ostream& out, const ReportOptions& options) {
  const ReportFormat& format = ReportFormatNamed(options.format);
  MetricHistory history;
  auto report = Build(options.paths, options, format.of_history ? &history : nullptr);
  if (!report) return report.error();
  format.write(out, {*report, history, options});
  Verdict verdict = Judge(*report, options);
  verdict.Doubt(report->trouble);
  return verdict;
}

}  // namespace

int RunReport(const ReportOptions& options) {
  if (const std::string conflict = Conflict(options); !conflict.empty()) {
    return Complain(kUsageError, conflict);
  }
  EndOnInterrupt();
  std::ios::sync_with_stdio(false);
  std::ostream& out = std::cout;
  auto verdict = options.diff.empty() ? WriteOne(out, options) : WriteDiff(out, options);
  if (!verdict) return Complain(kRuntimeError, verdict.error().message());
  out.flush();  // first what was asked for, then why it is bad
  for (const std::string& reason : verdict->reasons) Complain(kOk, reason);
  return verdict->code;
}

}  // namespace kle
