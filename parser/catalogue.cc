// SPDX-License-Identifier: Apache-2.0
// The table of kubelet messages. To follow a Kubernetes rename, add a row below the old one: rows
// are never edited to another text and never removed, since old kubelets live on.
//
// A row needs the message as the kubelet prints it (file and line are no part of it), what it
// tells, the lowest -v that shows it, and since when. Keys are read by their names (extract.cc).
// Levels are the lowest of all versions; a line that came as JSON brings its own.
#include "parser/catalogue.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "parser/template.h"

namespace kle {
namespace {

using enum EventKind;
using enum Phase;

constexpr CatalogueRow Row(std::string_view message, EventKind kind, int level,
                           std::string_view since, std::string_view until,
                           std::string_view meaning, Cause cause = Cause::kNone) {
  return {message, kind, static_cast<int8_t>(level), since, until, meaning, kDispatch, 0, cause};
}

// One line of a failed attempt. The lines of one attempt come in the order of their ranks, so a
// line whose rank is not above the last one's belongs to the next attempt.
constexpr CatalogueRow Fail(std::string_view message, Phase phase, int rank, int level,
                            std::string_view since, std::string_view until,
                            std::string_view meaning, Reason fallback = Reason::kOther) {
  return {message, kFailure, static_cast<int8_t>(level), since, until, meaning, phase,
          static_cast<int8_t>(rank), Cause::kNone, fallback};
}

// Proves that the kubelet runs at that -v, and tells nothing else.
constexpr CatalogueRow Level(std::string_view message, int level, std::string_view since,
                             std::string_view until) {
  return Row(message, kVerbosity, level, since, until, "proves the verbosity");
}

// clang-format off
constexpr CatalogueRow kRows[] = {
    // --- the kubelet process -----------------------------------------------------------------
    Row("Kubelet version", kKubeletVersion, 0, "1.22", "", "the kubelet starts"),
    Row("Version: v{version}", kKubeletVersion, 0, "1.14", "1.21", "the kubelet starts"),
    Row("Started kubelet", kKubeletStarted, 0, "1.14", "", "the kubelet's main loop is about to run"),
    Row("Starting kubelet main sync loop", kKubeletStarted, 0, "1.14", "", "the main loop runs"),
    Row("Starting kubelet main sync loop.", kKubeletStarted, 0, "1.14", "1.20", "the main loop runs"),
    Row("Container runtime initialized", kRuntimeInfo, 0, "1.21", "", "which container runtime, which version"),
    Row("Container runtime {runtime} initialized, version: {version}, apiVersion: {_}", kRuntimeInfo, 0, "1.14", "1.20", "which container runtime, which version"),
    Row("FLAG: --cgroup-driver={detail:q}", kCgroupDriver, 1, "1.14", "", "cgroupfs or systemd, as the flag says"),
    Row("Skipping pod synchronization", kSyncSkipped, 0, "1.21", "", "nothing is done for any pod: runtime down or PLEG unhealthy"),
    Row("skipping pod synchronization - {error:*}", kSyncSkipped, 0, "1.14", "1.20", "nothing is done for any pod: runtime down or PLEG unhealthy"),

    // --- pods as their sources deliver them (kubelet.go) -------------------------------------
    Row("SyncLoop ADD", kPodAdded, 2, "1.21", "", "first delivery; after a kubelet start every pod comes again"),
    Row("SyncLoop UPDATE", kPodUpdated, 2, "1.21", "", "spec or metadata changed"),
    Row("SyncLoop DELETE", kPodDeleted, 2, "1.21", "", "deletionTimestamp appeared or changed; the first one starts the clock"),
    Row("SyncLoop REMOVE", kPodRemoved, 2, "1.21", "", "the object is gone from its source"),
    Row("SyncLoop RECONCILE", kPodReconciled, 4, "1.21", "", "the API's status differs from the kubelet's"),
    Row("SyncLoop (ADD, {source:q}): {pods:q}", kPodAdded, 2, "1.14", "1.20", "first delivery"),
    Row("SyncLoop (UPDATE, {source:q}): {pods:q}", kPodUpdated, 2, "1.14", "1.20", "spec or metadata changed"),
    Row("SyncLoop (DELETE, {source:q}): {pods:q}", kPodDeleted, 2, "1.14", "1.20", "deletionTimestamp appeared or changed"),
    Row("SyncLoop (REMOVE, {source:q}): {pods:q}", kPodRemoved, 2, "1.14", "1.20", "the object is gone from its source"),
    Row("SyncLoop (RECONCILE, {source:q}): {pods:q}", kPodReconciled, 4, "1.14", "1.20", "the API's status differs from the kubelet's"),
    Row("SyncLoop (SYNC) pods", kVerbosity, 4, "1.21", "", "periodic sync"),
    Row("SyncLoop (SYNC): {_:*}", kVerbosity, 4, "1.14", "1.20", "periodic sync"),
    Row("SyncLoop (housekeeping)", kVerbosity, 4, "1.21", "", "periodic cleanup"),
    Row("SyncLoop (housekeeping) end", kVerbosity, 4, "1.22", "", "periodic cleanup"),
    Row("Failed to admit pod", kPodRejected, 0, "1.21", "", "admission refused the pod"),
    Row("Failed to admit pod, GeneralPredicates failed", kPodRejected, 0, "1.21", "1.23", "admission refused the pod"),
    Row("Failed to admit pod to node", kPodRejected, 0, "1.22", "1.30", "admission refused the pod"),
    Row("Predicate failed on Pod", kPodRejected, 2, "1.21", "", "admission refused the pod"),
    Row("Predicate failed on Pod: {pod}, for reason: {error:*}", kPodRejected, 2, "1.14", "1.20", "admission refused the pod"),
    Row("Pod admission denied", kPodRejected, 0, "1.31", "", "admission refused the pod"),
    Row("Pod has been deleted and must be killed", kVerbosity, 3, "1.22", "", "follows every REMOVE"),

    // --- startup --------------------------------------------------------------------------------
    Row("Pod is being synced for the first time", kFirstSync, 4, "1.22", "", "a pod worker takes the pod"),
    Row("No sandbox for pod can be found. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the pod needs its first sandbox"),
    Row("No ready sandbox for pod can be found. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox died and is replaced"),
    Row("Sandbox for pod has changed. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox is replaced"),
    Row("Sandbox for pod has no IP address. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox is replaced"),
    Row("No sandbox for pod {pod:q} can be found. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the pod needs its first sandbox"),
    Row("No ready sandbox for pod {pod:q} can be found. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the sandbox died and is replaced"),
    Row("Sandbox for pod {pod:q} has changed. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the sandbox is replaced"),
    Row("Creating PodSandbox for pod", kSandboxCreating, 4, "1.21", "", "the runtime is asked for a sandbox"),
    Row("Creating PodSandbox for pod {pod:q}", kSandboxCreating, 4, "1.14", "1.20", "the runtime is asked for a sandbox"),
    Row("Created PodSandbox for pod", kSandboxCreated, 4, "1.21", "", "the sandbox runs"),
    Row("Created PodSandbox {sandbox_id:q} for pod {pod:q}", kSandboxCreated, 4, "1.14", "1.20", "the sandbox runs"),
    Row("Creating container in pod", kContainerCreating, 4, "1.21", "", "a container is about to be created"),
    Row("getSandboxIDByPodUID got sandbox IDs for pod", kSandboxIds, 4, "1.21", "1.35", "which ids are the pod's sandboxes"),
    Row("operationExecutor.VerifyControllerAttachedVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMountStarted, 0, "1.14", "", "a volume of the pod is about to be mounted"),
    Row("operationExecutor.MountVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMountStarted, 1, "1.14", "", "a volume is being mounted"),
    Row("MountVolume.SetUp succeeded for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMounted, 1, "1.14", "", "a volume is mounted"),
    Row("All volumes are attached and mounted for pod", kVolumesMounted, 3, "1.21", "", "all of the pod's volumes are mounted"),
    Row("Message for Container of pod", kContainerNeedsRestart, 2, "1.21", "", "why a running container will be killed and started again"),
    Row("Container {container:q} ({container_id:q}) of pod {pod}: {detail:*}", kContainerNeedsRestart, 2, "1.14", "1.20", "why a running container will be killed and started again"),
    Row("Stopping PodSandbox for pod, will start new one", kVerbosity, 4, "1.21", "", "the sandbox is replaced"),
    Row("SyncLoop (probe)", kProbeResult, 1, "1.22", "", "a probe's result changed"),
    Row("Observed pod startup duration", kStartupObserved, 0, "1.26", "", "the kubelet's own startup figure"),
    Row("Probe failed", kVerbosity, 1, "1.21", "", "a probe failed once"),

    // --- pod lifecycle event generator ----------------------------------------------------------
    Row("SyncLoop (PLEG): event for pod", kPlegEvent, 2, "1.21", "", "a relist saw a container or sandbox start or die"),
    Row("SyncLoop (PLEG): {pod:q}, event: {event:*}", kPlegEvent, 2, "1.14", "1.20", "a relist saw a container or sandbox start or die"),
    Row("Generic (PLEG): container finished", kContainerFinished, 2, "1.22", "", "a relist saw a container's exit, with its code"),
    Row("GenericPLEG", kPlegTransition, 4, "1.21", "", "a relist saw a container or sandbox change state"),
    Row("GenericPLEG: {uid}/{container_id}: {_} -> {new_state}", kPlegTransition, 4, "1.14", "1.20", "a relist saw a container or sandbox change state"),
    Row("GenericPLEG: Relisting", kVerbosity, 5, "1.14", "", "a relist begins"),
    Row("SyncLoop (PLEG): pod does not exist, ignore irrelevant event", kVerbosity, 4, "1.22", "", "an event of a pod that is gone"),
    Row("Added container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q})", kContainerCgroupAdded, 3, "1.14", "", "cAdvisor saw a cgroup appear"),
    Row("Destroyed container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q})", kContainerCgroupDestroyed, 3, "1.14", "1.35", "cAdvisor saw a cgroup go; the pod's own one is the pod's cgroup removal"),
    Row("Destroyed container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q}, exit_code: {_})", kContainerCgroupDestroyed, 3, "1.36", "", "cAdvisor saw a cgroup go"),

    // --- the end begins (pod_workers.go) --------------------------------------------------------
    Row("Pod is marked for graceful deletion, begin teardown", kTeardownBegun, 4, "1.22", "", "the worker took the deletion", Cause::kDelete),
    Row("Pod is being evicted by the kubelet, begin teardown", kTeardownBegun, 4, "1.22", "", "eviction, preemption, deadline or node shutdown", Cause::kEviction),
    Row("Pod is being removed by the kubelet, begin teardown", kTeardownBegun, 4, "1.22", "", "the pod left its source", Cause::kRemoved),
    Row("Pod is orphaned and must be torn down", kTeardownBegun, 4, "1.22", "", "found running without an object; after a REMOVE the ghost pass of 1.22 and 1.23", Cause::kOrphan),
    Row("Pod is in a terminal phase (success/failed), begin teardown", kTeardownBegun, 4, "1.22", "", "the pod had ended by itself", Cause::kFinished),
    Row("Pod indicated lifecycle completed naturally and should now terminate", kLifecycleCompleted, 4, "1.23", "", "the pod ended by itself, or its deadline passed"),
    Row("Pod worker has observed request to terminate", kTerminationObserved, 4, "1.22", "", "the worker begins to terminate"),
    Row("syncTerminatingPod enter", kTerminatingEntered, 4, "1.22", "1.26", "one attempt to stop the pod begins"),
    Row("SyncTerminatingPod enter", kTerminatingEntered, 4, "1.27", "", "one attempt to stop the pod begins"),
    Row("SyncTerminatingRuntimePod enter", kTerminatingEntered, 4, "1.27", "", "one attempt to stop an orphan begins", Cause::kOrphan),
    Row("Pod terminating with grace period", kGraceDecided, 4, "1.22", "", "the grace granted to the pod"),
    Row("Orphaned running pod terminating without grace period", kGraceDecided, 4, "1.27", "", "an orphan gets no grace", Cause::kOrphan),
    Row("Clean up containers for orphaned pod we had not seen before", kOrphanFound, 2, "1.27", "", "a pod runs that no source knows"),
    Row("Clean up orphaned pod containers", kOrphanFound, 3, "1.22", "1.26", "a pod runs that no source knows"),
    Row("Pod is orphaned and still running, began terminating", kOrphanFound, 4, "1.27", "", "a pod runs that no source knows"),
    Row("Cancelling current pod sync", kVerbosity, 3, "1.22", "", "a running sync is cut short for a deletion"),
    Row("Processing pod event", kVerbosity, 4, "1.22", "", "worker"),
    Row("Processing pod event done", kVerbosity, 4, "1.22", "", "worker"),
    Row("syncPod enter", kVerbosity, 4, "1.22", "1.26", "worker"),
    Row("SyncPod enter", kVerbosity, 4, "1.27", "", "worker"),
    Row("syncPod exit", kVerbosity, 4, "1.22", "1.26", "worker"),
    Row("SyncPod exit", kVerbosity, 4, "1.27", "", "worker"),
    Row("Evicting pod", kEvicted, 3, "1.22", "", "the eviction manager chose the pod"),
    Row("Eviction manager: pod is evicted successfully", kEvicted, 0, "1.22", "", "an evicted pod's containers are gone"),
    Row("Preempting pod to free up resources", kPreempted, 2, "1.22", "", "the pod makes room for a critical one"),
    Row("Shutdown manager detected new shutdown event, isNodeShuttingDownNow", kVerbosity, 1, "1.22", "", "the node shuts down"),
    Row("Shutdown manager detected new shutdown event", kVerbosity, 1, "1.23", "", "the node shuts down"),
    Row("Shutdown manager processing shutdown event", kNodeShutdownStarted, 1, "1.22", "", "the node shuts down"),
    Row("Shutdown manager completed processing shutdown event, node will shutdown shortly", kNodeShutdownCompleted, 1, "1.22", "", "all pods were handled"),
    Row("Shutdown manager killing pod with gracePeriod", kShutdownKill, 1, "1.22", "", "the shutdown ends this pod"),
    Row("Shutdown manager finished killing pod", kVerbosity, 1, "1.22", "", "the shutdown ended this pod"),
    Fail("Shutdown manager pod killing time out", kStopContainers, 1, 1, "1.22", "", "the shutdown did not wait for the pods any longer"),
    Fail("Eviction manager: timed out waiting for pods to be cleaned up", kStopContainers, 1, 0, "1.22", "", "an evicted pod is not gone in time"),

    // --- stopping containers (kuberuntime_container.go, kubelet.go) -------------------------------
    Row("Running preStop hook", kPrestopStarted, 3, "1.21", "", "a preStop hook begins"),
    Row("PreStop hook completed", kPrestopCompleted, 3, "1.21", "", "the hook returned, or failed"),
    Row("PreStop hook not completed in grace period", kPrestopTimedOut, 2, "1.21", "", "the hook ate the whole grace"),
    Row("PreStop hook failed", kPrestopFailed, 0, "1.21", "", "the hook returned an error"),
    Row("Running preStop hook for container {container_id:q}", kPrestopStarted, 3, "1.14", "1.20", "a preStop hook begins"),
    Row("preStop hook for container {container_id:q} completed", kPrestopCompleted, 3, "1.14", "1.20", "the hook returned"),
    Row("preStop hook for container {container_id:q} did not complete in {grace} seconds", kPrestopTimedOut, 2, "1.14", "1.20", "the hook ate the whole grace"),
    Row("preStop hook for container {container:q} failed: {error:*}", kPrestopFailed, 0, "1.14", "1.20", "the hook returned an error"),
    Row("Killing container with a grace period", kKillStarted, 2, "1.21", "", "the runtime is asked to stop the container; gracePeriod is what is left of the grace"),
    Row("Killing container with a grace period override", kKillAnnounced, 2, "1.21", "", "the grace granted, before hooks"),
    Row("Killing container {container_id:q} with a {grace} second grace period", kKillStarted, 2, "1.14", "1.20", "the runtime is asked to stop the container"),
    Row("Killing container {container_id:q} with {grace} second grace period", kKillStarted, 2, "1.14", "1.18", "the runtime is asked to stop the container"),
    Row("Killing container {container_id:q}, but using {grace} second grace period override", kKillAnnounced, 2, "1.14", "1.18", "the grace granted, before hooks"),
    Row("Killing container {container_id:q}, but using a {grace} second grace period override", kKillAnnounced, 2, "1.19", "1.20", "the grace granted, before hooks"),
    Row("Container exited normally", kContainerExited, 3, "1.21", "", "the stop call returned; printed after a SIGKILL too"),
    Row("Container {container_id:q} exited normally", kContainerExited, 3, "1.14", "1.20", "the stop call returned"),
    Row("Post-termination container state", kContainerStates, 4, "1.22", "", "exit code and the runtime's own exit time of every container"),
    Row("Pod termination stopped all running containers", kContainersStopped, 4, "1.22", "", "containers and sandbox are stopped"),
    Row("Pod termination stopped all running orphan containers", kContainersStopped, 4, "1.22", "1.26", "an orphan's containers are stopped"),
    Row("Pod termination stopped all running orphaned containers", kContainersStopped, 4, "1.27", "", "an orphan's containers are stopped"),
    Row("syncTerminatingPod exit", kVerbosity, 4, "1.22", "1.26", "worker"),
    Row("SyncTerminatingPod exit", kVerbosity, 4, "1.27", "", "worker"),
    Row("SyncTerminatingRuntimePod exit", kVerbosity, 4, "1.27", "", "worker"),
    Row("Pod terminated all containers successfully", kPodTerminated, 4, "1.22", "", "the worker goes on to reclaiming"),
    Row("Pod terminated all orphaned containers successfully and worker can now stop", kPodTerminated, 4, "1.22", "", "an orphan is done with", Cause::kOrphan),
    Row("Calling network plugin to tear down the pod", kCniTeardownStarted, 3, "1.21", "1.23", "dockershim calls CNI DEL"),
    Row("Calling network plugin {_} to tear down pod {pod:q}", kCniTeardownStarted, 3, "1.14", "1.20", "dockershim calls CNI DEL"),
    Row("Deleting pod from network", kCniNetworkDeleting, 4, "1.21", "1.23", "CNI DEL of one network"),
    Row("Deleted pod from network", kCniNetworkDeleted, 4, "1.21", "1.23", "CNI DEL of one network returned"),
    Fail("StopContainer from runtime service failed", kStopContainers, 1, 0, "1.21", "", "the runtime refused to stop a container"),
    Fail("StopContainer {container_id:q} from runtime service failed: {error:*}", kStopContainers, 1, 0, "1.14", "1.20", "the runtime refused to stop a container"),
    Fail("Container termination failed with gracePeriod", kStopContainers, 2, 0, "1.21", "", "one kill failed"),
    Fail("Container {container_id:q} termination failed with gracePeriod {grace}: {error:*}", kStopContainers, 2, 0, "1.14", "1.20", "one kill failed"),
    Fail("Kill container failed", kStopContainers, 3, 0, "1.21", "", "one kill failed"),
    Fail("failed to \"KillContainer\" for {container:q} with KillContainerError: {error:*}", kStopContainers, 4, 0, "1.14", "", "one kill failed; the text that HandleError prints"),
    Fail("[failed to \"KillContainer\" for {container:q} with KillContainerError: {error:*}", kStopContainers, 4, 0, "1.14", "", "kills failed; the text that HandleError prints"),
    Row("Unhandled Error", kRedirect, 0, "1.31", "", "the error text is a message of its own"),

    // --- sandbox and network ----------------------------------------------------------------------
    Fail("Error deleting pod from network", kStopSandbox, 1, 0, "1.21", "1.23", "CNI DEL failed", Reason::kCniTeardown),
    Fail("StopPodSandbox from runtime service failed", kStopSandbox, 2, 0, "1.21", "", "the runtime could not stop the sandbox"),
    Fail("StopPodSandbox {sandbox_id:q} from runtime service failed: {error:*}", kStopSandbox, 2, 0, "1.14", "1.20", "the runtime could not stop the sandbox"),
    Fail("Failed to stop sandbox", kStopSandbox, 3, 0, "1.21", "", "the sandbox was not stopped; the reason stands one line above"),
    Fail("Failed to stop sandbox {sandbox_id:q}", kStopSandbox, 3, 0, "1.14", "1.20", "the sandbox was not stopped"),
    Fail("failed to \"KillPodSandbox\" for {uid:q} with KillPodSandboxError: {error:*}", kStopSandbox, 4, 0, "1.14", "", "the sandbox was not stopped; the text that HandleError prints"),

    // Closes an attempt of any kind: the worker backs off. What failed stands in its err.
    Fail("Error syncing pod, skipping", kDispatch, 9, 0, "1.21", "", "the worker gives up this attempt and backs off"),
    Fail("Error syncing pod {uid} ({pod:q}), skipping: {error:*}", kDispatch, 9, 0, "1.14", "1.20", "the worker gives up this attempt and backs off"),

    // --- volumes ------------------------------------------------------------------------------------
    Row("Removing volume from desired state", kVolumeUndesired, 4, "1.21", "", "the containers are gone, so the volume may go"),
    Row("operationExecutor.UnmountVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q})", kUnmountStarted, 0, "1.14", "", "an unmount begins; with nothing better, containers are gone by now"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGidValue {_:q}", kUnmounted, 0, "1.14", "1.31", "the volume is unmounted"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.32", "1.34", "the volume is unmounted"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {volume:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.35", "", "the volume is unmounted"),
    Row("UnmapVolume succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGidValue {_:q}", kUnmounted, 0, "1.14", "1.31", "the block volume is unmapped"),
    Row("UnmapVolume succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.32", "1.34", "the block volume is unmapped"),
    Row("UnmapVolume succeeded for volume {unique_name:q} pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {volume:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.35", "", "the block volume is unmapped"),
    Row("operationExecutor.UnmountDevice started for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmountStarted, 0, "1.14", "", "the device's global mount is being undone"),
    Row("UnmountDevice succeeded for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmounted, 0, "1.23", "", "the device's global mount is gone"),
    Row("UnmountDevice succeeded for volume {volume:q} {_:*}", kDeviceUnmounted, 0, "1.14", "1.22", "the device's global mount is gone"),
    Row("UnmapDevice succeeded for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmounted, 0, "1.14", "", "the block device is unmapped"),
    Row("Volume detached for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q} DevicePath {_:q}", kVolumeDetached, 0, "1.14", "", "the volume is gone from the node; printed for every volume"),
    Row("Waiting for volumes to unmount for pod", kVerbosity, 3, "1.22", "", "the worker waits for the volumes"),
    Row("All volumes are unmounted for pod", kVolumesUnmounted, 3, "1.22", "", "the worker need not wait for volumes; no proof that they are gone"),
    Row("Pod termination unmounted volumes", kVolumesUnmounted, 4, "1.22", "", "the worker need not wait for volumes; no proof that they are gone"),
    Row("Pod termination cleaned up volume paths", kVolumePathsCleaned, 3, "1.27", "", "no volume path is left"),
    Row("Pod is terminated, but some volumes have not been cleaned up", kVerbosity, 3, "1.22", "", "repeated while volumes are left"),
    Row("Pod is terminated, but some containers are still running", kVerbosity, 3, "1.22", "1.26", "repeated while containers run"),
    Row("Pod is terminated, but pod cgroup sandbox has not been cleaned up", kVerbosity, 3, "1.22", "1.26", "repeated while the cgroup is left"),
    Fail("Operation for \"{{volumeName:{unique_name} podName:{uid} nodeName:{_}}}\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "a mount or unmount failed and is tried again later"),
    Fail("Operation for \"\\\"{unique_name}\\\"\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "1.18", "a device operation failed and is tried again later"),
    Fail("Operation for \"\\\"{unique_name}\\\" (\\\"{uid}\\\")\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "1.18", "a mount or unmount failed and is tried again later"),
    Fail("operationExecutor.UnmountVolume failed {_} for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q}) : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "an unmount could not be begun"),

    // --- cgroup, status, removal ------------------------------------------------------------------------
    Row("syncTerminatedPod enter", kTerminatedEntered, 4, "1.22", "1.26", "reclaiming begins"),
    Row("SyncTerminatedPod enter", kTerminatedEntered, 4, "1.27", "", "reclaiming begins"),
    Row("syncTerminatedPod exit", kVerbosity, 4, "1.22", "1.26", "worker"),
    Row("SyncTerminatedPod exit", kVerbosity, 4, "1.27", "", "worker"),
    Row("Pod termination removed cgroups", kCgroupRemoved, 4, "1.22", "", "the pod's cgroup is gone"),
    Row("Pod is terminated and will need no more status updates", kVerbosity, 4, "1.22", "", "worker"),
    Row("Pod is complete and the worker can now stop", kWorkerCompleted, 4, "1.22", "", "the worker is done with the pod"),
    Row("Pod never started and the worker can now stop", kWorkerCompleted, 4, "1.23", "1.26", "nothing had been started"),
    Fail("Failed to delete cgroup paths", kRemoveCgroup, 1, 0, "1.21", "", "the pod's cgroup could not be removed", Reason::kCgroupBusy),
    Fail("failed to delete cgroup paths for {cgroup_list} : {error:*}", kRemoveCgroup, 1, 0, "1.14", "1.20", "the pod's cgroup could not be removed", Reason::kCgroupBusy),
    Row("Generating pod status", kStatusGenerating, 3, "1.22", "", "a status is being made up"),
    Row("Got phase for pod", kVerbosity, 4, "1.22", "", "status"),
    Row("Status for pod updated successfully", kStatusUpdated, 3, "1.21", "", "the API server took a status"),
    Row("Status for pod {pod:q} updated successfully: {_:*}", kStatusUpdated, 3, "1.14", "1.20", "the API server took a status"),
    Row("Patch status for pod", kVerbosity, 3, "1.21", "", "status"),
    Row("Status for pod is up-to-date", kVerbosity, 3, "1.21", "", "status"),
    Row("Status for pod is up-to-date; skipping", kVerbosity, 1, "1.21", "1.26", "status"),
    Row("Ignoring same status for pod", kVerbosity, 3, "1.22", "", "status"),
    Row("updateStatusInternal", kVerbosity, 5, "1.22", "", "status"),
    Row("Status Manager: syncing batch", kVerbosity, 5, "1.14", "1.26", "status"),
    Row("Status Manager: syncPod in syncbatch", kVerbosity, 5, "1.21", "1.26", "status"),
    Row("Sync pod status", kVerbosity, 5, "1.27", "", "status"),
    Row("Syncing all statuses", kVerbosity, 4, "1.27", "", "status"),
    Row("Syncing updated statuses", kVerbosity, 4, "1.27", "", "status"),
    Fail("Failed to update status for pod", kUpdateStatus, 1, 0, "1.21", "", "the API server did not take a status", Reason::kApiStatus),
    Fail("Failed to update status for pod {pod:q}: {error:*}", kUpdateStatus, 1, 0, "1.14", "1.20", "the API server did not take a status", Reason::kApiStatus),
    Fail("Failed to get status for pod", kUpdateStatus, 1, 0, "1.21", "", "the API server did not answer", Reason::kApiStatus),
    Fail("Failed to delete status for pod", kRemoveFromApi, 1, 0, "1.21", "", "the API server did not take the final delete", Reason::kApiStatus),
    Fail("Failed to delete status for pod {pod:q}: {error:*}", kRemoveFromApi, 1, 0, "1.14", "1.20", "the API server did not take the final delete", Reason::kApiStatus),
    Row("Pod is terminated and all resources are reclaimed", kReclaimed, 3, "1.22", "1.26", "the object may be deleted now"),
    Row("The pod termination is finished as SyncTerminatedPod completes its execution", kReclaimed, 3, "1.27", "", "the object may be deleted now"),
    Row("Delaying pod deletion as the phase is non-terminal", kDeletionDelayed, 3, "1.27", "", "the object may not be deleted yet"),
    Row("Pod fully terminated and removed from etcd", kRemovedFromApi, 3, "1.21", "", "the final delete call returned; a finalizer may keep the object"),
    Row("Pod {pod:q} fully terminated and removed from etcd", kRemovedFromApi, 3, "1.14", "1.20", "the final delete call returned"),
    Row("Pod has been terminated and is no longer known to the kubelet, remove all history", kForgotten, 4, "1.22", "", "the kubelet forgets the pod"),
    Row("Pod is finished processing, no further updates", kVerbosity, 4, "1.22", "", "worker"),
    Row("Pod worker has stopped", kVerbosity, 3, "1.27", "", "worker"),

    // --- orphans ------------------------------------------------------------------------------------------
    Row("Cleaned up orphaned pod volumes dir", kOrphanVolumesCleaned, 0, "1.22", "", "the folder of a pod that is gone was removed"),
    Row("Orphaned pod found, but volumes are not cleaned up", kOrphanVolumesRemain, 3, "1.22", "", "a pod that is gone left volumes"),
    Row("Orphaned pod {uid:q} found, but volume paths are still present on disk{_:*}", kOrphanVolumesRemain, 0, "1.14", "1.20", "a pod that is gone left volumes"),
    Row("There were many similar errors. Turn up verbosity to see them.", kOrphanVolumesRemain, 0, "1.22", "", "pods that are gone left volumes"),
    Row("Orphaned pod found, removing pod cgroups", kVerbosity, 3, "1.22", "", "cleanup"),
    Row("Orphaned pod found, removing", kVerbosity, 3, "1.22", "", "cleanup"),

    // --- recorder events ------------------------------------------------------------------------------------
    Row("Event occurred", kRecorded, 3, "1.21", "", "what the kubelet tells the API as an Event"),
    Row("Event({_}): type: {_} reason: {reason:q} {detail:*}", kRecorded, 3, "1.14", "1.20", "what the kubelet tells the API as an Event"),

    // --- only of use for the verbosity -----------------------------------------------------------------------
    Level("computePodActions got for pod", 3, "1.21", ""),
    Level("Removing container", 4, "1.21", ""),
    Level("Added volume to desired state", 4, "1.21", ""),
    Level("Syncing Pod", 5, "1.21", ""),
    Level("[RemoteRuntimeService] StopPodSandbox", 10, "1.21", ""),
    Level("[RemoteRuntimeService] StopContainer", 10, "1.21", ""),
    Level("[RemoteRuntimeService] ListContainers", 10, "1.21", ""),
};
// clang-format on

// Exact messages by hash, built ones by the first byte of their literal prefix. Made once.
class Index {
 public:
  Index() {
    size_t exact = 0;
    for (const CatalogueRow& row : kRows) exact += IsTemplate(row.message) ? 0 : 1;
    while (slots_.size() < exact * 4) slots_.resize(slots_.empty() ? 64 : slots_.size() * 2);
    for (const CatalogueRow& row : kRows) {
      if (IsTemplate(row.message)) {
        std::string prefix = LiteralPrefix(row.message);
        built_[static_cast<unsigned char>(prefix.front())].push_back({std::move(prefix), &row});
        continue;
      }
      longest_ = std::max(longest_, row.message.size());
      size_t slot = Hash(row.message) & (slots_.size() - 1);
      while (slots_[slot] != nullptr) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = &row;
    }
  }

  const CatalogueRow* FindExact(std::string_view message) const {
    if (message.size() > longest_) return nullptr;
    size_t slot = Hash(message) & (slots_.size() - 1);
    while (slots_[slot] != nullptr) {
      if (slots_[slot]->message == message) return slots_[slot];
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return nullptr;
  }

  const CatalogueRow* FindBuilt(std::string_view message) const {
    if (message.empty()) return nullptr;
    for (const Built& built : built_[static_cast<unsigned char>(message.front())]) {
      if (!message.starts_with(built.prefix)) continue;
      Captures captures;
      if (MatchTemplate(built.row->message, message, captures)) return built.row;
    }
    return nullptr;
  }

 private:
  struct Built {
    std::string prefix;
    const CatalogueRow* row;
  };

  static size_t Hash(std::string_view text) {
    size_t hash = text.size() * 0x9E3779B97F4A7C15ull;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
    return hash ^ (hash >> 32);
  }

  std::vector<const CatalogueRow*> slots_;
  std::array<std::vector<Built>, 256> built_;
  size_t longest_ = 0;
};

const Index& TheIndex() {
  static const Index index;
  return index;
}

}  // namespace

std::span<const CatalogueRow> Catalogue() { return kRows; }

const CatalogueRow* FindRow(std::string_view message) {
  const Index& index = TheIndex();
  if (const CatalogueRow* row = index.FindExact(message)) return row;
  return index.FindBuilt(message);
}

const CatalogueRow* FindRow(const Record& record) { return FindRow(record.message); }

}  // namespace kle
