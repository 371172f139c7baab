// SPDX-License-Identifier: Apache-2.0
// The gauges of what is in flight.
#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "metrics/metric_set_impl.h"

namespace kle {
namespace {

constexpr size_t kMaxStuck = 20;

}  // namespace

void MetricSet::SetInFlight(const std::vector<TerminationRecord>& in_flight) {
  Impl& m = *impl_;
  std::array<double, kPhaseCount> count{};
  std::array<double, kPhaseCount> age{};
  std::map<std::pair<Phase, std::string_view>, double> overdue;
  std::vector<const TerminationRecord*> stuck;
  const auto reason_of = [](const Current& current) {
    return current.reason ? Name(*current.reason) : std::string_view();
  };
  for (const TerminationRecord& record : in_flight) {
    if (!record.current) continue;
    const size_t phase = static_cast<size_t>(record.current->phase);
    count[phase] += 1;
    age[phase] = std::max(age[phase], ToSeconds(record.current->age));
    if (record.current->overdue <= Duration::zero()) continue;
    overdue[{record.current->phase, reason_of(*record.current)}] += 1;
    stuck.push_back(&record);
  }
  for (size_t i = 0; i < count.size(); ++i) {
    m.terminating_by[i]->Set(count[i]);
    m.oldest_by[i]->Set(age[i]);
  }
  for (Gauge* gauge : m.overdue_now) m.overdue.Remove(gauge);
  m.overdue_now.clear();
  for (const auto& [key, pods] : overdue) {
    Gauge& gauge = m.overdue.Add({{"phase", Text(Name(key.first))}, {"reason", Text(key.second)}});
    gauge.Set(pods);
    m.overdue_now.push_back(&gauge);
  }
  std::ranges::stable_sort(stuck, std::ranges::greater{},
                           [](const TerminationRecord* record) { return record->current->age; });
  for (Gauge* gauge : m.stuck_now) m.stuck.Remove(gauge);
  m.stuck_now.clear();
  size_t shown = 0;
  for (const TerminationRecord* record : stuck) {
    if (shown >= kMaxStuck) break;
    if (!IsLabelSafe(record->namespace_, "-") || !IsLabelSafe(record->pod, "-.")) continue;
    Gauge& gauge = m.stuck.Add({{"namespace", record->namespace_},
                                {"pod", record->pod},
                                {"phase", Text(Name(record->current->phase))},
                                {"reason", Text(reason_of(*record->current))}});
    gauge.Set(ToSeconds(record->current->age));
    if (std::ranges::find(m.stuck_now, &gauge) == m.stuck_now.end()) m.stuck_now.push_back(&gauge);
    ++shown;
  }
  m.stuck_truncated.Set(static_cast<double>(stuck.size() - shown));
}

}  // namespace kle
