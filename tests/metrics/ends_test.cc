// SPDX-License-Identifier: Apache-2.0
// The ways that a pod ends besides a plain deletion, as -v 4 and above shows them.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

std::string Event(std::string_view reason) {
  return "\"Event occurred\" object=\"default/web-1\" kind=\"Pod\" apiVersion=\"v1\" "
         "type=\"Warning\" reason=\"" +
         std::string(reason) + "\" message=\"x\"";
}

// The worker stops the pod from `at` on; its one container takes a second.
Lines Stopped(double at, int exit_code = 0) {
  return {At(at, OfPod("syncTerminatingPod enter")),
          At(at + 0.1, OfPod("Pod terminating with grace period", "gracePeriod=30")),
          At(at + 0.2, Kill(30)),
          At(at + 1.2, OfContainer("Container exited normally")),
          At(at + 1.5, OfPod("Post-termination container state",
                             "containers=\"(app state=exited exitCode=" +
                                 std::to_string(exit_code) + " finishedAt=2026-11-23T10:00:" +
                                 std::to_string(static_cast<int>(at) + 1) + ".100000Z)\"")),
          At(at + 1.6, OfPod("Pod terminated all containers successfully"))};
}

const Lines kGone = {At(40, SyncLoop("DELETE")), At(40.1, SyncLoop("REMOVE"))};

// The worker's mark has no pod's name: a log that was searched for it has none, nor one with a gap.
TEST(Ends, WithoutTheWorkersMark) {
  const Lines begun =
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, OfPod("syncTerminatingPod enter")),
                        At(10.2, Kill(30)), At(11.2, OfContainer("Container exited normally"))};
  const Lines stopped = {At(11.5, OfPod("Pod termination stopped all running containers"))};
  const Lines left[] = {{At(12, OfPod("syncTerminatedPod enter"))},
                        {At(12, OfPod("All volumes are unmounted for pod"))},
                        {At(12, OfPod("Pod is terminated and all resources are reclaimed"))},
                        {At(12, OfPod("Pod fully terminated and removed from etcd"))}};
  EXPECT_EQ(Replay(begun + stopped).in_flight.size(), 1u);
  for (const Lines& after : left) {
    const Measured near = Replay(begun + stopped + after + kGone);
    ASSERT_EQ(near.ended.size(), 1u) << after[0];
    EXPECT_NEAR(ToSeconds(*near.only().termination()), 1.5, 1e-6);
    EXPECT_EQ(near.only().termination_precision, Precision::kExact);
    const Measured late = Replay(begun + after + kGone);
    ASSERT_EQ(late.ended.size(), 1u) << after[0];
    EXPECT_NEAR(ToSeconds(*late.only().termination()), 2, 1e-6);
    EXPECT_EQ(late.only().termination_precision, Precision::kBound);
    EXPECT_EQ(late.only().state, State::kRemoved);
  }
}

TEST(Ends, WithoutTheRemove) {
  const Lines ended = Started() + Lines{At(10, SyncLoop("DELETE"))} + Stopped(10.1);
  EXPECT_EQ(Replay(ended).in_flight.size(), 1u);
  const std::string uid(kUid);
  for (const std::string& forgotten :
       {"\"Pod has been terminated and is no longer known to the kubelet, remove all history\" "
        "podUID=" +
            uid,
        "\"Cleaned up orphaned pod volumes dir\" podUID=" + uid + " path=\"/p\""}) {
    const Measured run = Replay(ended + Lines{At(20, forgotten)});
    ASSERT_EQ(run.ended.size(), 1u) << forgotten;
    EXPECT_EQ(run.only().state, State::kRemoved);
    EXPECT_NEAR(ToSeconds(*run.only().termination()), 1.7, 1e-6);
    EXPECT_FALSE(run.only().removed_at) << "when is not known";
    EXPECT_EQ(Replay(ended + kGone + Lines{At(41, forgotten)}).size(), 1u);
    // What nobody saw end had ended by then, or the kubelet would know of it.
    const Measured unseen = Replay(
        Started() + Lines{At(10, SyncLoop("DELETE")), At(10.2, Kill(30)), At(20, forgotten)});
    ASSERT_EQ(unseen.ended.size(), 1u);
    EXPECT_EQ(unseen.only().termination_precision, Precision::kBound);
    EXPECT_NEAR(ToSeconds(*unseen.only().termination()), 10, 1e-6);
  }
}

// The lines of a volume's end have no pod's name either.
TEST(Ends, WithoutTheVolumesEnds) {
  const std::string mounted =
      "\"MountVolume.SetUp succeeded for volume \\\"token\\\" (UniqueName: "
      "\\\"kubernetes.io/secret/" +
      std::string(kUid) + "-token\\\") pod \\\"web-1\\\" (UID: \\\"" + std::string(kUid) +
      "\\\") \" pod=\"default/web-1\"";
  const Lines lines =
      Lines{At(0.5, mounted)} + Started() +
      Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(12, Pleg("ContainerDied", kApp)),
            At(12, Pleg("ContainerDied", kSandbox))};
  EXPECT_EQ(Replay(lines).in_flight.size(), 1u) << "an unmount may still come";
  const Measured run = Replay(lines + kGone);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 2, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kRelist);
}

TEST(Ends, Eviction) {
  const Lines lines =
      Started() +
      Lines{At(10, OfPod("Evicting pod", "message=\"low on memory\"")), At(10, Event("Evicted")),
            At(10.1, OfPod("Pod is being evicted by the kubelet, begin teardown"))} +
      Stopped(10.2);
  const Measured run = Replay(lines);
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  EXPECT_EQ(run.only().state, State::kTerminated) << "the object stays";
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 1.8, 1e-6);
  const Measured deleted = Replay(lines + kGone);
  ASSERT_EQ(deleted.size(), 1u) << "its later deletion is no second termination";
  EXPECT_EQ(deleted.only().state, State::kRemoved);
  EXPECT_EQ(deleted.only().trigger, Trigger::kEviction);
  EXPECT_EQ(deleted.metric("kubelet_lifecycle_pod_terminations_total"), 1);
}

TEST(Ends, Deadline) {
  const Measured run = Replay(
      Started() +
      Lines{
          At(10, Event("DeadlineExceeded")),
          At(10.1, OfPod("Pod indicated lifecycle completed naturally and should now terminate"))} +
      Stopped(10.2, 143));
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_EQ(run.only().containers.at(0).exit_code, 143);
}

TEST(Ends, Preemption) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, OfPod("Preempting pod to free up resources", "insufficientResources=\"cpu\"")),
            At(10.1, OfPod("Pod is being evicted by the kubelet, begin teardown"))} +
      Stopped(10.2));
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kPreemption);
}

TEST(Ends, NodeShutdown) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, "\"Shutdown manager processing shutdown event\""),
            At(10.1,
               "\"Shutdown manager killing pod with gracePeriod\" pod=\"default/web-1\" "
               "gracePeriod=20")} +
      Stopped(10.2) +
      Lines{At(
          13,
          "\"Shutdown manager completed processing shutdown event, node will shutdown shortly\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kNodeShutdown);
  EXPECT_EQ(run.only().grace_granted, 20);
  EXPECT_EQ(run.metric("kubelet_lifecycle_node_shutdowns_total"), 2) << "started and completed";
}

TEST(Ends, AJobThatFinishedIsNoTermination) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, Finished(0)), At(10.1, Pleg("ContainerDied", kApp)),
            At(10.2, OfPod("Pod indicated lifecycle completed naturally and should now terminate")),
            At(10.3, OfPod("syncTerminatingPod enter")),
            At(10.4, OfPod("Pod terminated all containers successfully")),
            At(10.5, Volume("started", "creds")), At(10.6, Volume("unmounted", "creds"))});
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_count"), 1)
      << "its volume is still measured";
}

TEST(Ends, ARejectedPodIsNoTermination) {
  const Measured run =
      Replay(Lines{At(1, SyncLoop("ADD")),
                   At(1.1, "\"Failed to admit pod\" pod=\"default/web-1\" message=\"x\"")} +
             kGone);
  ASSERT_LE(run.size(), 1u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_deletion_duration_seconds_count"), 0);
}

TEST(Ends, ACrashLoopDeletedInItsBackOffHasNothingToKill) {
  const Measured run = Replay(
      Started() + Lines{At(5, Finished(1)), At(5.1, Pleg("ContainerDied", kApp)),
                        At(10, SyncLoop("DELETE")), At(10.1, OfPod("syncTerminatingPod enter")),
                        At(10.5, OfPod("Pod terminated all containers successfully")),
                        At(11, SyncLoop("DELETE")), At(11.1, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().outcome, Outcome::kGraceful);
  EXPECT_TRUE(run.only().containers.empty()) << "it had exited before";
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 0.5, 1e-6);
}

TEST(Ends, DeletedWhileItsVolumesAreBeingMounted) {
  const std::string uid(kUid);
  const Lines failing = {
      At(1, SyncLoop("ADD")), At(1.1, OfPod("Pod is being synced for the first time")),
      At(5,
         "Operation for \"{volumeName:kubernetes.io/secret/" + uid + "-x podName:" + uid +
             " nodeName:}\" failed. No retries permitted until x (durationBeforeRetry 1s). Error: "
             "MountVolume.SetUp failed",
         4321, 'E'),
      At(10, SyncLoop("DELETE")), At(30, SyncLoop("ADD", "default/clock"))};
  const Measured waiting = Replay(failing);
  ASSERT_EQ(waiting.in_flight.size(), 1u);
  EXPECT_EQ(waiting.only().current->phase, Phase::kDispatch);
  EXPECT_EQ(waiting.only().current->reason, Reason::kMountPending);
  const Measured ended =
      Replay(failing + Lines{At(31, OfPod("syncTerminatingPod enter")),
                             At(31.1, OfPod("Pod terminated all containers successfully")),
                             At(32, SyncLoop("DELETE")), At(32.1, SyncLoop("REMOVE"))});
  ASSERT_EQ(ended.ended.size(), 1u);
  EXPECT_EQ(ended.only().state, State::kRemoved);
}

TEST(Ends, ANativeSidecarIsKilledLastWithWhatIsLeftOfTheGrace) {
  const std::string proxy(64, 'd');
  const Measured run = Replay(
      Started() + Lines{At(1, Pleg("ContainerStarted", proxy)), At(10, SyncLoop("DELETE")),
                        At(10.1, OfPod("SyncTerminatingPod enter")),
                        At(10.1, OfPod("Pod terminating with grace period", "gracePeriod=30")),
                        At(10.2, OfContainer("Killing container with a grace period override",
                                             "gracePeriod=30")),
                        At(10.2, OfContainer("Killing container with a grace period override",
                                             "gracePeriod=30", proxy, "proxy")),
                        At(10.3, Kill(30)), At(13, OfContainer("Container exited normally")),
                        At(13.1, Kill(27, proxy, "proxy")),
                        At(14, OfContainer("Container exited normally", "", proxy, "proxy")),
                        At(14.5, OfPod("Pod terminated all containers successfully")),
                        At(15, SyncLoop("DELETE")), At(15.1, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().grace_granted, 30);
  ASSERT_EQ(run.only().containers.size(), 2u);
  EXPECT_EQ(run.only().containers[1].name, "proxy");
  EXPECT_EQ(run.only().containers[1].grace_seconds, 27);
  EXPECT_EQ(run.only().containers[1].attempts, 1);
}

TEST(Ends, AShortenedGraceIsOneTermination) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, OfPod("syncTerminatingPod enter")),
                        At(10.2, OfPod("Pod terminating with grace period", "gracePeriod=60")),
                        At(10.3, Kill(60)), At(15, SyncLoop("DELETE")),
                        At(15.1, OfPod("Cancelling current pod sync")),
                        At(70.3, OfContainer("Container exited normally")),
                        At(70.4, OfPod("Pod terminated all containers successfully")),
                        At(70.5, SyncLoop("DELETE")), At(70.6, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().grace_granted, 60);
  EXPECT_NEAR(ToSeconds(*run.only().deletion()), 60.6, 1e-6);
}

TEST(Ends, OrphanOfARestartedKubelet) {
  const auto rt = [](std::string_view message) { return OfPod(message); };
  const Measured run = Replay(
      Started() +
      Lines{At(20, SyncLoop("ADD", "default/other"), 5555),
            At(21,
               "\"Clean up containers for orphaned pod we had not seen before\" podUID=\"" +
                   std::string(kUid) + "\" killPodOptions=\"<internal error>\"",
               5555),
            At(21.1, rt("SyncTerminatingRuntimePod enter"), 5555), At(21.2, Kill(1), 5555),
            At(22, OfContainer("Container exited normally"), 5555),
            At(22.1,
               OfPod("Pod terminated all orphaned containers successfully and worker can now stop"),
               5555)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kOrphan);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_EQ(run.metric("kubelet_lifecycle_orphaned_pods_total"), 1);
}

}  // namespace
}  // namespace kle
