// SPDX-License-Identifier: Apache-2.0
#include "parser/event.h"

#include <array>

namespace kle {
namespace {

constexpr std::array<std::string_view, kEventKindCount> kNames = {
    "kubelet_version",
    "kubelet_started",
    "runtime_info",
    "cgroup_driver",
    "sync_skipped",
    "pod_added",
    "pod_updated",
    "pod_deleted",
    "pod_removed",
    "pod_reconciled",
    "pod_rejected",
    "first_sync",
    "sandbox_needed",
    "sandbox_creating",
    "sandbox_created",
    "container_creating",
    "volume_mount_started",
    "volume_mounted",
    "volumes_mounted",
    "container_needs_restart",
    "probe_result",
    "startup_observed",
    "pleg_event",
    "pleg_transition",
    "container_finished",
    "sandbox_found_dead",
    "sandbox_ids",
    "container_cgroup_added",
    "container_cgroup_destroyed",
    "teardown_begun",
    "lifecycle_completed",
    "termination_observed",
    "terminating_entered",
    "grace_decided",
    "evicted",
    "preempted",
    "node_shutdown_started",
    "node_shutdown_completed",
    "shutdown_kill",
    "prestop_started",
    "prestop_completed",
    "prestop_timed_out",
    "prestop_failed",
    "kill_announced",
    "kill_started",
    "container_exited",
    "container_states",
    "cni_teardown_started",
    "cni_network_deleting",
    "cni_network_deleted",
    "containers_stopped",
    "pod_terminated",
    "terminated_entered",
    "volume_undesired",
    "unmount_started",
    "unmounted",
    "device_unmount_started",
    "device_unmounted",
    "volume_detached",
    "volumes_unmounted",
    "volume_paths_cleaned",
    "cgroup_removed",
    "worker_completed",
    "status_generating",
    "status_updated",
    "reclaimed",
    "deletion_delayed",
    "removed_from_api",
    "forgotten",
    "orphan_found",
    "orphan_volumes_remain",
    "orphan_volumes_cleaned",
    "runtime_sandbox_requested",
    "runtime_sandbox_started",
    "runtime_container_created",
    "runtime_container_started",
    "runtime_stop_requested",
    "runtime_stop_returned",
    "runtime_sigkill",
    "runtime_exited",
    "runtime_shim_gone",
    "runtime_sandbox_stop_requested",
    "runtime_container_to_stop",
    "runtime_network_gone",
    "runtime_sandbox_stopped",
    "runtime_sandbox_stop_failed",
    "runtime_container_removed",
    "runtime_sandbox_removed",
    "kernel_evidence",
    "lines_lost",
    "failure",
    "recorded",
    "unhandled_error",
    "verbosity",
};
static_assert(kNames.back() == "verbosity");

}  // namespace

std::string_view Name(EventKind kind) { return kNames[static_cast<size_t>(kind)]; }

void Event::Clear() {
  // The vectors keep their memory: an event must cost no allocation.
  pods.clear();
  sandbox_ids.clear();
  states.clear();
  kind = EventKind::kVerbosity;
  row = nullptr;
  at = Timestamp{};
  severity = Severity::kInfo;
  level = -1;
  pid = 0;
  monotonic.reset();
  boot = 0;
  pod = PodRef{};
  source = container = container_id = sandbox_id = {};
  lines = 0;
  grace_seconds.reset();
  exit_code.reset();
  seconds.reset();
  exited_at.reset();
  pleg_type = volume = unique_name = plugin = {};
  error = reason = detail = raw = {};
}

}  // namespace kle
