// SPDX-License-Identifier: Apache-2.0
// To teach a new cause: add a row to kTable (and, for a new reason, one to reasons.def). The first
// row that matches wins, so the specific stands above the general.
#include "parser/reason.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <iterator>

namespace kle {
namespace {

using enum Reason;
using enum Phase;

constexpr auto kAny = std::nullopt;

constexpr ReasonRow kTable[] = {
    // Harmless: the container or sandbox had gone before it could be stopped.
    {kAlreadyGone, kStopContainers, "no such container", "",
     "rpc error: code = Unknown desc = Error response from daemon: No such container: dc18bc33",
     "recorded, 1.23 docker"},
    {kAlreadyGone, kStopContainers, "code = notfound", "",
     "rpc error: code = NotFound desc = an error occurred when try to find container \"5dde\": "
     "not found",
     "recorded, 1.32 containerd"},
    {kAlreadyGone, kStopContainers, "id does not exist", "",
     "rpc error: code = Unknown desc = could not find container \"ab12\": container with ID "
     "starting with ab12 not found: ID does not exist",
     "CRI-O"},
    {kAlreadyGone, kStopSandbox, "code = notfound", "",
     "rpc error: code = NotFound desc = could not find sandbox", "kubelet 1.21, 1.22"},

    // The network plugin comes before everything that its message may quote.
    {kCniTeardown, kAny, "failed to destroy network for sandbox", "",
     "rpc error: code = Unknown desc = failed to destroy network for sandbox \"ab12\": plugin "
     "type=\"bridge\" failed (delete): dial tcp 10.89.0.2:4001: connect: connection refused",
     "recorded, containerd"},
    {kCniTeardown, kAny, "failed to destroy network for pod sandbox", "",
     "rpc error: code = Unknown desc = failed to destroy network for pod sandbox "
     "k8s_web_shop_u_0(ab12): network \"multus-cni-network\" requested interface name \"eth0\" "
     "already assigned",
     "multus#669, CRI-O"},
    {kCniTeardown, kAny, "failed to teardown pod", "",
     "rpc error: code = Unknown desc = networkPlugin cni failed to teardown pod \"web_default\" "
     "network: failed to delete endpoint",
     "recorded, dockershim"},
    {kCniTeardown, kAny, "plugin type=", "failed (delete)",
     "plugin type=\"calico\" failed (delete): error getting ClusterInformation", "calico#5712"},
    {kCniTeardown, kStopSandbox, "netns", "", "failed to remove netns: remove /var/run/netns/cni-1",
     "containerd"},

    {kShutdownTimeout, kAny, "pod killing time out", "", "Shutdown manager pod killing time out",
     "k#110755"},
    {kEvictionTimeout, kAny, "timed out waiting for pods to be cleaned up", "",
     "Eviction manager: timed out waiting for pods to be cleaned up", "eviction_manager.go"},
    {kPlegUnhealthy, kAny, "pleg is not healthy", "",
     "PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s", "k#61117"},
    {kDraUnprepare, kAny, "unprepare dynamic resources", "",
     "unprepare dynamic resources: failed to unprepare claim", "k#139772"},

    // A CSI driver's socket is none of the runtime's.
    {kCsiError, kUnmountVolumes, "kubernetes.io/csi", "code = unavailable",
     "kubernetes.io/csi: Unmounter.TearDownAt failed: rpc error: code = Unavailable desc = "
     "connection error: desc = \"transport: Error while dialing: dial unix "
     "/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock: connect: connection refused\"",
     "csi_mounter.go"},

    // The runtime's socket is gone.
    {kRuntimeDown, kAny, "cannot connect to the docker daemon", "",
     "Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon "
     "running?",
     "recorded"},
    {kRuntimeDown, kAny, "code = unavailable", "containerd.sock",
     "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while "
     "dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"",
     "recorded"},
    {kRuntimeDown, kStopContainers, "code = unavailable", "",
     "rpc error: code = Unavailable desc = error reading from server: EOF", "recorded"},
    {kRuntimeDown, kStopSandbox, "code = unavailable", "",
     "rpc error: code = Unavailable desc = error reading from server: EOF", "recorded"},
    {kRuntimeDown, kAny, "error while dialing", ".sock",
     "transport: Error while dialing: dial unix /var/run/crio/crio.sock", "recorded"},
    {kRuntimeDown, kStopContainers, ".sock: connect:", "",
     "Cannot kill container ab12: connection error: desc = \"transport: dial unix "
     "/var/run/docker/containerd/docker-containerd.sock: connect: connection refused\": unknown",
     "Docker 18.06"},
    {kRuntimeDown, kStopSandbox, ".sock: connect:", "",
     "Cannot kill container ab12: connection error: desc = \"transport: dial unix "
     "/var/run/docker/containerd/docker-containerd.sock: connect: connection refused\": unknown",
     "Docker 18.06"},
    {kRuntimeDown, kStopContainers, "grpc: the connection is unavailable", "",
     "Cannot kill container ab12: rpc error: code = 14 desc = grpc: the connection is unavailable",
     "Docker 17.03"},
    {kRuntimeDown, kStopSandbox, "grpc: the connection is unavailable", "",
     "Cannot kill container ab12: rpc error: code = 14 desc = grpc: the connection is unavailable",
     "Docker 17.03"},
    {kRuntimeDown, kAny, "transport is closing", "", "rpc error: transport is closing", "recorded"},
    {kRuntimeDown, kAny, "ttrpc: closed", "", "ttrpc: closed: unknown", "containerd#8847"},
    {kRuntimeDown, kAny, "ttrpc: client shutting down", "",
     "ttrpc: client shutting down: read unix @->@/containerd-shim/moby/ab12/shim.sock: read: "
     "connection reset by peer: unknown",
     "Docker 18.09, 19.03"},
    {kRuntimeDown, kAny, "container runtime is down", "", "container runtime is down", "recorded"},
    {kRuntimeDown, kAny, "container runtime not ready", "",
     "container runtime not ready: RuntimeReady=false reason:DockerDaemonNotReady", "recorded"},
    {kRuntimeDown, kStopContainers, "server is not initialized yet", "",
     "rpc error: code = Unknown desc = server is not initialized yet", "containerd starting"},
    {kRuntimeDown, kStopSandbox, "server is not initialized yet", "",
     "rpc error: code = Unknown desc = server is not initialized yet", "containerd starting"},

    // The runtime is there but cannot stop what it was asked to.
    {kSignalDenied, kAny, "unable to signal init", "permission denied",
     "unable to signal init: permission denied", "runc#4281"},
    {kSignalDenied, kAny, "signaling init process", "permission denied",
     "unknown error after kill: runc did not terminate sucessfully: container_linux.go:388: "
     "signaling init process caused \"permission denied\": unknown",
     "runc before 1.0"},
    {kSignalDenied, kStopContainers, "operation not permitted", "",
     "failed to kill container: operation not permitted", "containerd#10542"},
    {kSandboxStopTimeout, kStopSandbox, "deadlineexceeded", "",
     "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "containerd#7790"},
    {kSandboxStopTimeout, kStopSandbox, "context deadline exceeded", "",
     "failed to stop sandbox: context deadline exceeded", "containerd#7790"},
    {kRuntimeStopTimeout, kStopContainers, "deadlineexceeded", "",
     "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "containerd#10755"},
    {kRuntimeStopTimeout, kStopContainers, "context deadline exceeded", "",
     "failed to stop container: context deadline exceeded", "containerd#10755"},
    {kRuntimeStopTimeout, kStopContainers, "to be killed", "",
     "an error occurs during waiting for container \"ab12\" to be killed: wait container",
     "containerd#11133"},
    {kRuntimeStopTimeout, kStopContainers, "operation timeout", "",
     "rpc error: code = Unknown desc = operation timeout: context", "dockershim"},
    {kSandboxStopTimeout, kStopSandbox, "operation timeout", "",
     "rpc error: code = Unknown desc = operation timeout: context", "dockershim"},
    {kRuntimeStopTimeout, kStopContainers, "did not receive an exit event", "",
     "Error response from daemon: cannot stop container: ab12: tried to kill container, but did "
     "not receive an exit event",
     "Docker 20.10"},
    {kSandboxStopTimeout, kStopSandbox, "did not receive an exit event", "",
     "Error response from daemon: cannot stop container: ab12: tried to kill container, but did "
     "not receive an exit event",
     "Docker 20.10"},
    {kRuntimeStopTimeout, kStopContainers, "timeout reached", "",
     "rpc error: code = Unknown desc = failed to get container stopped status: 120s timeout "
     "reached",
     "cri-o#7053"},
    {kSandboxStopTimeout, kStopSandbox, "timeout reached", "",
     "rpc error: code = Unknown desc = failed to stop infra container for pod sandbox ab12: failed "
     "to get container stopped status: 120s timeout reached",
     "cri-o#7053"},
    // The server's end of the same deadline, a moment before the kubelet's own.
    {kRuntimeStopTimeout, kStopContainers, "terminated by rst_stream", "",
     "rpc error: code = Canceled desc = stream terminated by RST_STREAM with error code: CANCEL",
     "grpc-go"},
    {kSandboxStopTimeout, kStopSandbox, "terminated by rst_stream", "",
     "rpc error: code = Canceled desc = stream terminated by RST_STREAM with error code: CANCEL",
     "grpc-go"},
    {kKubeletRestart, kStopContainers, "code = canceled", "",
     "rpc error: code = Canceled desc = context canceled", "recorded, kubelet stopped mid-call"},
    {kKubeletRestart, kStopSandbox, "code = canceled", "",
     "rpc error: code = Canceled desc = context canceled", "recorded, kubelet stopped mid-call"},

    // Hooks.
    {kPrestopTimeout, kPrestop, "not completed in grace period", "",
     "PreStop hook not completed in grace period", "k#117373"},
    {kPrestopTimeout, kPrestop, "did not complete in", "",
     "preStop hook for container \"docker://ab\" did not complete in 30 seconds", "1.20"},

    // Volumes.
    {kMountPending, kAny, "unmounted volumes=", "",
     "unmounted volumes=[broken], unattached volumes=[]: timed out waiting for the condition",
     "recorded"},
    {kVolumeWaitTimeout, kAny, "mounted volumes=", "timed out",
     "mounted volumes=[data kube-api-access-x]: timed out waiting for the condition", "k#113091"},
    {kVolumeWaitTimeout, kAny, "mounted volumes=", "deadline",
     "mounted volumes=[data]: context deadline exceeded", "k#113091, 1.29+"},
    {kMountPending, kDispatch, "not registered", "",
     "MountVolume.SetUp failed for volume \"config\" : object \"default\"/\"cm\" not registered",
     "recorded; k#113289"},
    {kMountPending, kDispatch, "waitforattachandmount", "", "WaitForAttachAndMount failed",
     "k#100219"},
    {kMountPending, kDispatch, "mountvolume", "",
     "MountVolume.SetUp failed for volume \"broken\" : mount failed: exit status 32", "recorded"},
    {kFuseDisconnected, kAny, "transport endpoint is not connected", "",
     "stat /var/lib/kubelet/pods/u/volumes/x: transport endpoint is not connected", "k#96361"},
    {kVolumeHung, kAny, "stale nfs file handle", "", "stat /mnt: stale NFS file handle", "k#31272"},
    {kVolumeHung, kAny, "stale file handle", "", "lstat /mnt: stale file handle", "k#71584"},
    {kVolumeHung, kUnmountVolumes, "host is down", "",
     "kubernetes.io/csi: mounter.TearDownAt failed to clean mount dir [/x/mount]: stat /x/mount: "
     "host is down",
     "k#101398"},
    {kVolumeHung, kUnmountVolumes, "input/output error", "", "lstat /mnt: input/output error",
     "k#31272"},
    {kDeviceInUse, kAny, "still mounted by other references", "",
     "device mount path \"/mnt\" is still mounted by other references [/a /b]", "k#122342"},
    {kDeviceInUse, kUnmountVolumes, "is still in use", "", "device is still in use", "k#122342"},
    {kDeviceInUse, kUnmountVolumes, "the device is in use", "",
     "the device is in use when it was no longer expected to be in use", "operation_generator.go"},
    {kDeviceInUse, kUnmountVolumes, "mounted at other path", "", "it is mounted at other path",
     "k#122342"},
    {kVolumeBusy, kUnmountVolumes, "target is busy", "",
     "UnmountVolume.TearDown failed: exit status 32\nOutput: umount: /x: target is busy.",
     "recorded; k#65110"},
    {kVolumeBusy, kUnmountVolumes, "resource busy", "",  // musl says no more
     "unlinkat /x: device or resource busy", "k#113426"},
    {kVolumeBusy, kUnmountVolumes, "device is busy", "", "umount: /x: device is busy", "k#65110"},
    {kCsiMetadataLost, kUnmountVolumes, "vol_data.json", "",
     "UnmountVolume.NewUnmounter failed: open /x/vol_data.json: no such file or directory",
     "k#85280"},
    {kVolumeHung, kUnmountVolumes, "already in progress", "",
     "rpc error: code = Internal desc = operation already in progress", "k#123960"},
    {kVolumeHung, kUnmountVolumes, "code = aborted", "",
     "rpc error: code = Aborted desc = an operation with the given Volume ID already exists",
     "k#123960"},
    {kCsiError, kUnmountVolumes, "not found in the list of registered csi drivers", "",
     "driver name ebs.csi.aws.com not found in the list of registered CSI drivers", "k#77969"},
    {kVolumeHung, kUnmountVolumes, "code = deadlineexceeded", "",
     "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "k#123960"},
    {kCsiError, kUnmountVolumes, "rpc error: code =", "",
     "rpc error: code = Internal desc = could not unmount", "trident#572"},
    {kCsiError, kUnmountVolumes, "failed to clean mount dir", "",
     "kubernetes.io/csi: Unmounter.TearDownAt failed to clean mount dir [/x/mount]: "
     "kubernetes.io/csi: failed to remove dir [/x/mount]: remove /x/mount: directory not empty",
     "csi_mounter.go"},

    {kOrphanVolumes, kAny, "volume paths are still present on disk", "",
     "Orphaned pod \"u\" found, but volume paths are still present on disk", "k#60987"},
    {kOrphanVolumes, kAny, "orphaned pod", "",
     "orphaned pod \"u\" found, but error not a directory occurred", "k#134075"},

    // The end.
    {kCgroupBusy, kAny, "failed to delete cgroup paths", "",
     "failed to delete cgroup paths for [kubepods pod1] : unable to destroy cgroup paths",
     "k#97497"},
    {kCgroupBusy, kAny, "processes attached to", "",
     "failed to kill all the processes attached to the [kubepods pod1] cgroups : os: process "
     "already finished",
     "pod_container_manager_linux.go"},
    {kPullBlocked, kDispatch, "imagepullbackoff", "",
     "failed to \"StartContainer\" for \"app\" with ImagePullBackOff", "k#121435"},
    {kPullBlocked, kDispatch, "errimagepull", "",
     "failed to \"StartContainer\" for \"app\" with ErrImagePull", "k#121435"},

    // What no row above knows better.
    {kRuntimeError, kStopContainers, "rpc error: code =", "",
     "rpc error: code = Unknown desc = failed to kill container \"ab12\": unknown error after "
     "kill: runc did not terminate successfully: exit status 255: unknown",
     "containerd"},
    {kRuntimeError, kStopSandbox, "rpc error: code =", "",
     "rpc error: code = Unknown desc = failed to stop infra container for pod sandbox ab12: failed "
     "to unmount container ab12: removing mount point \"/var/lib/containers/storage/overlay/x/"
     "merged\": device or resource busy",
     "CRI-O"},
};

constexpr std::array<std::string_view, kPhaseCount> kPhaseNames = {
    "dispatch",        "prestop",       "stop_containers", "stop_sandbox",
    "unmount_volumes", "remove_cgroup", "update_status",   "remove_from_api",
};

constexpr ReasonInfo kInfos[kReasonCount] = {
#define KLE_REASON(reason, name, meaning, hint) {name, meaning, hint},
#include "parser/reasons.def"
};

// The table's texts by their first four letters, of which each place of an error is looked up once.
constexpr size_t kLetters = 4;
constexpr size_t kRows = std::size(kTable);
static_assert(2 * kRows < 256);
static_assert(std::ranges::all_of(kTable, [](const ReasonRow& row) {
  return row.needle.size() >= kLetters && (row.also.empty() || row.also.size() >= kLetters);
}));

constexpr size_t Slot(const char* letters) {
  uint32_t word = 0;
  for (size_t i = 0; i < kLetters; ++i) {
    word |= uint32_t{static_cast<unsigned char>(letters[i])} << (8 * i);
  }
  return ((word | 0x20202020) * 0x9E3779B1) >> 22;  // of either case
}

// The n-th row's needle, and from kRows on what it also needs.
constexpr std::string_view TextOf(size_t n) {
  return n < kRows ? kTable[n].needle : kTable[n - kRows].also;
}

struct TextIndex {
  std::array<uint8_t, 1024> first{};      // of a slot's texts, from 1
  std::array<uint8_t, 2 * kRows> next{};  // another one of the same slot
};

constexpr TextIndex kTexts = [] {
  TextIndex index;
  for (size_t n = 0; n < 2 * kRows; ++n) {
    if (TextOf(n).empty()) continue;
    uint8_t& first = index.first[Slot(TextOf(n).data())];
    index.next[n] = first;
    first = static_cast<uint8_t>(n + 1);
  }
  return index;
}();

bool StartsWithIgnoreCase(std::string_view text, std::string_view lower) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  };
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(),
                    [&](char expected, char found) { return same(found, expected); });
}

std::bitset<2 * kRows> TextsIn(std::string_view error) {
  std::bitset<2 * kRows> texts;
  for (size_t at = 0; at + kLetters <= error.size(); ++at) {
    for (size_t n = kTexts.first[Slot(error.data() + at)]; n != 0; n = kTexts.next[n - 1]) {
      if (StartsWithIgnoreCase(error.substr(at), TextOf(n - 1))) texts.set(n - 1);
    }
  }
  return texts;
}

}  // namespace

std::string_view Name(Phase phase) { return kPhaseNames[static_cast<size_t>(phase)]; }

std::string_view Name(Reason reason) { return Info(reason).name; }

std::span<const ReasonRow> ReasonTable() { return kTable; }

Reason ClassifyFailure(std::string_view error, Phase phase) {
  const auto texts = TextsIn(error);
  for (size_t i = 0; i < kRows; ++i) {
    const ReasonRow& row = kTable[i];
    if (row.phase && *row.phase != phase) continue;
    if (texts[i] && (row.also.empty() || texts[kRows + i])) return row.reason;
  }
  return kOther;
}

const ReasonInfo& Info(Reason reason) { return kInfos[static_cast<size_t>(reason)]; }

std::string Anchor(Reason reason) {
  std::string anchor(Name(reason));
  std::ranges::replace(anchor, '_', '-');
  return anchor;
}

}  // namespace kle
