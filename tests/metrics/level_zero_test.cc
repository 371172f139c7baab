// SPDX-License-Identifier: Apache-2.0
// Below -v 2, where the kubelet prints no deletion and no runtime's lines are read: what unmounts,
// failures and the pod's folder tell.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kVerify =
    "\"operationExecutor.VerifyControllerAttachedVolume started for volume \\\"creds\\\" "
    "(UniqueName: \\\"kubernetes.io/secret/" +
    std::string(kUid) + "-creds\\\") pod \\\"web-1\\\" (UID: \\\"" + std::string(kUid) +
    "\\\") \" pod=\"default/web-1\"";

// The lines of its mounts are all that name a pod.
TEST(LevelZero, APodIsNamedByItsMounts) {
  const Measured run =
      Replay({At(0, kVerify), At(10, Volume("started", "creds")), At(600, "\"Any other line\"")});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.only().namespace_, "default");
  EXPECT_EQ(run.only().pod, "web-1");
}

std::string SandboxFailed(double at) {
  return At(at,
            OfPod("Error syncing pod, skipping",
                  "err=\"failed to \\\"KillPodSandbox\\\" for \\\"x\\\": plugin type=calico "
                  "failed (delete)\""),
            4321, 'E');
}

TEST(LevelZero, ADeletionIsProvenByItsFolderAndNotTimed) {
  const Measured run = Replay({At(10, Volume("started", "creds")),
                               At(10.1, Volume("unmounted", "creds")), At(12, kCleaned)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kUnknown);
  EXPECT_EQ(run.only().state, State::kRemoved);
  EXPECT_FALSE(run.only().requested_at.has_value());
  EXPECT_FALSE(run.only().termination().has_value());
  EXPECT_EQ(run.only().volumes.size(), 1u);
  EXPECT_EQ(run.summary.verbosity_seen, 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_count"), 1);
}

TEST(LevelZero, AJobsOwnEndIsNoTermination) {
  const Measured run =
      Replay({At(10, Volume("started", "creds")), At(10.1, Volume("unmounted", "creds"))});
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.counts.started, 0u);
}

TEST(LevelZero, ALogThatBeginsInTheMiddleOfATermination) {
  const Measured run =
      Replay({At(10, Volume("started", "creds")), At(10.1, Volume("unmounted", "creds")),
              At(11, SyncLoop("DELETE")), At(11.001, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u) << "the pod has no name yet where its volume goes";
  EXPECT_FALSE(run.only().termination().has_value());
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
}

TEST(LevelZero, AHangingUnmountIsInFlight) {
  const Measured run =
      Replay({At(10, Volume("started", "creds")), At(400, Volume("started", "creds"))});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.only().current->phase, Phase::kUnmountVolumes);
  EXPECT_EQ(run.only().current->reason, Reason::kVolumeHung);
  EXPECT_GT(run.only().current->overdue, Duration::zero());
}

// A sandbox that cannot be stopped is the first that is seen of a termination.
TEST(LevelZero, AStuckSandboxIsSeen) {
  const Measured stuck =
      Replay({At(0, kVerify), SandboxFailed(10), SandboxFailed(30), SandboxFailed(60)});
  ASSERT_EQ(stuck.in_flight.size(), 1u);
  EXPECT_EQ(stuck.only().current->phase, Phase::kStopSandbox);
  ASSERT_EQ(stuck.only().failures.size(), 1u);
  EXPECT_EQ(stuck.only().failures[0].reason, Reason::kCniTeardown);
  EXPECT_EQ(stuck.only().failures[0].count, 3);
  EXPECT_TRUE(stuck.only().current->hint.ends_with(
      " Runbook: dashboards/runbooks/reasons.md#cni-teardown"));
  EXPECT_EQ(stuck.metric("kubelet_lifecycle_sandbox_stop_failures_total"), 3);
  // It went on: its sandbox had been replaced.
  const Measured lives = Replay({At(0, kVerify), SandboxFailed(10),
                                 At(3600, "\"Cleaned up orphaned pod volumes dir\" podUID=\"" +
                                              std::string(36, '0') + "\" path=\"/p\"")});
  EXPECT_EQ(lives.size(), 0u);
}

// A pod that was refused never ran: its volumes' end is no termination, at any level.
TEST(LevelZero, ARefusedPodsVolumesAreNoTermination) {
  const Measured run = Replay({At(0, OfPod("Pod admission denied", "reason=\"OutOfcpu\"")),
                               At(1, Volume("started", "creds")),
                               At(1.1, Volume("unmounted", "creds")), At(300, kCleaned)});
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

TEST(LevelZero, AnEvictionIsToldWhenItIsOver) {
  const Measured run =
      Replay({At(0, kVerify),
              At(10, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\""),
              At(10.1, Volume("started", "creds")), At(10.2, Volume("unmounted", "creds")),
              At(300, kCleaned)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  EXPECT_EQ(run.only().outcome, Outcome::kUnknown);
  EXPECT_FALSE(run.only().requested_at.has_value());
}

// No mount is printed there: how many volumes are to go is not known.
TEST(LevelZero, AnEvictedPodsVolumesGoOneAfterAnother) {
  const Measured run =
      Replay({At(0, kVerify),
              At(10, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\""),
              At(10.1, Volume("started", "creds")), At(10.2, Volume("unmounted", "creds")),
              At(10.3, Volume("started", "data")), At(10.6, Volume("unmounted", "data")),
              At(300, kCleaned)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_NEAR(ToSeconds(*Find(run.only(), Phase::kUnmountVolumes)->duration()), 0.5, 1e-6);
}

// A sandbox that was replaced takes nothing from the pod's later end.
TEST(LevelZero, ASandboxThatWasReplacedIsNoTermination) {
  const Measured run =
      Replay({At(0, kVerify), SandboxFailed(10), At(7200, Volume("started", "creds")),
              At(7200.1, Volume("unmounted", "creds")), At(7202, kCleaned)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kUnknown);
  EXPECT_EQ(run.only().state, State::kRemoved);
}

// Another kubelet, another -v: what it does not print is not waited for.
TEST(LevelZero, BeginsWhereTheLevelWasLowered) {
  const Measured run =
      Replay({At(0, SyncLoop("ADD", "default/old")),
              At(10, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555), At(11, kVerify, 5555),
              At(600, Volume("started", "creds"), 5555),
              At(600.1, Volume("unmounted", "creds"), 5555), At(602, kCleaned, 5555)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kUnknown);
  EXPECT_EQ(run.metric("kubelet_lifecycle_kubelet_verbosity_seen"), 0);
  EXPECT_EQ(run.summary.verbosity_seen, 2);
}

}  // namespace
}  // namespace kle
