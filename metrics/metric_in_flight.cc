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

void MetricSet::SetInFlight(const std::vector<InFlightPod>& in_flight) {
  Impl& m = *impl_;
  std::array<double, kPhaseCount> count{};
  std::array<double, kPhaseCount> age{};
  std::map<std::pair<Phase, std::string_view>, double> overdue;
  std::vector<const InFlightPod*> stuck;
  const auto reason_of = [](const Current& current) {
    return current.reason ? Name(*current.reason) : std::string_view();
  };
  for (const InFlightPod& pod : in_flight) {
    const size_t phase = static_cast<size_t>(pod.current.phase);
    count[phase] += 1;
    age[phase] = std::max(age[phase], ToSeconds(pod.current.age));
    if (pod.current.overdue <= Duration::zero()) continue;
    overdue[{pod.current.phase, reason_of(pod.current)}] += 1;
    stuck.push_back(&pod);
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
                           [](const InFlightPod* pod) { return pod->current.age; });
  for (Gauge* gauge : m.stuck_now) m.stuck.Remove(gauge);
  m.stuck_now.clear();
  size_t shown = 0;
  for (const InFlightPod* pod : stuck) {
    if (shown >= kMaxStuck) break;
    if (!IsLabelSafe(pod->namespace_, "-") || !IsLabelSafe(pod->pod, "-.")) continue;
    Gauge& gauge = m.stuck.Add({{"namespace", Text(pod->namespace_)},
                                {"pod", Text(pod->pod)},
                                {"phase", Text(Name(pod->current.phase))},
                                {"reason", Text(reason_of(pod->current))}});
    gauge.Set(ToSeconds(pod->current.age));
    if (std::ranges::find(m.stuck_now, &gauge) == m.stuck_now.end()) m.stuck_now.push_back(&gauge);
    ++shown;
  }
  m.stuck_truncated.Set(static_cast<double>(stuck.size() - shown));
}

}  // namespace kle
