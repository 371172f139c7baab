// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "exporter/report.h"

namespace kle {
namespace {

// RFC 4180. A leading =, +, - or @ would be a formula to a spreadsheet.
void Put(std::string& row, std::string_view value) {
  row += ',';
  const bool formula = !value.empty() && std::string_view("=+-@").find(value[0]) != value.npos;
  if (!formula && value.find_first_of(",\"\r\n") == value.npos) {
    row += value;
    return;
  }
  row += '"';
  if (formula) row += '\'';
  for (const char c : value) {
    if (c == '"') row += '"';
    row += c;
  }
  row += '"';
}

std::string Seconds(const std::optional<Duration>& duration) {
  if (!duration) return {};
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", ToSeconds(*duration));
  return text;
}

std::string Time(const std::optional<Timestamp>& at) { return at ? FormatTimestamp(*at) : ""; }

std::optional<Duration> DurationOf(const TerminationRecord& record, Phase phase) {
  for (const PhaseSpan& span : record.phases) {
    if (span.phase == phase) return span.duration();
  }
  return std::nullopt;
}

std::string Reasons(const TerminationRecord& record) {
  std::string reasons;
  for (const FailureRecord& failure : record.failures) {
    const std::string_view name = Name(failure.reason);
    if (reasons.find(name) != std::string::npos) continue;
    if (!reasons.empty()) reasons += ' ';
    reasons += name;
  }
  return reasons;
}

}  // namespace

void WriteReportCsv(std::ostream& out, const Report& report) {
  std::string text =
      "namespace,pod,uid,trigger,outcome,state,requested_at,terminated_at,reclaimed_at,removed_at,"
      "termination_seconds,reclaim_seconds,deletion_seconds,termination_precision,"
      "grace_granted_seconds,grace_used_seconds,grace_exceeded";
  for (int i = 0; i < kPhaseCount; ++i) {
    text.append(",").append(Name(static_cast<Phase>(i))).append("_seconds");
  }
  out << text << ",failure_reasons,stuck\n";
  for (const RecordPtr& one : report.terminations) {
    const TerminationRecord& record = *one;
    std::string row;
    for (const std::string_view value :
         {std::string_view(record.namespace_), std::string_view(record.pod),
          std::string_view(record.uid), Name(record.trigger), Name(record.outcome),
          Name(record.state)}) {
      Put(row, value);
    }
    for (const auto& at :
         {record.requested_at, record.terminated_at, record.reclaimed_at, record.removed_at}) {
      Put(row, Time(at));
    }
    for (const auto& duration : {record.termination(), record.reclaim(), record.deletion()}) {
      Put(row, Seconds(duration));
    }
    Put(row, Name(record.termination_precision));
    Put(row, record.grace_granted ? std::to_string(*record.grace_granted) : "");
    Put(row, Seconds(record.grace_used));
    Put(row, record.grace_exceeded ? "true" : "false");
    for (int i = 0; i < kPhaseCount; ++i) {
      Put(row, Seconds(DurationOf(record, static_cast<Phase>(i))));
    }
    Put(row, Reasons(record));
    Put(row, IsStuck(record) ? "true" : "false");
    out << std::string_view(row).substr(1) << '\n';
  }
}

}  // namespace kle
