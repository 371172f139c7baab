// SPDX-License-Identifier: Apache-2.0
#include "exporter/report_filter.h"

#include <string>
#include <string_view>

#include "exporter/report_build.h"

namespace kle {
namespace {

std::string Given(const ReportOptions& options) {
  std::string text;
  const auto add = [&](std::string_view flag, const std::string& value) {
    text.append(text.empty() ? "" : " ").append(flag);
    if (!value.empty()) text.append("=").append(value);
  };
  if (!options.namespace_.empty()) add("--namespace", options.namespace_);
  if (!options.pod.empty()) add("--pod", options.pod);
  if (options.stuck_only) add("--stuck-only", "");
  if (options.since) add("--since", options.since->text);
  if (options.until) add("--until", options.until->text);
  return text;
}

}  // namespace

void Filter(const ReportOptions& options, Report& report) {
  report.filters = Given(options);
  if (report.filters.empty()) return;
  const auto since = Resolve(options.since, report);
  const auto until = Resolve(options.until, report);
  report.left_out = std::erase_if(report.terminations, [&](const RecordPtr& one) {
    const TerminationRecord& record = *one;
    if (options.stuck_only && !IsStuck(record)) return true;
    if (!options.namespace_.empty() && record.namespace_ != options.namespace_) return true;
    if (!options.pod.empty() && !record.pod.starts_with(options.pod)) return true;
    const auto end = EndOf(record);
    if (since && record.state != State::kInFlight && end && *end < *since) return true;
    return until && BeginOf(record) > *until;
  });
  report.summary = Summarize(report.terminations, report.source);
}

}  // namespace kle
