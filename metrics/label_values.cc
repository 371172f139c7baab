// SPDX-License-Identifier: Apache-2.0
#include "metrics/label_values.h"

#include "metrics/coverage.h"
#include "metrics/gap.h"
#include "metrics/termination.h"
#include "parser/event.h"
#include "parser/frame.h"
#include "parser/reason.h"

namespace kle {
namespace {

using Values = std::vector<std::string_view>;

template <typename Enum, int kCount>
Values All() {
  Values values;
  for (int i = 0; i < kCount; ++i) values.push_back(Name(static_cast<Enum>(i)));
  return values;
}

Values SignalNames() {
  Values values;
  for (const Signal& signal : Signals()) values.push_back(signal.name);
  return values;
}

// The first row that fits decides; "": every metric that has the label.
struct Row {
  std::string_view metric;
  std::string_view label;
  Values (*values)();
};
constexpr Row kRows[] = {
    {"pod_startup_phase_duration_seconds", "phase", [] { return Values{}; }},
    {"", "phase", All<Phase, kPhaseCount>},
    {"prestop_hook_duration_seconds", "outcome",
     [] {
       return Values{"completed", "timeout", "failed"};
     }},
    {"", "outcome", All<Outcome, kOutcomeCount>},
    {"", "trigger", All<Trigger, kTriggerCount>},
    {"", "precision", All<Precision, kPrecisionCount>},
    {"", "signal", SignalNames},
    {"", "format", All<LineFormat, int{kLineFormatCount}>},
    {"", "event", All<EventKind, kEventKindCount>},
    {"node_shutdowns_total", "result",
     [] {
       return Values{"started", "completed"};
     }},
    {"trace_exports_total", "result",
     [] {
       return Values{"sent", "failed", "dropped"};
     }},
    {"", "operation",
     [] {
       return Values{"unmount", "unmount_device"};
     }},
    {"", "list",
     [] {
       return Values{"containers", "volumes", "failures"};
     }},
    {"journal_gaps_total", "reason", All<GapReason, kGapReasonCount>},
    {"tracker_evictions_total", "reason",
     [] {
       return Values{"evicted", "expired"};
     }},
    {"parse_errors_total", "reason", [] { return Values{}; }},
    {"state_rejected_total", "reason", [] { return Values{}; }},
    {"journal_files_unreadable", "reason", [] { return Values{}; }},
    {"", "reason", All<Reason, kReasonCount>},
};

}  // namespace

std::vector<std::string_view> LabelValues(std::string_view metric, std::string_view label) {
  for (const Row& row : kRows) {
    if (row.label == label && (row.metric.empty() || row.metric == metric)) return row.values();
  }
  return {};
}

}  // namespace kle
