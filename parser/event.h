// SPDX-License-Identifier: Apache-2.0
// What one kubelet line tells. Views point into the record: copy what must outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/klog.h"
#include "parser/time.h"
#include "parser/values.h"

namespace kle {

// Closed set; the names are the values of `events_total{event}`. Grouped as a pod's life runs.
enum class EventKind : uint8_t {
  // kubelet process
  kKubeletVersion,
  kKubeletStarted,
  kRuntimeInfo,
  kCgroupDriver,
  kSyncSkipped,
  // delivery by a pod source
  kPodAdded,
  kPodUpdated,
  kPodDeleted,
  kPodRemoved,
  kPodReconciled,
  kPodRejected,
  // startup
  kFirstSync,
  kSandboxNeeded,
  kSandboxCreating,
  kSandboxCreated,
  kContainerCreating,
  kVolumeMountStarted,
  kVolumeMounted,
  kVolumesMounted,
  kContainerNeedsRestart,
  kProbeResult,
  kStartupObserved,
  // container lifecycle manager
  kPlegEvent,
  kPlegTransition,
  kContainerFinished,
  kSandboxFoundDead,
  kSandboxIds,
  kContainerCgroupAdded,
  kContainerCgroupDestroyed,
  // begin of the end
  kTeardownBegun,
  kLifecycleCompleted,
  kTerminationObserved,
  kTerminatingEntered,
  kGraceDecided,
  kEvicted,
  kPreempted,
  kNodeShutdownStarted,
  kNodeShutdownCompleted,
  kShutdownKill,
  // stopping containers and the sandbox
  kPrestopStarted,
  kPrestopCompleted,
  kPrestopTimedOut,
  kPrestopFailed,
  kKillAnnounced,
  kKillStarted,
  kContainerExited,
  kContainerStates,
  kCniTeardownStarted,
  kCniNetworkDeleting,
  kCniNetworkDeleted,
  kContainersStopped,
  kPodTerminated,
  // reclaiming
  kTerminatedEntered,
  kVolumeUndesired,
  kUnmountStarted,
  kUnmounted,
  kDeviceUnmountStarted,
  kDeviceUnmounted,
  kVolumeDetached,
  kVolumesUnmounted,
  kVolumePathsCleaned,
  kCgroupRemoved,
  kWorkerCompleted,
  kStatusGenerating,
  kStatusUpdated,
  kReclaimed,
  kDeletionDelayed,
  kRemovedFromApi,
  kForgotten,
  // orphans
  kOrphanFound,
  kOrphanVolumesRemain,
  kOrphanVolumesCleaned,
  // told by the container runtime's own lines
  kRuntimeSandboxRequested,
  kRuntimeSandboxStarted,
  kRuntimeContainerCreated,
  kRuntimeContainerStarted,
  kRuntimeStopRequested,
  kRuntimeStopReturned,
  kRuntimeSigkill,
  kRuntimeExited,
  kRuntimeShimGone,
  kRuntimeSandboxStopRequested,
  kRuntimeContainerToStop,
  kRuntimeNetworkGone,
  kRuntimeSandboxStopped,
  kRuntimeSandboxStopFailed,
  kRuntimeContainerRemoved,
  kRuntimeSandboxRemoved,
  // told by the kernel's: never more than why something else takes long
  kKernelEvidence,
  // told by who collects the lines
  kLinesLost,
  // what went wrong; the row's phase says where
  kFailure,
  // recorder events, told by their reason
  kRecorded,
  // the error text is a message of its own: looked up again
  kRedirect,
  // proves a verbosity, tells nothing else
  kVerbosity,
};
inline constexpr int kEventKindCount = static_cast<int>(EventKind::kVerbosity) + 1;
std::string_view Name(EventKind kind);

// Seconds that a pod can have been given: nobody waits longer, and arithmetic holds.
constexpr bool IsGrace(int64_t seconds) { return seconds >= 0 && seconds <= 1'000'000'000; }

struct CatalogueRow;

struct Event {
  EventKind kind = EventKind::kVerbosity;
  const CatalogueRow* row = nullptr;
  Timestamp at;
  Severity severity = Severity::kInfo;
  int level = -1;  // verbosity that the line proves: JSON "v", else the row's
  uint64_t pid = 0;
  std::optional<Duration> monotonic;
  uint32_t boot = 0;

  PodRef pod;                     // any part may be empty
  std::vector<PodRef> pods;       // SyncLoop lines
  std::string_view source;        // api, file, http
  std::string_view container;     // name
  std::string_view container_id;  // hex, no scheme
  std::string_view sandbox_id;
  std::vector<std::string_view> sandbox_ids;
  uint64_t lines = 0;  // lost
  std::optional<int64_t> grace_seconds;
  std::optional<int64_t> exit_code;
  std::optional<double> seconds;       // the kubelet's own startup figure
  std::optional<Timestamp> exited_at;  // the runtime's own time of an exit
  std::string_view pleg_type;  // ContainerStarted, ContainerDied, ...; newState of a transition
  std::vector<ContainerState> states;
  std::string_view volume;       // name in the pod's spec
  std::string_view unique_name;  // kubernetes.io/PLUGIN/...
  std::string_view plugin;
  std::string_view error;
  std::string_view reason;  // recorder event's or admission's reason; probe type; runtime's name
  std::string_view
      detail;  // kubelet version, cgroup driver, recorder message, probe or pod status, unit
  std::string_view raw;  // the record's text, for samples

  // Holds a UID that had to be rewritten (cgroup names spell it with underscores).
  std::array<char, 36> uid_buffer;

  // Empties everything, keeps the vectors' memory.
  void Clear();
};

}  // namespace kle
