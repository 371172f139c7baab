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
    const std::string_view phase = Name(static_cast<Phase>(i));
    m.terminating.With({phase}).Set(count[i]);
    m.oldest.With({phase}).Set(age[i]);
  }
  m.overdue.RemoveAll();
  for (const auto& [key, pods] : overdue) m.overdue.With({Name(key.first), key.second}).Set(pods);
  std::ranges::stable_sort(stuck, std::ranges::greater{},
                           [](const InFlightPod* pod) { return pod->current.age; });
  m.stuck.RemoveAll();
  size_t shown = 0;
  for (const InFlightPod* pod : stuck) {
    if (shown >= kMaxStuck) break;
    if (!IsLabelSafe(pod->namespace_, "-") || !IsLabelSafe(pod->pod, "-.")) continue;
    m.stuck.With({pod->namespace_, pod->pod, Name(pod->current.phase), reason_of(pod->current)})
        .Set(ToSeconds(pod->current.age));
    ++shown;
  }
  m.stuck_truncated.Only().Set(static_cast<double>(stuck.size() - shown));
}

}  // namespace kle
