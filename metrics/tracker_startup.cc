// SPDX-License-Identifier: Apache-2.0
// How a pod starts: each step is observed once in a pod's life, as soon as a line ends it.
#include "metrics/tracker_impl.h"

namespace kle {

// The steps, as values of the `phase` label of pod_startup_phase_duration_seconds:
//
//   volumes      SyncLoop ADD to all volumes mounted (-v 3)
//   sandbox      "No sandbox ..." to the sandbox created (-v 4), else to the first start of PLEG's
//   image_pull   Pulling to Pulled, each pull (-v 3)
//   containers   SyncLoop ADD to the first container running (event Started at -v 3, else PLEG)
//   ready        SyncLoop ADD to ready (readiness probe's result, -v 1)
//   total        the kubelet's own figure, creation to running (-v 0, since 1.26)
void Tracker::Impl::Observed(PodFacts& pod, StartupStep step, std::optional<Timestamp> from,
                             Timestamp to) {
  constexpr std::string_view kNames[] = {"volumes", "sandbox", "containers", "ready", "total"};
  bool& done = pod.startup.done[static_cast<size_t>(step)];
  if (done || !from || to < *from) return;
  done = true;
  metrics.ObserveStartup(kNames[static_cast<size_t>(step)], to - *from);
}

void Tracker::Impl::OnStartup(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr || pod->termination || pod->ended) return;
  StartupFacts& startup = pod->startup;
  switch (event.kind) {
    case EventKind::kVolumesMounted:
      Observed(*pod, StartupStep::kVolumes, startup.added_at, event.at);
      return;
    case EventKind::kSandboxNeeded:
      if (!startup.sandbox_needed_at) startup.sandbox_needed_at = event.at;
      pod->sandbox_due = AnyAlive(*pod);
      return;
    case EventKind::kSandboxCreated:
      Observed(*pod, StartupStep::kSandbox, startup.sandbox_needed_at, event.at);
      return;
    case EventKind::kPlegEvent:
      if (event.pleg_type != "ContainerStarted") return;
      Observed(*pod, StartupStep::kSandbox, startup.sandbox_needed_at, event.at);
      // The sandbox is one of them.
      if (++startup.starts_seen == 2)
        Observed(*pod, StartupStep::kContainers, startup.added_at, event.at);
      return;
    case EventKind::kProbeResult:
      if (event.reason == "readiness" && event.detail == "ready") {
        Observed(*pod, StartupStep::kReady, startup.added_at, event.at);
      }
      return;
    case EventKind::kStartupObserved:
      if (event.seconds && *event.seconds >= 0) {
        Observed(*pod, StartupStep::kTotal, event.at - FromSeconds(*event.seconds), event.at);
      }
      return;
    case EventKind::kRecorded:
      if (event.reason == "Pulling") {
        startup.pulling_at = event.at;
      } else if (event.reason == "Pulled" && startup.pulling_at) {
        if (event.at >= *startup.pulling_at) {
          metrics.ObserveStartup("image_pull", event.at - *startup.pulling_at);
        }
        startup.pulling_at.reset();
      } else if (event.reason == "Started") {
        Observed(*pod, StartupStep::kContainers, startup.added_at, event.at);
      }
      return;
    default:
      return;
  }
}

// For a pod that is deleted before it has started.
void Tracker::Impl::OnStartTrouble(const Event& event) {
  PodFacts* pod = PodOf(event, false);
  if (pod == nullptr) return;
  if (event.reason == "FailedMount") {
    pod->mount_failed_at = event.at;
  } else if (event.reason == "Failed" || event.reason == "BackOff") {
    if (event.detail.find("image") != std::string_view::npos) pod->pull_failed_at = event.at;
  } else if (event.reason == "Pulled") {
    pod->pull_failed_at.reset();
  }
}

}  // namespace kle
