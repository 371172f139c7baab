// SPDX-License-Identifier: Apache-2.0
// Each of the reasons, from the line that shows it to what an operator sees.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kU(kUid);

std::string Error(double at, const std::string& text) { return At(at, text, 4321, 'E'); }

std::string KillFailed(const std::string& error) {
  return Error(13, "\"Container termination failed with gracePeriod\" err=\"" + error +
                       "\" pod=\"default/web-1\" podUID=" + kU +
                       " containerName=\"app\" containerID=\"containerd://" + kApp +
                       "\" gracePeriod=30");
}

std::string SandboxFailed(const std::string& error) {
  return Error(13, "\"StopPodSandbox from runtime service failed\" err=\"" + error +
                       "\" podSandboxID=\"" + kSandbox + "\"");
}

std::string UnmountFailed(const std::string& error) {
  return Error(13, "Operation for \"{volumeName:kubernetes.io/csi/" + kU + "-data podName:" + kU +
                       " nodeName:}\" failed. No retries permitted until x (durationBeforeRetry "
                       "500ms). Error: " +
                       error);
}

std::string SyncFailed(const std::string& error) {
  return Error(13, "\"Error syncing pod, skipping\" err=\"" + error +
                       "\" pod=\"default/web-1\" podUID=" + kU);
}

const Lines kBegun = {At(0, SyncLoop("ADD")), At(1, Pleg("ContainerStarted", kSandbox)),
                      At(1, Pleg("ContainerStarted", kApp)), At(10, SyncLoop("DELETE"))};

Lines Killed() {
  Lines lines = kBegun;
  lines.push_back(At(10.1, Kill(30)));
  return lines;
}

Lines ContainersGone() {
  Lines lines = Killed();
  lines.push_back(At(11, Finished(0)));
  lines.push_back(At(11.1, Pleg("ContainerDied", kApp)));
  return lines;
}

Lines Unmounting() {
  Lines lines = ContainersGone();
  lines.push_back(At(11.2, Pleg("ContainerDied", kSandbox)));
  lines.push_back(At(11.3, Volume("started", "data")));
  return lines;
}

struct Case {
  Reason reason;
  Phase phase;
  Lines before;
  std::string line;     // what shows it
  double now = 14;      // when somebody looks
  bool failure = true;  // it stands in the record's failures, not only in `current`
};

std::vector<Case> Cases() {
  using enum Reason;
  using enum Phase;
  return {
      {kVolumeBusy, kUnmountVolumes, Unmounting(),
       UnmountFailed("UnmountVolume.TearDown failed: device or resource busy")},
      {kVolumeHung, kUnmountVolumes, Unmounting(),
       UnmountFailed("UnmountVolume.TearDown failed: stale NFS file handle")},
      {kVolumeHung, kUnmountVolumes, Unmounting(), "", 200, false},
      {kCsiMetadataLost, kUnmountVolumes, Unmounting(),
       UnmountFailed(
           "UnmountVolume.NewUnmounter failed: open /x/vol_data.json: no such file or directory")},
      {kCsiError, kUnmountVolumes, Unmounting(),
       UnmountFailed("UnmountVolume.TearDown failed: rpc error: code = Internal desc = x")},
      {kFuseDisconnected, kUnmountVolumes, Unmounting(),
       UnmountFailed(
           "UnmountVolume.TearDown failed: stat /x: transport endpoint is not connected")},
      {kDeviceInUse, kUnmountVolumes, Unmounting(),
       UnmountFailed("UnmountDevice failed: device mount path \\\"/x\\\" is still mounted by other "
                     "references [/y]")},
      {kVolumeWaitTimeout, kUnmountVolumes, Unmounting(),
       SyncFailed("mounted volumes=[data]: timed out waiting for the condition")},
      {kRuntimeStopTimeout, kStopContainers, Killed(),
       KillFailed("rpc error: code = DeadlineExceeded desc = context deadline exceeded")},
      {kSignalDenied, kStopContainers, Killed(),
       KillFailed("unable to signal init: permission denied")},
      {kRuntimeDown, kStopContainers, Killed(),
       KillFailed("rpc error: code = Unavailable desc = dial unix /run/containerd/containerd.sock: "
                  "connect: connection refused")},
      {kRuntimeError, kStopContainers, Killed(),
       KillFailed("rpc error: code = Unknown desc = failed to kill container: exit status 255")},
      {kGraceExceeded, kStopContainers, Killed(), "", 60, false},
      {kCniTeardown, kStopSandbox, ContainersGone(),
       SandboxFailed("failed to destroy network for sandbox \\\"x\\\": plugin type=\\\"calico\\\" "
                     "failed (delete)")},
      {kSandboxStopTimeout, kStopSandbox, ContainersGone(),
       SandboxFailed("rpc error: code = DeadlineExceeded desc = context deadline exceeded")},
      {kSandboxStopTimeout, kStopSandbox, ContainersGone(),
       SyncFailed("unable to read pod status prior to final pod termination: rpc error: code = "
                  "DeadlineExceeded desc = context deadline exceeded")},
      {kDraUnprepare, kStopSandbox, ContainersGone(),
       SyncFailed("unprepare dynamic resources: claim x")},
      {kPrestopTimeout, kPrestop, kBegun,
       At(18, OfContainer("PreStop hook not completed in grace period", "gracePeriod=8")), 18.1},
      {kMountPending, kDispatch, kBegun,
       Error(13, "Operation for \"{volumeName:kubernetes.io/secret/" + kU + "-x podName:" + kU +
                     " nodeName:}\" failed. No retries permitted until x (durationBeforeRetry 1s). "
                     "Error: MountVolume.SetUp failed for "
                     "volume \"x\" : object \"default\"/\"x\" not registered")},
      {kPullBlocked, kDispatch, kBegun,
       SyncFailed("failed to \\\"StartContainer\\\" for \\\"app\\\" with ImagePullBackOff: "
                  "\\\"Back-off pulling image x\\\""),
       14, false},
      {kCgroupBusy, kRemoveCgroup, Unmounting(),
       SyncFailed(
           "failed to delete cgroup paths for [kubepods pod1] : unable to destroy cgroup paths")},
      {kCgroupBusy, kRemoveCgroup, Unmounting(),
       SyncFailed("failed to kill all the processes attached to the [kubepods pod1] cgroups : x")},
      {kApiStatus, kUpdateStatus, Unmounting(),
       At(13,
          "\"Failed to update status for pod\" pod=\"default/web-1\" err=\"failed to patch status: "
          "connection refused\"")},
      {kApiStatus, kRemoveFromApi, Unmounting(),
       At(13,
          "\"Failed to delete status for pod\" pod=\"default/web-1\" err=\"etcdserver: request "
          "timed out\"")},
      {kPlegUnhealthy, kStopContainers, Killed(),
       Error(13,
             "\"Skipping pod synchronization\" err=\"PLEG is not healthy: pleg was last seen "
             "active 3m5s ago\""),
       14, false},
      {kKubeletRestart, kStopContainers, Killed(), At(13, SyncLoop("ADD"), 5555), 14, false},
      {kEvictionTimeout, kStopContainers, Killed(),
       At(13,
          "\"Eviction manager: timed out waiting for pods to be cleaned up\" "
          "pods=[default/web-1]")},
  };
}

TEST(Reasons, FromTheLineToWhatAnOperatorSees) {
  for (const Case& c : Cases()) {
    Lines lines = c.before;
    if (!c.line.empty()) lines.push_back(c.line);
    lines.push_back(At(c.now, SyncLoop("ADD", "default/clock"),
                       c.reason == Reason::kKubeletRestart ? 5555 : 4321));
    const Measured run = Replay(lines);
    SCOPED_TRACE(std::string(Name(c.reason)) + " in " + std::string(Name(c.phase)));
    ASSERT_EQ(run.in_flight.size(), 1u);
    const TerminationRecord& record = run.in_flight[0];
    if (c.failure) {
      ASSERT_EQ(record.failures.size(), 1u);
      EXPECT_EQ(Name(record.failures[0].reason), Name(c.reason));
      EXPECT_EQ(Name(record.failures[0].phase), Name(c.phase));
      EXPECT_FALSE(record.failures[0].message.empty());
      EXPECT_EQ(record.failures[0].count, 1);
    } else {
      ASSERT_TRUE(record.current && record.current->reason);
      EXPECT_EQ(Name(*record.current->reason), Name(c.reason));
      EXPECT_EQ(Name(record.current->phase), Name(c.phase));
      EXPECT_FALSE(record.current->hint.empty());
    }
  }
}

TEST(Reasons, AHookTimeoutAsKubelet120PrintsIt) {
  Lines lines = kBegun;
  lines.push_back(At(10.1, Pleg("ContainerStarted", kApp)));
  lines.push_back(
      At(18, "preStop hook for container \"docker://" + kApp + "\" did not complete in 8 seconds"));
  const Measured run = Replay(lines);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kPrestopTimeout);
}

TEST(Reasons, FinalizerHoldsAPodThatIsGone) {
  Lines lines = Unmounting();
  lines.push_back(At(12, Volume("unmounted", "data")));
  lines.push_back(At(12.5, SyncLoop("DELETE")));
  lines.push_back(At(30, SyncLoop("ADD", "default/clock")));
  const Measured run = Replay(lines);
  EXPECT_EQ(run.only().current->phase, Phase::kRemoveFromApi);
  EXPECT_EQ(run.only().current->reason, Reason::kApiFinalizer);
}

TEST(Reasons, WhatWasGoneAlreadyIsNoFailure) {
  Lines lines = Killed();
  lines.push_back(KillFailed(
      "rpc error: code = Unknown desc = Error response from daemon: No such container: dc18"));
  const Measured run = Replay(lines);
  EXPECT_TRUE(run.only().failures.empty());
  EXPECT_EQ(run.metric("kubelet_lifecycle_container_kill_failures_total"), 0);
}

TEST(Reasons, OtherKeepsTheFirstRawSample) {
  Lines lines = Killed();
  lines.push_back(KillFailed("something quite new"));
  const Measured run = Replay(lines);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kOther);
  EXPECT_NE(run.only().failures[0].message.find("something quite new"), std::string::npos);
}

// Where the line above it was lost.
TEST(Reasons, ALineThatTellsNoReasonWaitsForTheNextOneOfItsAttempt) {
  Lines lines = ContainersGone();
  lines.push_back(
      Error(12.9, "\"Failed to stop sandbox\" podSandboxID={\"Type\":\"containerd\",\"ID\":\"" +
                      kSandbox + "\"}"));
  lines.push_back(
      SyncFailed("failed to \\\"KillPodSandbox\\\" for \\\"" + kU +
                 "\\\" with KillPodSandboxError: \\\"rpc error: code = DeadlineExceeded\\\""));
  const Measured run = Replay(lines);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(Name(run.only().failures[0].reason), "sandbox_stop_timeout");
  EXPECT_EQ(run.only().failures[0].count, 1);
  EXPECT_NE(run.only().failures[0].message.find("KillPodSandbox"), std::string::npos);
  EXPECT_EQ(run.metric("kubelet_lifecycle_sandbox_stop_failures_total"), 1);
}

TEST(Reasons, NodeShutdownThatDidNotWait) {
  const Measured run = Replay(
      {At(0, SyncLoop("ADD")), At(1, Pleg("ContainerStarted", kSandbox)),
       At(1, Pleg("ContainerStarted", kApp)),
       At(10, "\"Shutdown manager processing shutdown event\""),
       At(10.1,
          "\"Shutdown manager killing pod with gracePeriod\" pod=\"default/web-1\" gracePeriod=30"),
       At(10.2, Kill(30)),
       At(40, "\"Shutdown manager pod killing time out\" gracePeriod=30 priority=0")});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kNodeShutdown);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kShutdownTimeout);
}

// A sync that a deletion cuts short tells what its start failed for.
TEST(Reasons, AStartThatFailsForItsCgroupIsNoRemovalOfIt) {
  for (const char* error :
       {"failed to ensure that the pod: u cgroups exist and are correctly applied: unit exists",
        "failed to \\\"StartContainer\\\" for \\\"app\\\" with RunContainerError: \\\"unable to "
        "apply "
        "cgroup configuration\\\""}) {
    Lines lines = kBegun;
    lines.push_back(SyncFailed(error));
    const Measured run = Replay(lines);
    EXPECT_TRUE(run.only().failures.empty()) << error;
    EXPECT_EQ(run.metric("kubelet_lifecycle_cgroup_removal_failures_total"), 0) << error;
  }
}

// The kubelet's own patience with one pod, at a shutdown's grace and half of it.
TEST(Reasons, NodeShutdownThatCouldNotEndAPod) {
  for (const std::string& failed :
       {std::string("\"Shutdown manager failed killing pod\" pod=\"default/web-1\" "
                    "err=\"timeout waiting to kill pod\""),
        "Shutdown manager failed killing pod \"web-1_default(" + kU +
            ")\": timeout waiting to kill pod"}) {
    const Measured run =
        Replay({At(0, SyncLoop("ADD")), At(1, Pleg("ContainerStarted", kSandbox)),
                At(1, Pleg("ContainerStarted", kApp)),
                At(10.1,
                   "\"Shutdown manager killing pod with gracePeriod\" pod=\"default/web-1\" "
                   "gracePeriod=30"),
                At(10.2, Kill(30)), At(55, failed)});
    ASSERT_EQ(run.in_flight.size(), 1u) << failed;
    ASSERT_EQ(run.only().failures.size(), 1u) << failed;
    EXPECT_EQ(run.only().failures[0].reason, Reason::kShutdownTimeout) << failed;
  }
}

TEST(Reasons, VolumesOfAnOrphanAreCounted) {
  const Measured run = Replay({Error(
      1,
      "\"There were many similar errors. Turn up verbosity to see them.\" err=\"orphaned pod "
      "\\\"" +
          kU + "\\\" found, but error not a directory occurred\" numErrs=3")});
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_failures_total"), 1);
}

TEST(Reasons, AllHaveATest) {
  std::set<Reason> seen = {Reason::kApiFinalizer, Reason::kAlreadyGone, Reason::kOther,
                           Reason::kShutdownTimeout, Reason::kOrphanVolumes};
  seen.insert(Reason::kOomKilled);  // runtime_test.cc: the kernel's lines
  for (const Case& c : Cases()) seen.insert(c.reason);
  for (int i = 0; i < kReasonCount; ++i) {
    EXPECT_TRUE(seen.contains(static_cast<Reason>(i))) << Name(static_cast<Reason>(i));
  }
}

}  // namespace
}  // namespace kle
