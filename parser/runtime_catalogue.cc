// SPDX-License-Identifier: Apache-2.0
// What container runtimes print at their default level, the kernel lines that tell why a step takes
// long, and what says that lines are missing. Rows are added, never edited: see catalogue.cc.
#include "parser/runtime_catalogue.h"

namespace kle {
namespace {

using enum EventKind;

constexpr CatalogueRow Row(std::string_view message, EventKind kind, std::string_view since,
                           std::string_view meaning) {
  CatalogueRow row{message, kind, 0, since, "", meaning};
  row.source = LogSource::kRuntime;
  return row;
}

// Evidence for steps of that phase; `cause` of the node, or of the container that it names.
constexpr CatalogueRow Evidence(std::string_view message, Phase phase, Reason reason,
                                std::string_view meaning) {
  CatalogueRow row{message, kKernelEvidence, 0, "Linux", "", meaning};
  row.phase = phase;
  row.fallback = reason;
  row.source = LogSource::kKernel;
  return row;
}

// The same, as the runtime found a container that it is to stop.
constexpr CatalogueRow Hangs(std::string_view message, std::string_view since,
                             std::string_view meaning) {
  CatalogueRow row =
      Evidence(message, Phase::kStopContainers, Reason::kRuntimeStopTimeout, meaning);
  row.since = since;
  row.source = LogSource::kRuntime;
  return row;
}

constexpr CatalogueRow Lost(std::string_view message, std::string_view since,
                            std::string_view meaning) {
  CatalogueRow row{message, kLinesLost, 0, since, "", meaning};
  row.source = LogSource::kCollector;
  return row;
}

// clang-format off
constexpr CatalogueRow kRuntimeRows[] = {
    // --- containerd
    Row("RunPodSandbox for {pod_metadata} returns sandbox id {sandbox_id:q}", kRuntimeSandboxStarted, "containerd 1.6", "a pod has a sandbox: which"),
    Row("RunPodSandbox for {pod_metadata:*}", kRuntimeSandboxRequested, "containerd 1.6", "a pod is to get a sandbox, or another one"),
    Row("CreateContainer within sandbox {sandbox_id:q} for {container_metadata} returns container id {container_id:q}", kRuntimeContainerCreated, "containerd 1.6", "a sandbox has a container: which"),
    Row("StartContainer for {container_id:q} returns successfully", kRuntimeContainerStarted, "containerd 1.6", "a container runs"),
    Row("StopContainer for {container_id:q} with timeout {grace} (s)", kRuntimeStopRequested, "containerd 1.6", "a container is to go within that grace: a termination, or a probe's kill"),
    Row("StopContainer for {container_id:q} returns successfully", kRuntimeStopReturned, "containerd 1.6", "the container is gone"),
    Row("StopContainer for {container_id:q} failed", kRuntimeStopReturned, "containerd 1.6", "the stop was given up; the kubelet tells why"),
    Row("Kill container {container_id:q}", kRuntimeSigkill, "containerd 1.6", "SIGKILL: the grace is over"),
    Row("received exit event container_id:{container_id:q}{exit:*}", kRuntimeExited, "containerd 1.7", "a container or a sandbox exited: when and how"),
    Row("received container exit event container_id:{container_id:q}{exit:*}", kRuntimeExited, "containerd 2.0", "a container exited: when and how"),
    Row("received sandbox exit event container_id:{container_id:q}{exit:*}", kRuntimeExited, "containerd 2.0", "a sandbox exited"),
    Row("received sandbox container exit event sandbox_id:{container_id:q}{exit:*}", kRuntimeExited, "containerd 2.0", "a sandbox exited"),
    Row("shim disconnected", kRuntimeShimGone, "containerd 1.6", "the shim of a container or sandbox is gone: a little after the exit"),
    Row("StopPodSandbox for {sandbox_id:q} returns successfully", kRuntimeSandboxStopped, "containerd 1.6", "the sandbox and its network are gone"),
    Row("StopPodSandbox for {sandbox_id:q} failed", kRuntimeSandboxStopFailed, "containerd 1.6", "the sandbox is still there; the kubelet tells why"),
    Row("StopPodSandbox for {sandbox_id:q}", kRuntimeSandboxStopRequested, "containerd 1.6", "a sandbox is to go: the pod ends, gets another sandbox, or is swept up"),
    Row("Container to stop {container_id:q} must be in running or unknown state, current state {_:q}", kRuntimeContainerToStop, "containerd 1.6", "a container of the sandbox just named had gone before"),
    Row("TearDown network for sandbox {sandbox_id:q} successfully", kRuntimeNetworkGone, "containerd 1.6", "the sandbox's network is gone"),
    Row("RemoveContainer for {container_id:q} returns successfully", kRuntimeContainerRemoved, "containerd 1.6", "a dead container is swept up"),
    Row("RemovePodSandbox {sandbox_id:q} returns successfully", kRuntimeSandboxRemoved, "containerd 1.6", "a dead sandbox is swept up"),

    // --- CRI-O: from its sources, not recorded
    Row("Got pod network &{{Name:{pod_name} Namespace:{pod_namespace} ID:{sandbox_id} UID:{uid} NetNS:{_:*}", kRuntimeSandboxRequested, "CRI-O 1.23", "a pod is to get that sandbox, or another one; printed once more when its network goes"),
    Row("Ran pod sandbox {sandbox_id} with infra container: {description:*}", kRuntimeSandboxStarted, "CRI-O 1.23", "a pod has a sandbox: which"),
    Row("Created container {container_id}: {description:*}", kRuntimeContainerCreated, "CRI-O 1.23", "a pod has a container: which"),
    Row("Started container", kRuntimeContainerStarted, "CRI-O 1.23", "a container runs, in which sandbox"),
    Row("Stopping container: {container_id} (timeout: {grace}s)", kRuntimeStopRequested, "CRI-O 1.23", "a container is to go within that grace: a termination, or a probe's kill"),
    Row("Stopping container {container_id} with stop signal{_:*}", kRuntimeSigkill, "CRI-O 1.23", "SIGKILL: the grace is over"),
    Hangs("Detected process ({_}) blocked in uninterruptible sleep for more than {_} seconds for container {container_id}", "CRI-O 1.31", "a process of the container hangs in the kernel, where no signal reaches it"),
    Row("Stopped container {container_id}: {description:*}", kRuntimeStopReturned, "CRI-O 1.23", "the container is gone"),
    Row("Stopping pod sandbox: {sandbox_id}", kRuntimeSandboxStopRequested, "CRI-O 1.23", "a sandbox is to go: the pod ends, gets another sandbox, or is swept up"),
    Row("Stopped pod sandbox: {sandbox_id}", kRuntimeSandboxStopped, "CRI-O 1.23", "the sandbox and its network are gone"),
    Row("Stopped pod sandbox (already stopped): {sandbox_id}", kRuntimeSandboxStopped, "CRI-O 1.23", "the sandbox and its network had gone before"),
    Row("Removed container {container_id}: {description:*}", kRuntimeContainerRemoved, "CRI-O 1.23", "a dead container is swept up"),
    Row("Removed pod sandbox: {sandbox_id}", kRuntimeSandboxRemoved, "CRI-O 1.23", "a dead sandbox is swept up"),

    // --- dockerd: names neither pods nor requests
    Row("Container failed to exit within {detail} of signal {_} - using the force", kRuntimeSigkill, "Docker 20.10", "SIGKILL: the grace is over"),
    Row("Container {container_id} failed to exit within {detail} seconds of signal {_} - using the force", kRuntimeSigkill, "Docker 1.13", "SIGKILL: the grace is over"),
    Row("ignoring event", kRuntimeShimGone, "Docker 20.10", "a container or sandbox exited; nothing else is told of it"),
};

constexpr CatalogueRow kKernelRows[] = {
    Evidence("oom-kill:{_}task_memcg={cgroup},task={_:*}", Phase::kStopContainers, Reason::kOomKilled, "a container was killed for want of memory"),
    Evidence("nfs: server {detail} not responding, {_:*}", Phase::kUnmountVolumes, Reason::kVolumeHung, "an NFS server does not answer: what uses it hangs"),
    Evidence("INFO: task {detail} blocked for more than {_} seconds.{_:*}", Phase::kStopContainers, Reason::kRuntimeStopTimeout, "a process hangs in the kernel, where no signal reaches it"),
    Evidence("audit: type=1400 audit({_}): apparmor=\"DENIED\" operation=\"signal\" {detail:*}", Phase::kStopContainers, Reason::kSignalDenied, "AppArmor keeps the runtime's signal from a container"),
};

constexpr CatalogueRow kCollectorRows[] = {
    Lost("Suppressed {lines} messages from {detail}", "systemd 38", "journald's rate limit dropped lines of that unit"),
    Lost("imjournal: {lines} messages lost due to rate-limiting{_:*}", "rsyslog 7.3", "rsyslog's rate limit dropped lines, of whichever unit"),
};
// clang-format on

}  // namespace

std::span<const CatalogueRow> RuntimeRows() { return kRuntimeRows; }
std::span<const CatalogueRow> KernelRows() { return kKernelRows; }
std::span<const CatalogueRow> CollectorRows() { return kCollectorRows; }

}  // namespace kle
