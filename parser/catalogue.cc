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
                           std::string_view since, std::string_view until, std::string_view meaning,
                           Cause cause = Cause::kNone) {
  return {message, kind, static_cast<int8_t>(level), since, until, meaning, kDispatch, 0, cause};
}

// One line of a failed attempt. The lines of one attempt come in the order of their ranks, so a
// line whose rank is not above the last one's belongs to the next attempt.
constexpr CatalogueRow Fail(std::string_view message, Phase phase, int rank, int level,
                            std::string_view since, std::string_view until,
                            std::string_view meaning, Reason fallback = Reason::kOther,
                            Cause cause = Cause::kNone) {
  return {message, kFailure, static_cast<int8_t>(level), since, until,
          meaning, phase,    static_cast<int8_t>(rank),  cause, fallback};
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
    Row("Shutting down Kubelet Volume Manager", kVerbosity, 0, "1.14", "", "the kubelet stops"),

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
    Row("SyncLoop (housekeeping, skipped): sources aren't ready yet", kVerbosity, 4, "1.22", "", "cleanup waits for the first list of pods"),
    Row("Failed to delete pod", kVerbosity, 2, "1.22", "", "a removed pod is not killed yet, e.g. while sources are not ready"),
    Row("Failed to admit pod", kPodRejected, 0, "1.21", "", "admission refused the pod"),
    Row("Failed to admit pod, GeneralPredicates failed", kPodRejected, 0, "1.21", "1.23", "admission refused the pod"),
    Row("Failed to admit pod to node", kPodRejected, 0, "1.22", "1.30", "admission refused the pod"),
    Row("Failed to admit pod, unexpected error while attempting to recover from admission failure", kPodRejected, 0, "1.21", "", "admission refused the pod"),
    Row("Failed to admit pod: GeneralPredicates failed due to unknown reason, which is unexpected", kPodRejected, 0, "1.21", "", "admission refused the pod"),
    Row("Failed to admit pod {pod} - {error:*}", kPodRejected, 0, "1.14", "1.20", "admission refused the pod"),
    Row("Pod is not runnable and must have running containers stopped", kVerbosity, 2, "1.22", "1.30", "a soft admission check holds the pod back; it is tried again"),
    Row("Predicate failed on Pod", kPodRejected, 2, "1.21", "", "admission refused the pod"),
    Row("Predicate failed on Pod: {pod}, for reason: {error:*}", kPodRejected, 2, "1.14", "1.20", "admission refused the pod"),
    Row("Pod admission denied", kPodRejected, 0, "1.31", "", "admission refused the pod"),
    Row("Pod has been deleted and must be killed", kVerbosity, 3, "1.22", "", "follows every REMOVE"),
    Row("Killing unwanted pod {pod:q}", kVerbosity, 2, "1.14", "1.20", "follows every REMOVE of a running pod; names no namespace"),

    // --- startup --------------------------------------------------------------------------------
    Row("Pod is being synced for the first time", kFirstSync, 4, "1.22", "", "a pod worker takes the pod"),
    Row("No sandbox for pod can be found. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the pod needs its first sandbox"),
    Row("No ready sandbox for pod can be found. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox died and is replaced"),
    Row("Sandbox for pod has changed. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox is replaced"),
    Row("Sandbox for pod has no IP address. Need to start a new one", kSandboxNeeded, 2, "1.21", "", "the sandbox is replaced"),
    Row("No sandbox for pod {pod:q} can be found. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the pod needs its first sandbox"),
    Row("No ready sandbox for pod {pod:q} can be found. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the sandbox died and is replaced"),
    Row("Sandbox for pod {pod:q} has changed. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the sandbox is replaced"),
    Row("Sandbox for pod {pod:q} has no IP address. Need to start a new one", kSandboxNeeded, 2, "1.14", "1.20", "the sandbox is replaced"),
    Row("Multiple sandboxes are ready for Pod. Need to reconcile them", kSandboxNeeded, 2, "1.21", "", "all but one sandbox will be stopped"),
    Row("Multiple sandboxes are ready for Pod {pod:q}. Need to reconcile them", kSandboxNeeded, 2, "1.14", "1.20", "all but one sandbox will be stopped"),
    Row("Creating PodSandbox for pod", kSandboxCreating, 4, "1.21", "", "the runtime is asked for a sandbox"),
    Row("Creating PodSandbox for pod {pod:q}", kSandboxCreating, 4, "1.14", "1.20", "the runtime is asked for a sandbox"),
    Row("Created PodSandbox for pod", kSandboxCreated, 4, "1.21", "", "the sandbox runs"),
    Row("Created PodSandbox {sandbox_id:q} for pod {pod:q}", kSandboxCreated, 4, "1.14", "1.20", "the sandbox runs"),
    Row("Creating container in pod", kContainerCreating, 4, "1.21", "", "a container is about to be created"),
    Row("Creating {_} &Container{{Name:{container},{_}}} in pod {pod}", kContainerCreating, 4, "1.14", "1.20", "a container is about to be created"),
    Row("getSandboxIDByPodUID got sandbox IDs for pod", kSandboxIds, 4, "1.21", "1.35", "which ids are the pod's sandboxes"),
    Row("getSandboxIDByPodUID got sandbox IDs {podSandboxID} for pod {pod:q}", kSandboxIds, 4, "1.14", "1.20", "which ids are the pod's sandboxes"),
    Row("operationExecutor.VerifyControllerAttachedVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMountStarted, 0, "1.14", "", "a volume of the pod is about to be mounted"),
    Row("operationExecutor.MountVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMountStarted, 1, "1.14", "", "a volume is being mounted"),
    Row("operationExecutor.MountVolume started for volume {volume:q} (UniqueName: {_:q}) pod {_:q} (UID: {uid:q}) Volume is already mounted to pod, but remount was requested.", kVerbosity, 5, "1.14", "", "a mounted volume's content is refreshed"),
    Row("MapVolume.MapPodDevice succeeded for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q}) {_:*}", kVolumeMounted, 1, "1.14", "", "a block volume is mapped"),
    Row("MountVolume.SetUp succeeded for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeMounted, 1, "1.14", "", "a volume is mounted"),
    Row("All volumes are attached and mounted for pod", kVolumesMounted, 3, "1.21", "", "all of the pod's volumes are mounted"),
    Row("All volumes are attached and mounted for pod {pod:q}", kVolumesMounted, 3, "1.14", "1.20", "all of the pod's volumes are mounted"),
    Row("Waiting for volumes to attach and mount for pod", kVerbosity, 3, "1.21", "", "the worker waits for the volumes"),
    Row("Waiting for volumes to attach and mount for pod {pod:q}", kVerbosity, 3, "1.14", "1.20", "the worker waits for the volumes"),
    Fail("Unable to attach or mount volumes for pod; skipping pod", kDispatch, 1, 0, "1.22", "", "the volumes were not mounted in time; a deletion waits behind this"),
    Row("Message for Container of pod", kContainerNeedsRestart, 2, "1.21", "", "why a running container will be killed and started again"),
    Row("Container {container:q} ({container_id:q}) of pod {pod}: {detail:*}", kContainerNeedsRestart, 2, "1.14", "1.20", "why a running container will be killed and started again"),
    Row("Container {container:q} ({{{_:q} {container_id:q}}}) of pod {pod}: {detail:*}", kContainerNeedsRestart, 2, "1.14", "1.20", "why a running container will be killed and started again"),
    Row("Stopping PodSandbox for pod, will start new one", kVerbosity, 4, "1.21", "", "the sandbox is replaced"),
    Row("Stopping PodSandbox for pod, because all other containers are dead", kVerbosity, 4, "1.21", "", "a pod that restarts nothing loses its sandbox"),
    Row("Stopping PodSandbox for {pod:q}, will start new one", kVerbosity, 4, "1.14", "1.20", "the sandbox is replaced"),
    Row("Stopping PodSandbox for {pod:q} because all other containers are dead.", kVerbosity, 4, "1.14", "1.20", "a pod that restarts nothing loses its sandbox"),
    Row("Determined the ip for pod after sandbox changed", kVerbosity, 4, "1.21", "", "the new sandbox has its network"),
    Row("SyncPod received new pod, will create a sandbox for it", kVerbosity, 4, "1.21", "", "worker"),
    Row("Failed to execute PostStartHook", kVerbosity, 0, "1.22", "", "the container is killed and started again"),
    Row("SyncLoop (probe): ignore irrelevant update", kVerbosity, 4, "1.22", "", "a probe of a pod that is gone"),
    Row("SyncLoop (probe)", kProbeResult, 1, "1.22", "", "a probe's result changed"),
    Row("Observed pod startup duration", kStartupObserved, 0, "1.26", "", "the kubelet's own startup figure"),
    Row("Probe failed", kVerbosity, 1, "1.21", "", "a probe failed once"),
    Row("Probe errored", kVerbosity, 1, "1.21", "", "a probe could not be run"),
    Row("Pod is terminated, exiting probe worker", kVerbosity, 3, "1.21", "", "probes end with the pod"),
    Row("Pod deletion requested, setting probe result to success", kVerbosity, 3, "1.21", "", "probes must not restart a pod that goes"),
    Row("Pod deletion requested before container has fully started", kVerbosity, 0, "1.21", "", "probes"),

    // --- pod lifecycle event generator ----------------------------------------------------------
    Row("SyncLoop (PLEG): event for pod", kPlegEvent, 2, "1.21", "", "a relist saw a container or sandbox start or die"),
    Row("SyncLoop (PLEG): {pod:q}, event: {event:*}", kPlegEvent, 2, "1.14", "1.20", "a relist saw a container or sandbox start or die"),
    Row("Generic (PLEG): container finished", kContainerFinished, 2, "1.22", "", "a relist saw a container's exit, with its code"),
    Row("GenericPLEG", kPlegTransition, 4, "1.21", "", "a relist saw a container or sandbox change state"),
    Row("GenericPLEG: {uid}/{container_id}: {_} -> {new_state}", kPlegTransition, 4, "1.14", "1.20", "a relist saw a container or sandbox change state"),
    Row("GenericPLEG: Relisting", kVerbosity, 5, "1.14", "", "a relist begins"),
    Row("SyncLoop (PLEG): pod does not exist, ignore irrelevant event", kVerbosity, 4, "1.22", "", "an event of a pod that is gone"),
    Row("GenericPLEG: Relisting Pod", kVerbosity, 5, "1.36", "", "one pod is looked at again"),
    Row("GenericPLEG: Unable to retrieve pods", kVerbosity, 0, "1.21", "", "a relist failed; Skipping pod synchronization follows"),
    Row("GenericPLEG: Unable to retrieve pods: {error:*}", kVerbosity, 0, "1.14", "1.20", "a relist failed"),
    Row("GenericPLEG: Unable to retrieve pod", kVerbosity, 0, "1.36", "", "a relist of one pod failed"),
    Row("PLEG: Ignoring events for pod", kVerbosity, 4, "1.21", "", "a pod could not be inspected"),
    Row("PLEG: Ignoring events for pod {_}/{_}: {error:*}", kVerbosity, 4, "1.14", "1.20", "a pod could not be inspected"),
    Row("PLEG: Delete status for pod", kVerbosity, 4, "1.21", "", "the runtime has nothing of the pod left"),
    Row("PLEG: Delete status for pod {uid:q}", kVerbosity, 4, "1.14", "1.20", "the runtime has nothing of the pod left"),
    Row("PLEG: Write status", kVerbosity, 0, "1.21", "", "noise, even where it is an error without one"),
    Row("Event channel is full, discard this relist() cycle event", kVerbosity, 0, "1.21", "", "events were lost: exits may be seen late"),
    Row("event channel is full, discard this relist() cycle event", kVerbosity, 0, "1.14", "1.20", "events were lost: exits may be seen late"),
    Row("Evented PLEG: Event channel is full, discarded pod lifecycle event", kVerbosity, 0, "1.26", "", "events were lost: exits may be seen late"),
    Row("Relist request channel full; dropping relist request", kVerbosity, 0, "1.36", "", "a pod is not looked at again at once"),
    Row("Fall back to Generic PLEG relisting since Evented PLEG is not working", kVerbosity, 4, "1.26", "", "exits are seen by relists again"),
    Row("Evented PLEG: Failed to get container events, retrying:", kVerbosity, 4, "1.26", "", "the runtime's event stream broke"),
    Row("Evented PLEG: received ContainerEventResponse with nil PodSandboxStatus or PodSandboxStatus.Metadata", kVerbosity, 0, "1.26", "", "an event without its pod"),
    Row("Evented PLEG: error generating pod status from the received event", kVerbosity, 0, "1.26", "1.33", "an event could not be read"),
    Row("Evented PLEG: Generated pod status from the received event", kVerbosity, 0, "1.26", "", "SyncLoop (PLEG) tells it again"),
    Row("Evented PLEG: Get cache", kVerbosity, 0, "1.26", "", "figures of running pods"),
    Row("Received Container Stopped Event", kVerbosity, 4, "1.26", "", "SyncLoop (PLEG) tells it again, with ids"),
    Row("Received Container Created Event", kVerbosity, 4, "1.26", "", "SyncLoop (PLEG) tells it again"),
    Row("Received Container Started Event", kVerbosity, 4, "1.26", "", "SyncLoop (PLEG) tells it again"),
    Row("Received Container Deleted Event", kVerbosity, 4, "1.26", "", "SyncLoop (PLEG) tells it again"),
    Row("Added container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q})", kContainerCgroupAdded, 3, "1.14", "", "cAdvisor saw a cgroup appear"),
    Row("Destroyed container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q})", kContainerCgroupDestroyed, 3, "1.14", "1.35", "cAdvisor saw a cgroup go; the pod's own one is the pod's cgroup removal"),
    Row("Destroyed container: {cgroup:q} (aliases: [{aliases}], namespace: {_:q}, exit_code: {exitCode})", kContainerCgroupDestroyed, 3, "1.36", "", "cAdvisor saw a cgroup go"),

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
    Row("Pod is terminal", kVerbosity, 4, "1.23", "", "worker"),
    Row("Sync exited with context cancellation error", kVerbosity, 2, "1.22", "", "a running sync was cut short for a deletion"),
    Row("Notifying pod of pending update", kVerbosity, 4, "1.27", "", "worker"),
    Row("Requeueing pod due to pending update", kVerbosity, 4, "1.27", "1.32", "worker"),
    Row("Requeuing pod due to pending update", kVerbosity, 4, "1.33", "", "worker"),
    Row("Pending update already queued", kVerbosity, 4, "1.27", "", "worker"),
    Row("Pod cannot start yet", kVerbosity, 4, "1.22", "", "another pod of that name has to end first"),
    Row("Pod cannot start ever", kVerbosity, 4, "1.27", "", "worker"),
    Row("Pod is terminating but has been requested to restart with same UID, will be reconciled later", kVerbosity, 4, "1.22", "", "a static pod is started again"),
    Row("Pod is waiting for termination, ignoring runtime-only kill until after pod worker is fully terminated", kVerbosity, 3, "1.22", "", "worker"),
    Row("Pod worker has been requested for removal but is still not fully terminated", kVerbosity, 4, "1.22", "", "the object is gone, the pod is not"),
    Row("Pod is orphaned and has not been started", kVerbosity, 4, "1.27", "", "a pod left its source before its start"),
    Row("Pod is orphaned and still terminating, notified the pod worker", kVerbosity, 4, "1.27", "", "the object is gone, the pod is not"),
    Row("Clean up pod workers for terminated pods", kVerbosity, 3, "1.22", "", "periodic cleanup"),
    Row("Clean up probes for terminated pods", kVerbosity, 3, "1.23", "", "periodic cleanup"),
    Row("Clean up probes for terminating and terminated pods", kVerbosity, 3, "1.22", "1.22", "periodic cleanup"),
    Row("Clean up orphaned pod statuses", kVerbosity, 3, "1.22", "", "periodic cleanup"),
    Row("Clean up orphaned pod directories", kVerbosity, 3, "1.22", "", "periodic cleanup"),
    Row("Clean up orphaned pod cgroups", kVerbosity, 3, "1.22", "", "periodic cleanup"),
    Row("Clean up orphaned pod user namespace allocations", kVerbosity, 3, "1.25", "", "periodic cleanup"),
    Row("Clean up orphaned mirror pods", kVerbosity, 3, "1.25", "", "periodic cleanup"),
    Row("Evicting pod", kEvicted, 3, "1.22", "", "the eviction manager chose the pod"),
    Row("Eviction manager: pod is evicted successfully", kEvicted, 0, "1.22", "", "an evicted pod's containers are gone"),
    Row("eviction manager: pod {pod} is evicted successfully", kEvicted, 0, "1.14", "1.20", "an evicted pod's containers are gone"),
    Row("Eviction manager: must evict pod(s) to reclaim", kVerbosity, 0, "1.22", "", "evictions are about to begin"),
    Row("Eviction manager: attempting to reclaim", kVerbosity, 0, "1.22", "", "a resource is short"),
    Row("Eviction manager: pods ranked for eviction", kVerbosity, 0, "1.22", "", "in which order pods would go"),
    Row("Eviction manager: unable to evict any pods from the node", kVerbosity, 0, "1.22", "", "no pod could be evicted"),
    Row("Eviction manager: pods evicted, waiting for pod to be cleaned up", kVerbosity, 0, "1.22", "", "waits for an evicted pod's resources"),
    Row("Eviction manager: pods successfully cleaned up", kVerbosity, 0, "1.22", "", "an evicted pod's resources are reclaimed"),
    Row("Eviction manager: cannot evict a critical pod", kVerbosity, 0, "1.22", "", "a static or critical pod stays"),
    Row("Eviction manager: starting control loop", kVerbosity, 0, "1.31", "", "the kubelet starts"),
    Row("Eviction manager: failed to get summary stats", kVerbosity, 0, "1.22", "", "evictions are blind for now"),
    Row("Eviction manager: synchronize housekeeping", kVerbosity, 3, "1.22", "", "periodic"),
    Row("Eviction manager: no resources are starved", kVerbosity, 3, "1.22", "", "periodic"),
    Row("Eviction manager:", kVerbosity, 0, "1.21", "", "signal observations"),
    Fail("Eviction manager: pod failed to evict", kStopContainers, 8, 0, "1.22", "", "an evicted pod was not killed", Reason::kEvictionTimeout),
    Fail("eviction manager: pod {pod} failed to evict {error:*}", kStopContainers, 8, 0, "1.14", "1.20", "an evicted pod was not killed", Reason::kEvictionTimeout),
    Row("Preempting pod to free up resources", kPreempted, 2, "1.22", "", "the pod makes room for a critical one"),
    Row("Pod evicted successfully", kPreempted, 0, "1.22", "", "the victim's containers are gone"),
    Fail("Failed to evict pod", kStopContainers, 8, 0, "1.22", "", "a preempted pod was not killed", Reason::kEvictionTimeout),
    Row("Shutdown manager detected new shutdown event, isNodeShuttingDownNow", kVerbosity, 1, "1.22", "", "the node shuts down"),
    Row("Shutdown manager detected new shutdown event", kVerbosity, 1, "1.23", "", "the node shuts down"),
    Row("Shutdown manager processing shutdown event", kNodeShutdownStarted, 1, "1.22", "", "the node shuts down"),
    Row("Shutdown manager completed processing shutdown event, node will shutdown shortly", kNodeShutdownCompleted, 1, "1.22", "", "all pods were handled"),
    Row("Shutdown manager killing pod with gracePeriod", kShutdownKill, 1, "1.22", "", "the shutdown ends this pod"),
    Row("Shutdown manager finished killing pod", kVerbosity, 1, "1.22", "", "the shutdown ended this pod"),
    Row("Done waiting for all pods in group to terminate", kVerbosity, 1, "1.32", "", "one priority group is through"),
    Row("Restarting watch for node shutdown events", kVerbosity, 1, "1.22", "", "logind was lost"),
    Fail("Shutdown manager failed killing pod", kStopContainers, 8, 1, "1.22", "", "the shutdown could not end the pod"),
    Fail("Failed while waiting for all the volumes belonging to Pods in this group to unmount", kUnmountVolumes, 1, 0, "1.32", "", "the shutdown did not wait for the volumes any longer", Reason::kShutdownTimeout),
    Fail("Shutdown manager pod killing time out", kStopContainers, 1, 1, "1.22", "", "the shutdown did not wait for the pods any longer", Reason::kShutdownTimeout, Cause::kNodeShutdown),
    Fail("Eviction manager: timed out waiting for pods to be cleaned up", kStopContainers, 1, 0, "1.22", "", "an evicted pod is not gone in time", Reason::kEvictionTimeout),

    // --- stopping containers (kuberuntime_container.go, kubelet.go) -------------------------------
    Row("Running preStop hook", kPrestopStarted, 3, "1.21", "", "a preStop hook begins"),
    Row("PreStop hook completed", kPrestopCompleted, 3, "1.21", "", "the hook returned, or failed"),
    Row("PreStop hook not completed in grace period", kPrestopTimedOut, 2, "1.21", "", "the hook ate the whole grace"),
    Row("PreStop hook failed", kPrestopFailed, 0, "1.21", "", "the hook returned an error"),
    Row("Running preStop hook for container {container_id:q}", kPrestopStarted, 3, "1.14", "1.20", "a preStop hook begins"),
    Row("preStop hook for container {container_id:q} completed", kPrestopCompleted, 3, "1.14", "1.20", "the hook returned"),
    Row("preStop hook for container {{{_:q} {container_id:q}}} completed", kPrestopCompleted, 3, "1.14", "1.20", "the hook returned"),
    Row("preStop hook for container {container_id:q} did not complete in {grace} seconds", kPrestopTimedOut, 2, "1.14", "1.20", "the hook ate the whole grace"),
    Row("preStop hook for container {{{_:q} {container_id:q}}} did not complete in {grace} seconds", kPrestopTimedOut, 2, "1.14", "1.20", "the hook ate the whole grace"),
    Row("preStop hook for container {container:q} failed: {error:*}", kPrestopFailed, 0, "1.14", "1.20", "the hook returned an error"),
    Row("Exec lifecycle hook for Container in Pod failed", kVerbosity, 1, "1.21", "", "detail of a failed hook of either kind; PreStop hook failed tells which"),
    Row("HTTP lifecycle hook for Container in Pod failed", kVerbosity, 1, "1.21", "", "detail of a failed hook"),
    Row("HTTPS request to lifecycle hook got HTTP response, retrying with HTTP.", kVerbosity, 1, "1.26", "", "detail of a hook"),
    Row("Sleep lifecycle hook for Container in Pod failed", kVerbosity, 1, "1.29", "", "detail of a failed hook"),
    Row("Killing container with a grace period", kKillStarted, 2, "1.21", "", "the runtime is asked to stop the container; gracePeriod is what is left of the grace"),
    Row("Killing container with a grace period override", kKillAnnounced, 2, "1.21", "", "the grace granted, before hooks"),
    Row("Killing container {container_id:q} with a {grace} second grace period", kKillStarted, 2, "1.14", "1.20", "the runtime is asked to stop the container"),
    Row("Killing container {container_id:q} with {grace} second grace period", kKillStarted, 2, "1.14", "1.18", "the runtime is asked to stop the container"),
    Row("Killing container {container_id:q}, but using {grace} second grace period override", kKillAnnounced, 2, "1.14", "1.18", "the grace granted, before hooks"),
    Row("Killing container {container_id:q}, but using a {grace} second grace period override", kKillAnnounced, 2, "1.19", "1.20", "the grace granted, before hooks"),
    Row("Killing container {{{_:q} {container_id:q}}}, but using a {grace} second grace period override", kKillAnnounced, 3, "1.19", "1.20", "the grace granted, before hooks"),
    Row("Killing container {{{_:q} {container_id:q}}}, but using {grace} second grace period override", kKillAnnounced, 3, "1.14", "1.18", "the grace granted, before hooks"),
    Row("Using probe-level grace period that is greater than the pod-level grace period", kVerbosity, 4, "1.25", "", "a failed probe's own grace"),
    Row("Killing unwanted container for pod", kVerbosity, 3, "1.21", "", "a container is killed, the pod stays"),
    Row("Killing unwanted container {container:q}(id={_}) for pod {pod:q}", kVerbosity, 3, "1.14", "1.20", "a container is killed, the pod stays"),
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
    Row("Calling network plugin to set up the pod", kVerbosity, 3, "1.21", "1.23", "dockershim calls CNI ADD"),
    Row("Calling network plugin {_} to set up pod {pod:q}", kVerbosity, 3, "1.14", "1.20", "dockershim calls CNI ADD"),
    Row("Deleting pod from network", kCniNetworkDeleting, 4, "1.21", "1.23", "CNI DEL of one network"),
    Row("Deleted pod from network", kCniNetworkDeleted, 4, "1.21", "1.23", "CNI DEL of one network returned"),
    Row("Deleting {pod_namespace}_{pod_name}/{sandbox_id} from network {_}/{_} netns {_:q}", kCniNetworkDeleting, 4, "1.14", "1.20", "CNI DEL of one network"),
    Row("Deleted {pod_namespace}_{pod_name}/{sandbox_id} from network {_}/{_}", kCniNetworkDeleted, 4, "1.14", "1.20", "CNI DEL of one network returned"),
    Row("Adding pod to network", kVerbosity, 4, "1.21", "1.23", "CNI ADD of one network"),
    Row("Added pod to network", kVerbosity, 4, "1.21", "1.23", "CNI ADD of one network returned"),
    Row("CNI failed to retrieve network namespace path", kVerbosity, 0, "1.21", "1.23", "the sandbox was gone already"),
    Row("CNI failed to retrieve network namespace path: {error:*}", kVerbosity, 0, "1.14", "1.20", "the sandbox was gone already"),
    Row("CNI failed to delete loopback network", kVerbosity, 0, "1.21", "1.23", "harmless"),
    Row("CNI failed to delete loopback network: {error:*}", kVerbosity, 0, "1.14", "1.20", "harmless"),
    Fail("StopContainer from runtime service failed", kStopContainers, 1, 0, "1.21", "", "the runtime refused to stop a container"),
    Fail("StopContainer {container_id:q} from runtime service failed: {error:*}", kStopContainers, 1, 0, "1.14", "1.20", "the runtime refused to stop a container"),
    Fail("Container termination failed with gracePeriod", kStopContainers, 2, 0, "1.21", "", "one kill failed"),
    Fail("Container {container_id:q} termination failed with gracePeriod {grace}: {error:*}", kStopContainers, 2, 0, "1.14", "1.20", "one kill failed"),
    Fail("Kill container failed", kStopContainers, 3, 0, "1.21", "", "one kill failed"),
    Fail("Failed to kill container", kStopContainers, 3, 0, "1.21", "", "the kill after a failed postStart hook failed"),
    Fail("Failed to kill container {container:q}(id={container_id:q}) in pod {pod:q}: {_}, {error:*}", kStopContainers, 3, 0, "1.14", "1.20", "the kill after a failed postStart hook failed"),
    Fail("killContainer for pod failed", kStopContainers, 3, 0, "1.21", "", "the kill of an unwanted container failed"),
    Fail("killContainer {container:q}(id={{{_:q} {container_id:q}}}) for pod {pod:q} failed: {error:*}", kStopContainers, 3, 0, "1.14", "1.20", "the kill of an unwanted container failed"),
    Fail("killPodWithSyncResult failed", kStopContainers, 4, 0, "1.21", "", "some part of a kill failed; names no pod"),
    Fail("killPodWithSyncResult failed: {error:*}", kStopContainers, 4, 0, "1.14", "1.20", "some part of a kill failed; names no pod"),
    Fail("KillPod failed", kStopContainers, 5, 0, "1.22", "", "a pod could not be stopped before its restart"),
    Fail("failed to \"KillContainer\" for {container:q} with KillContainerError: {error:*}", kStopContainers, 4, 0, "1.14", "", "one kill failed; the text that HandleError prints"),
    Fail("[failed to \"KillContainer\" for {container:q} with KillContainerError: {error:*}", kStopContainers, 4, 0, "1.14", "", "kills failed; the text that HandleError prints"),
    Row("Unhandled Error", kRedirect, 0, "1.31", "", "the error text is a message of its own"),

    // --- sandbox and network ----------------------------------------------------------------------
    Fail("Error deleting pod from network", kStopSandbox, 1, 0, "1.21", "1.23", "CNI DEL failed", Reason::kCniTeardown),
    Fail("Error deleting {pod_namespace}_{pod_name}/{sandbox_id} from network {_}/{_}: {error:*}", kStopSandbox, 1, 0, "1.14", "1.20", "CNI DEL failed", Reason::kCniTeardown),
    Fail("Error deleting network when building cni runtime conf", kStopSandbox, 1, 0, "1.21", "1.23", "CNI DEL failed; names no pod", Reason::kCniTeardown),
    Fail("Error deleting network when building cni runtime conf: {error:*}", kStopSandbox, 1, 0, "1.14", "1.20", "CNI DEL failed; names no pod", Reason::kCniTeardown),
    Fail("StopPodSandbox from runtime service failed", kStopSandbox, 2, 0, "1.21", "", "the runtime could not stop the sandbox"),
    Fail("StopPodSandbox {sandbox_id:q} from runtime service failed: {error:*}", kStopSandbox, 2, 0, "1.14", "1.20", "the runtime could not stop the sandbox"),
    Fail("Failed to stop sandbox", kStopSandbox, 3, 0, "1.21", "", "the sandbox was not stopped; the reason stands one line above"),
    Fail("Failed to stop sandbox {sandbox_id:q}", kStopSandbox, 3, 0, "1.14", "1.20", "the sandbox was not stopped"),
    Fail("Failed to stop sandbox {{{_:q} {sandbox_id:q}}}", kStopSandbox, 3, 0, "1.14", "1.20", "the sandbox was not stopped"),
    Fail("Failed to stop sandbox {sandbox_id:q}: {error:*}", kStopSandbox, 1, 0, "1.14", "1.20", "dockershim could not stop the sandbox's container"),
    Fail("Unable to read pod status prior to final pod termination", kStopSandbox, 5, 0, "1.22", "1.35", "stopped, but the runtime cannot tell how; tried again"),
    Row("Both sandbox container and checkpoint could not be found. Proceed without further sandbox information.", kVerbosity, 0, "1.21", "1.23", "the sandbox was gone already"),
    Row("Both sandbox container and checkpoint for id {sandbox_id:q} could not be found. Proceed without further sandbox information.", kVerbosity, 0, "1.14", "1.20", "the sandbox was gone already"),
    Fail("failed to \"KillPodSandbox\" for {uid:q} with KillPodSandboxError: {error:*}", kStopSandbox, 4, 0, "1.14", "", "the sandbox was not stopped; the text that HandleError prints"),

    // Closes an attempt of any kind: the worker backs off. What failed stands in its err.
    Fail("Error syncing pod, skipping", kDispatch, 9, 0, "1.21", "", "the worker gives up this attempt and backs off"),
    Fail("Error syncing pod {uid} ({pod:q}), skipping: {error:*}", kDispatch, 9, 0, "1.14", "1.20", "the worker gives up this attempt and backs off"),

    // --- volumes ------------------------------------------------------------------------------------
    Row("Removing volume from desired state", kVolumeUndesired, 4, "1.21", "", "the containers are gone, so the volume may go"),
    Row("Removing volume from desired state for volume {volume:q} (UniqueName: {unique_name:q}) pod {pod_name:q} (UID: {uid:q})", kVolumeUndesired, 4, "1.14", "1.20", "the containers are gone, so the volume may go"),
    Row("Pod still has one or more containers in the non-exited state and will not be removed from desired state", kVerbosity, 4, "1.21", "", "the volumes wait for the containers"),
    Row("Pod {pod:q} still has one or more containers in the non-exited state. Therefore, it will not be removed from desired state.", kVerbosity, 4, "1.14", "1.20", "the volumes wait for the containers"),
    Row("Actual state does not yet have volume mount information and pod still exists in pod manager, skip removing volume from desired state", kVerbosity, 4, "1.21", "", "the volumes wait"),
    Row("Starting operationExecutor.UnmountVolume for volume {_:*}", kVerbosity, 5, "1.14", "", "tried ten times a second; most find an operation under way"),
    Row("Starting operationExecutor.UnmountDevice for volume {_:*}", kVerbosity, 5, "1.14", "", "tried ten times a second"),
    Row("Starting operationExecutor.DetachVolume for volume {_:*}", kVerbosity, 5, "1.14", "", "tried ten times a second"),
    Row("operationExecutor.UnmountVolume started for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q})", kUnmountStarted, 0, "1.14", "", "an unmount begins; with nothing better, containers are gone by now"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGidValue {_:q}", kUnmounted, 0, "1.14", "1.31", "the volume is unmounted"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.32", "1.34", "the volume is unmounted"),
    Row("UnmountVolume.TearDown succeeded for volume {unique_name:q} pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {volume:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.35", "", "the volume is unmounted"),
    Row("UnmapVolume succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGidValue {_:q}", kUnmounted, 0, "1.14", "1.31", "the block volume is unmapped"),
    Row("UnmapVolume succeeded for volume {unique_name:q} (OuterVolumeSpecName: {volume:q}) pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {_:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.32", "1.34", "the block volume is unmapped"),
    Row("UnmapVolume succeeded for volume {unique_name:q} pod {_:q} (UID: {uid:q}). InnerVolumeSpecName {volume:q}. PluginName {plugin:q}, VolumeGIDValue {_:q}", kUnmounted, 0, "1.35", "", "the block volume is unmapped"),
    Row("kubernetes.io/csi: Unmounter.TearDown({_:*}", kVerbosity, 4, "1.22", "1.22", "inside of an unmount"),
    Row("kubernetes.io/csi: Unmounter.TearDownAt({_:*}", kVerbosity, 4, "1.23", "", "inside of an unmount"),
    Row("kubernetes.io/csi: Unmounter.TearDownAt successfully unmounted dir {_:*}", kVerbosity, 4, "1.23", "", "inside of an unmount"),
    Row("kubernetes.io/csi: calling NodeUnpublishVolume rpc", kVerbosity, 4, "1.24", "", "inside of an unmount"),
    Row("kubernetes.io/csi: calling NodeUnpublishVolume rpc: {_:*}", kVerbosity, 4, "1.22", "1.23", "inside of an unmount"),
    Row("kubernetes.io/csi: calling NodeUnstageVolume rpc", kVerbosity, 4, "1.24", "", "inside of a device unmount"),
    Row("kubernetes.io/csi: calling NodeUnstageVolume rpc [{_:*}", kVerbosity, 4, "1.22", "1.23", "inside of a device unmount"),
    Fail("kubernetes.io/csi: attacher.UnmountDevice failed to get driver and volume name from device mount path: {error:*}", kUnmountVolumes, 1, 0, "1.22", "", "a device cannot be unmounted: its metadata is lost; names no pod", Reason::kCsiMetadataLost),
    Row("kubernetes.io/csi: attacher.UnmountDevice STAGE_UNSTAGE_VOLUME capability not set. Skipping UnmountDevice...", kVerbosity, 0, "1.22", "", "inside of a device unmount"),
    Row("kubernetes.io/csi: attacher.UnmountDevice{_:*}", kVerbosity, 4, "1.22", "", "inside of a device unmount"),
    Row("Tearing down volume {volume} for pod {uid} at {_:*}", kVerbosity, 3, "1.14", "", "inside of an unmount"),
    Row("Unmounting {_:*}", kVerbosity, 4, "1.14", "", "inside of an unmount"),
    Row("Warning: Unmount skipped because path does not exist: {_:*}", kVerbosity, 0, "1.14", "", "already unmounted"),
    Row("operationExecutor.UnmountDevice started for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmountStarted, 0, "1.14", "", "the device's global mount is being undone"),
    Row("UnmountDevice succeeded for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmounted, 0, "1.23", "", "the device's global mount is gone"),
    Row("UnmountDevice succeeded for volume {volume:q} %!(EXTRA string=UnmountDevice succeeded for volume {_:q} (UniqueName: {unique_name:q}) on node {_:q} )", kDeviceUnmounted, 0, "1.14", "1.22", "the device's global mount is gone"),
    Row("UnmountDevice succeeded for volume {volume:q} {_:*}", kDeviceUnmounted, 0, "1.14", "1.22", "the device's global mount is gone"),
    Row("UnmapDevice succeeded for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kDeviceUnmounted, 0, "1.14", "", "the block device is unmapped"),
    Row("Volume detached for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q} DevicePath {_:q}", kVolumeDetached, 0, "1.14", "", "the volume is gone from the node; printed for every volume"),
    Row("operationExecutor.DetachVolume started for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kVerbosity, 0, "1.14", "", "only where the kubelet itself attaches"),
    Row("DetachVolume.Detach succeeded for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q}", kVolumeDetached, 0, "1.14", "", "only where the kubelet itself attaches"),
    Row("Waiting for volumes to unmount for pod", kVerbosity, 3, "1.22", "", "the worker waits for the volumes"),
    Row("All volumes are unmounted for pod", kVolumesUnmounted, 3, "1.22", "", "the worker need not wait for volumes; no proof that they are gone"),
    Row("Pod termination unmounted volumes", kVolumesUnmounted, 4, "1.22", "", "the worker need not wait for volumes; no proof that they are gone"),
    Row("Pod termination cleaned up volume paths", kVolumePathsCleaned, 3, "1.27", "", "no volume path is left"),
    Row("Pod is terminated, but some volumes have not been cleaned up", kVerbosity, 3, "1.22", "", "repeated while volumes are left"),
    Row("Pod found, but volumes are still mounted on disk", kVerbosity, 4, "1.22", "", "repeated while volumes are left"),
    Row("Pod found, but error occurred during checking mounted volumes from disk", kVerbosity, 0, "1.22", "", "repeated ten times a second, so no failed attempt"),
    Row("Pod is terminated, but some container status has not yet been reported", kVerbosity, 3, "1.22", "1.26", "repeated while a status is missing"),
    Row("Pod is terminated, but some containers are still running", kVerbosity, 3, "1.22", "1.26", "repeated while containers run"),
    Row("Pod is terminated, but pod cgroup sandbox has not been cleaned up", kVerbosity, 3, "1.22", "1.26", "repeated while the cgroup is left"),
    Row("Pod {pod:q} is terminated, but some containers are still running", kVerbosity, 3, "1.14", "1.20", "repeated while containers run"),
    Row("Pod {pod:q} is terminated, but some containers have not been cleaned up: {_:*}", kVerbosity, 3, "1.14", "1.20", "repeated while containers are left"),
    Row("Pod {pod:q} is terminated, but some volumes have not been cleaned up", kVerbosity, 3, "1.14", "1.20", "repeated while volumes are left"),
    Row("Pod {pod:q} is terminated, but pod cgroup sandbox has not been cleaned up", kVerbosity, 3, "1.14", "1.20", "repeated while the cgroup is left"),
    Fail("Operation for \"{{volumeName:{unique_name} podName:{uid} nodeName:{_}}}\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:q}", kUnmountVolumes, 1, 0, "1.14", "1.21", "a mount or unmount failed and is tried again later"),
    Fail("Operation for \"{{volumeName:{unique_name} podName:{uid} nodeName:{_}}}\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "a mount or unmount failed and is tried again later"),
    Fail("Operation for \"\\\"{unique_name}\\\"\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "1.18", "a device operation failed and is tried again later"),
    Fail("Operation for \"\\\"{unique_name}\\\" (\\\"{uid}\\\")\" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*}", kUnmountVolumes, 1, 0, "1.14", "1.18", "a mount or unmount failed and is tried again later"),
    Fail("operationExecutor.UnmountVolume failed {_} for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q}) : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "an unmount could not be begun"),
    Fail("volumeHandler.UnmountVolumeHandler for UnmountVolume failed for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q}) : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "the unmount of a volume found on disk could not be begun"),
    Fail("UnmountVolume.MarkVolumeAsUnmounted failed for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q}) : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "unmounted, but the kubelet could not note it"),
    Fail("UnmountVolume.MarkVolumeMountAsUncertain failed for volume {volume:q} (UniqueName: {unique_name:q}) pod {_:q} (UID: {uid:q}) : {error:*}", kUnmountVolumes, 1, 0, "1.22", "", "an unmount failed, and the kubelet could not note it"),
    Fail("operationExecutor.UnmountDevice failed {_} for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q} : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "a device unmount could not be begun"),
    Fail("operationExecutor.DetachVolume failed {_} for volume {volume:q} (UniqueName: {unique_name:q}) on node {_:q} : {error:*}", kUnmountVolumes, 1, 0, "1.14", "", "a detach could not be begun"),
    Fail("operation {{volumeName:{unique_name} podName:{uid} nodeName:{_}}} failed with: {error:*}", kUnmountVolumes, 1, 0, "1.19", "", "a mount or unmount failed and is not tried again by itself"),

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
    Fail("Failed to kill all the processes attached to cgroup", kRemoveCgroup, 1, 0, "1.21", "", "processes are left in the pod's cgroup", Reason::kCgroupBusy),
    Fail("failed to kill all the processes attached to the {cgroup_list} cgroups", kRemoveCgroup, 1, 0, "1.14", "1.20", "processes are left in the pod's cgroup", Reason::kCgroupBusy),
    Fail("Failed to destroy orphaned pod cgroup", kRemoveCgroup, 2, 0, "1.35", "", "the pod's cgroup could not be removed", Reason::kCgroupBusy),
    Row("Attempt failed to kill all unwanted process from cgroup, retrying", kVerbosity, 3, "1.21", "", "left-over processes"),
    Row("Attempt {_} failed to kill all unwanted process from cgroup: {_:*}", kVerbosity, 3, "1.14", "1.20", "left-over processes"),
    Row("Attempting to kill process from cgroup", kVerbosity, 3, "1.21", "", "left-over processes"),
    Row("Attempt to kill process with pid: {_} from cgroup: {_:*}", kVerbosity, 3, "1.14", "1.20", "left-over processes"),
    Row("Failed to kill process from cgroup", kVerbosity, 3, "1.21", "", "left-over processes"),
    Row("failed to kill process with pid: {_} from cgroup: {_:*}", kVerbosity, 3, "1.14", "1.20", "left-over processes"),
    Row("Successfully killed all unwanted processes from cgroup", kVerbosity, 3, "1.21", "", "left-over processes"),
    Row("successfully killed all unwanted processes from cgroup: {_:*}", kVerbosity, 3, "1.14", "1.20", "left-over processes"),
    Row("Failed to update QoS cgroups while killing pod", kVerbosity, 2, "1.22", "", "does not hold the pod up"),
    Row("Failed to update QoS cgroups while syncing pod", kVerbosity, 2, "1.22", "", "does not hold the pod up"),
    Row("Failed to reduce cpu time for pod pending volume cleanup", kVerbosity, 0, "1.22", "", "does not hold the pod up"),
    Row("Cgroup manager encountered error scanning cgroup path", kVerbosity, 4, "1.21", "", "a cgroup went while it was being read"),
    Row("The cgroup has some missing paths", kVerbosity, 4, "1.21", "", "worker"),
    Row("Updated QoS cgroup configuration", kVerbosity, 4, "1.21", "", "worker"),
    Row("Generating pod status", kStatusGenerating, 3, "1.22", "", "a status is being made up"),
    Row("Got phase for pod", kVerbosity, 4, "1.22", "", "status"),
    Row("Status for pod updated successfully", kStatusUpdated, 3, "1.21", "", "the API server took a status"),
    Row("Status for pod {pod:q} updated successfully: {_:*}", kStatusUpdated, 3, "1.14", "1.20", "the API server took a status"),
    Row("Patch status for pod", kVerbosity, 3, "1.21", "", "status"),
    Row("Patch status for pod {pod:q} with {_:*}", kVerbosity, 3, "1.14", "1.20", "status"),
    Row("Status for pod {uid:q} is up-to-date; skipping", kVerbosity, 1, "1.14", "1.20", "status"),
    Row("Status for pod {pod:q} is up-to-date: ({_})", kVerbosity, 3, "1.14", "1.20", "status"),
    Row("Pod does not exist on the server", kVerbosity, 3, "1.21", "", "a status came too late"),
    Row("Pod {pod:q} does not exist on the server", kVerbosity, 3, "1.14", "1.20", "a status came too late"),
    Row("Pod was deleted and then recreated, skipping status update", kVerbosity, 2, "1.21", "", "a status came too late"),
    Row("Pod {pod:q} was deleted and then recreated, skipping status update; old UID {_:q}, new UID {_:q}", kVerbosity, 2, "1.14", "1.20", "a status came too late"),
    Row("Marking terminal pod as failed", kVerbosity, 3, "1.27", "", "status"),
    Row("TerminatePod calling updateStatusInternal", kVerbosity, 5, "1.22", "", "status"),
    Row("Pod status is inconsistent with cached status for pod, a reconciliation should be triggered", kVerbosity, 3, "1.21", "", "status"),
    Row("Pod status is inconsistent with cached status for pod {pod:q}, a reconciliation should be triggered:{_:*}", kVerbosity, 3, "1.14", "1.20", "status"),
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
    Fail("Failed to get status for pod {pod:q}: {error:*}", kUpdateStatus, 1, 0, "1.14", "1.20", "the API server did not answer", Reason::kApiStatus),
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
    Row("Cleaned up orphaned volume from pod", kVerbosity, 0, "1.22", "", "one volume; the folder's own line follows"),
    Row("Cleaned up orphaned volume subpath from pod", kVerbosity, 0, "1.22", "", "one subpath; the folder's own line follows"),
    Fail("Orphaned pod found, but failed to remove volumes subdir", kUnmountVolumes, 1, 0, "1.22", "", "a pod that is gone left volumes", Reason::kOrphanVolumes),
    Fail("Failed to remove orphaned pod subdir", kUnmountVolumes, 1, 0, "1.22", "", "a pod that is gone left files", Reason::kOrphanVolumes),
    Fail("Failed to remove orphaned pod dir", kUnmountVolumes, 1, 0, "1.22", "", "a pod that is gone left files", Reason::kOrphanVolumes),
    Row("Could not read directory", kVerbosity, 0, "1.22", "", "cleanup"),
    Row("Orphan pod", kVerbosity, 5, "1.22", "", "cleanup, one line for each error"),
    Row("Orphaned pod found, but volumes are not cleaned up", kOrphanVolumesRemain, 3, "1.22", "", "a pod that is gone left volumes"),
    Fail("Orphaned pod {uid:q} found, but volume paths are still present on disk{_:*}", kUnmountVolumes, 1, 0, "1.14", "1.20", "a pod that is gone left volumes", Reason::kOrphanVolumes),
    Fail("orphaned pod {uid:q} found, but {error:*}", kUnmountVolumes, 1, 0, "1.17", "1.20", "a pod that is gone left volumes", Reason::kOrphanVolumes),
    Row("Orphaned pod {uid:q} found, but volumes not yet removed. {_:*}", kVerbosity, 3, "1.14", "1.20", "cleanup waits for the volumes"),
    Row("Orphaned pod {uid:q} found, removing{_:*}", kVerbosity, 3, "1.14", "1.20", "cleanup"),
    Fail("There were many similar errors. Turn up verbosity to see them.", kUnmountVolumes, 1, 0, "1.22", "", "pods that are gone left volumes", Reason::kOrphanVolumes),
    Row("Orphaned pod found, removing pod cgroups", kVerbosity, 3, "1.22", "", "cleanup"),
    Row("Orphaned pod found, removing", kVerbosity, 3, "1.22", "", "cleanup"),
    Row("Orphaned pod found, but volumes not yet removed.  Reducing cpu to minimum", kVerbosity, 3, "1.22", "", "cleanup waits for the volumes"),

    // --- recorder events ------------------------------------------------------------------------------------
    Row("Event occurred", kRecorded, 3, "1.19", "", "what the kubelet tells the API as an Event"),
    Row("Event(v1.ObjectReference{{Kind:\"Pod\", Namespace:\"{pod_namespace}\", Name:\"{pod_name}\", UID:\"{uid}\", {_}): type: '{_}' reason: '{reason}' {detail:*}", kRecorded, 3, "1.14", "1.20", "what the kubelet tells the API as an Event"),
    Row("Event(v1.ObjectReference{{{_}): type: '{_}' reason: '{reason}' {detail:*}", kRecorded, 3, "1.14", "1.20", "an Event of something that is no pod"),
    Row("Event({_}): type: {_} reason: {reason:q} {detail:*}", kRecorded, 3, "1.14", "1.20", "what the kubelet tells the API as an Event"),

    // --- only of use for the verbosity -----------------------------------------------------------------------
    Level("computePodActions got for pod", 3, "1.21", ""),
    Level("Removing container", 4, "1.21", ""),
    Level("Removing sandbox", 4, "1.21", ""),
    Level("Removing pod logs", 4, "1.22", ""),
    Level("Mark when the pod was running for the first time", 3, "1.26", ""),
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
        auto& bucket = built_[static_cast<unsigned char>(prefix.front())];
        bucket.push_back({std::move(prefix), &row});
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
