// SPDX-License-Identifier: Apache-2.0
#include "metrics/failure_kind.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "parser/catalogue.h"

namespace kle {
namespace {

// What "Error syncing pod, skipping" was about; first match wins, nothing: not our business.
struct SyncErrorPhase {
  std::string_view needle;
  Phase phase;
};
constexpr SyncErrorPhase kSyncErrorPhases[] = {
    {"KillContainer", Phase::kStopContainers},
    {"KillPodSandbox", Phase::kStopSandbox},
    {"unmounted volumes=", Phase::kDispatch},
    {"mounted volumes=", Phase::kUnmountVolumes},
    {"delete cgroup paths", Phase::kRemoveCgroup},
    {"processes attached to", Phase::kRemoveCgroup},
    {"unprepare dynamic resources", Phase::kStopSandbox},
    {"prior to final pod termination", Phase::kStopSandbox},  // 1.36: it has no line of its own
    {"ImagePull", Phase::kDispatch},
};

// The steps of an unmount, as its errors begin.
constexpr std::string_view kUnmounting[] = {
    "nmount", "nmap", "cleaning subPath", "GetDeviceMountRefs", "PathIsDevice", "DeviceOpened"};
constexpr size_t kStepBytes = 64;

std::optional<Phase> PhaseOf(const Event& event) {
  const Phase phase = event.row->phase;
  if (phase == Phase::kDispatch) {
    const auto* found = std::ranges::find_if(kSyncErrorPhases, [&event](const SyncErrorPhase& row) {
      return event.error.find(row.needle) != std::string_view::npos;
    });
    if (found == std::end(kSyncErrorPhases)) return {};
    return found->phase;
  }
  // One row takes a volume's mount and its unmount: only the error tells.
  if (phase == Phase::kUnmountVolumes && !event.unique_name.empty()) {
    const std::string_view step = event.error.substr(0, event.error.find(" for volume "));
    const bool unmount = std::ranges::any_of(kUnmounting, [step](std::string_view needle) {
      return step.substr(0, kStepBytes).find(needle) != std::string_view::npos;
    });
    if (!unmount) return Phase::kDispatch;
  }
  return phase;
}

}  // namespace

std::optional<FailureKind> KindOfFailure(const Event& event) {
  const auto phase = PhaseOf(event);
  if (!phase) return {};
  const Reason reason = ClassifyFailure(event.error, *phase);
  return FailureKind{*phase, reason == Reason::kOther ? event.row->fallback : reason};
}

}  // namespace kle
