// SPDX-License-Identifier: Apache-2.0
// Every way that a pod ends, and what only looks like one, in the fewest lines that show it.
#include <gtest/gtest.h>

#include <ctime>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

// A deletion at -v 2: kill at 10.001, gone by the relist at 12, volume unmounted, object removed.
Lines DeletedAtV2(int exit_code = 0, double exited = 12) {
  return {At(10, SyncLoop("DELETE")),
          At(10.001, Kill(30)),
          At(exited, Finished(exit_code)),
          At(exited + 0.001, Pleg("ContainerDied", kApp)),
          At(exited + 0.002, Pleg("ContainerDied", kSandbox)),
          At(exited + 0.1, Volume("started", "creds")),
          At(exited + 0.2, Volume("unmounted", "creds")),
          At(exited + 0.5, SyncLoop("DELETE")),
          At(exited + 0.501, SyncLoop("REMOVE"))};
}

TEST(Deletion, AtV2IsMeasuredByRelist) {
  const Measured run = Replay(Started() + DeletedAtV2());
  ASSERT_EQ(run.ended.size(), 1u);
  const TerminationRecord& record = run.only();
  EXPECT_EQ(record.trigger, Trigger::kApiDelete);
  EXPECT_EQ(record.outcome, Outcome::kGraceful);
  EXPECT_EQ(record.state, State::kRemoved);
  EXPECT_EQ(record.termination_precision, Precision::kRelist);
  EXPECT_NEAR(Seconds(record.termination()), 2.002, 1e-6);
  EXPECT_NEAR(Seconds(record.deletion()), 2.501, 1e-6);
  ASSERT_EQ(record.containers.size(), 1u) << "the sandbox is no container";
  EXPECT_EQ(record.containers[0].precision, Precision::kRelist);
  ASSERT_EQ(record.volumes.size(), 1u);
  EXPECT_NEAR(Seconds(record.volumes[0].duration()), 0.1, 1e-6);
  EXPECT_EQ(record.volumes[0].plugin, "kubernetes.io/secret");
  EXPECT_EQ(run.summary.verbosity_seen, 2);
}

TEST(Deletion, OfAPodThatStartedBeforeTheLog) {
  const Measured run = Replay(DeletedAtV2());
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().state, State::kRemoved);
  EXPECT_EQ(run.only().containers.size(), 1u);
}

TEST(Deletion, KilledOnlyWhenTheGraceHadRunOut) {
  EXPECT_EQ(Replay(Started() + DeletedAtV2(137, 40.2)).only().outcome, Outcome::kKilled);
  EXPECT_TRUE(Replay(Started() + DeletedAtV2(137, 40.2)).only().grace_exceeded);
  const Measured early = Replay(Started() + DeletedAtV2(137, 15));  // another killer, an OOM say
  EXPECT_EQ(early.only().outcome, Outcome::kGraceful);
  EXPECT_FALSE(early.only().grace_exceeded);
}

TEST(Deletion, ALateRelistIsBoundedByTheUnmount) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), At(10.5, Volume("started", "creds")),
            At(10.6, Volume("unmounted", "creds")), At(11.4, Finished(0)),
            At(11.401, Pleg("ContainerDied", kApp)), At(11.402, Pleg("ContainerDied", kSandbox)),
            At(11.6, SyncLoop("DELETE")), At(11.601, SyncLoop("REMOVE"))});
  const TerminationRecord& record = run.only();
  EXPECT_EQ(record.containers.at(0).precision, Precision::kBound);
  EXPECT_NEAR(Seconds(record.containers[0].stop_duration()), 0.499, 1e-6);
  EXPECT_NEAR(Seconds(record.termination()), 0.5, 1e-6);
}

TEST(Deletion, ASlowNetworkTeardownIsSandboxTimeAtV2Too) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), At(11, Finished(0)),
                        At(11.001, Pleg("ContainerDied", kApp)),
                        At(11.002, Pleg("ContainerDied", kSandbox)),
                        At(17, Volume("started", "creds")), At(17.1, Volume("unmounted", "creds")),
                        At(17.5, SyncLoop("DELETE")), At(17.501, SyncLoop("REMOVE"))});
  EXPECT_NEAR(Seconds(Find(run.only(), Phase::kStopSandbox)->duration()), 6, 0.01);
  EXPECT_EQ(run.only().termination_precision, Precision::kBound);
}

TEST(Deletion, UnmountSuccessMayStandAboveItsStart) {
  Lines lines = Started() + DeletedAtV2();
  std::swap(lines[lines.size() - 4], lines[lines.size() - 3]);
  const Measured run = Replay(lines);
  EXPECT_NEAR(Seconds(run.only().volumes.at(0).duration()), 0.1, 1e-6);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_count"), 1);
}

// It died in its hook, say: its relist is still to come, and the stop finds it dead.
TEST(Deletion, AStopThatReturnsAtOnceTellsOnlyABound) {
  const auto exit_precision = [](double stopped) {
    const Measured run =
        Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(12, Kill(28)),
                                 At(stopped, OfContainer("Container exited normally")),
                                 At(13, Finished(1))});
    return run.only().containers.at(0).precision;
  };
  EXPECT_EQ(exit_precision(12.0015), Precision::kBound);
  EXPECT_EQ(exit_precision(12.038), Precision::kExact);
}

Lines StarvedOrSlow(double relisted) {
  const auto gone = [](const std::string& id) {
    return "Destroyed container: \"/kubepods/pod" + std::string(kUid) + "/" + id +
           "\" (aliases: [], namespace: \"containerd\")";
  };
  return {At(10, SyncLoop("DELETE")),
          At(10.1, OfPod("syncTerminatingPod enter")),
          At(10.2, Kill(30)),
          At(11, OfContainer("Container exited normally")),
          At(11.1, "\"getSandboxIDByPodUID got sandbox IDs for pod\" podSandboxID=[" + kSandbox +
                       "] pod=\"default/web-1\""),
          At(12, gone(kSandbox)),
          At(relisted, "\"GenericPLEG\" podUID=" + std::string(kUid) + " containerID=\"" +
                           kSandbox + "\" oldState=running newState=exited"),
          At(18, OfPod("Pod terminated all containers successfully"))};
}

TEST(Deletion, AStarvedKubeletsMarkIsBoundedByTheSandboxesCgroup) {
  const Measured run = Replay(Started() + StarvedOrSlow(17.5));
  EXPECT_NEAR(Seconds(run.only().termination()), 2, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kBound);
}

TEST(Deletion, ASlowNetworkTeardownIsNotTakenForAStarvedKubelet) {
  const Measured run = Replay(Started() + StarvedOrSlow(12.8));
  EXPECT_NEAR(Seconds(run.only().termination()), 8, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kExact);
}

TEST(ForceDelete, ShowsRemoveBeforeTheKill) {
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.003, SyncLoop("REMOVE")),
                               At(10.2, Kill(2)), At(12.5, Finished(137))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kForceDelete);
  EXPECT_EQ(run.only().outcome, Outcome::kForced);
  EXPECT_EQ(run.only().state, State::kRemoved);
  EXPECT_NEAR(Seconds(run.only().termination()), 2.5, 1e-6) << "containers outlive the object";
}

TEST(ForceDelete, WithoutAnyDelete) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("REMOVE")), At(10.2, Kill(2)), At(12.5, Finished(137))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kForceDelete);
}

TEST(ForceDelete, AfterADeletionWithGraceStaysADeletion) {
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(60)),
                               At(15, SyncLoop("DELETE")), At(15.001, SyncLoop("REMOVE")),
                               At(70.5, Finished(137))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().outcome, Outcome::kKilled);
}

TEST(Finished, APodThatEndedByItselfIsNeverObserved) {
  const Measured run =
      Replay(Started() + Lines{At(5, Finished(0)), At(5.001, Pleg("ContainerDied", kApp)),
                               At(7, Pleg("ContainerDied", kSandbox)), At(10, SyncLoop("DELETE")),
                               At(10.002, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kFinished);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_deletion_duration_seconds_count"), 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

TEST(Finished, APairWithNothingToKillIsNoTermination) {
  const Measured run =
      Replay({At(1, SyncLoop("ADD")), At(10, SyncLoop("DELETE")), At(10.001, SyncLoop("REMOVE")),
              At(60, SyncLoop("ADD", "default/other"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kFinished);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

TEST(LifeKill, AProbesKillIsNoTermination) {
  const Measured run =
      Replay(Started() + Lines{At(5, Kill(30)), At(6, Finished(137)),
                               At(6.001, Pleg("ContainerDied", kApp)),
                               At(7, Pleg("ContainerStarted", std::string(64, 'c')))});
  EXPECT_EQ(run.size(), 0u);
}

TEST(LifeKill, BeforeTheDeletionBelongsToThePodsLife) {
  const std::string second(64, 'c');
  const Measured run = Replay(
      Started() +
      Lines{At(5, Kill(30)), At(6, Finished(137)), At(6.001, Pleg("ContainerDied", kApp)),
            At(7, Pleg("ContainerStarted", second)), At(10, SyncLoop("DELETE")),
            At(10.001, Kill(30, second)), At(11, Finished(0, second)),
            At(11.001, Pleg("ContainerDied", second)), At(11.002, Pleg("ContainerDied", kSandbox)),
            At(11.5, SyncLoop("DELETE")), At(11.501, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().containers[0].id, second);
}

TEST(StaticPod, EndsWithItsManifestAndTheMirrorIsNoSecondOne) {
  const std::string pod = "kube-system/etcd-node";
  const std::string uid(32, '7');
  const auto pleg = [&](std::string_view type, const std::string& id) {
    return "\"SyncLoop (PLEG): event for pod\" pod=\"" + pod + "\" event={\"ID\":\"" + uid +
           "\",\"Type\":\"" + std::string(type) + "\",\"Data\":\"" + id + "\"}";
  };
  const Lines lines = {At(0, SyncLoop("ADD", pod, "file")),
                       At(1, pleg("ContainerStarted", kSandbox)),
                       At(1, pleg("ContainerStarted", kApp)),
                       At(2, SyncLoop("ADD", pod)),
                       At(10, SyncLoop("REMOVE", pod, "file")),
                       At(10.1, OfPod("Killing container with a grace period",
                                      "containerName=\"app\" containerID=\"containerd://" + kApp +
                                          "\" gracePeriod=30",
                                      pod, uid)),
                       At(11, "\"Generic (PLEG): container finished\" podID=\"" + uid +
                                  "\" containerID=\"" + kApp + "\" exitCode=0"),
                       At(11.1, pleg("ContainerDied", kApp)),
                       At(11.2, pleg("ContainerDied", kSandbox)),
                       At(13, SyncLoop("DELETE", pod)),
                       At(13.001, SyncLoop("REMOVE", pod))};
  const Measured run = Replay(lines);
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kStaticRemoved);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_EQ(run.only().uid, uid);
}

TEST(Restart, WhatIsInTheBatchGoesOn) {
  Lines lines = Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30))};
  lines = lines + Lines{At(15, "\"Kubelet version\" kubeletVersion=\"v1.32.13\"", 5555),
                        At(16, SyncLoop("ADD"), 5555),
                        At(16.1, Kill(30), 5555),
                        At(30, Finished(0), 5555),
                        At(30.001, Pleg("ContainerDied", kApp), 5555),
                        At(30.002, Pleg("ContainerDied", kSandbox), 5555),
                        At(30.5, SyncLoop("DELETE"), 5555),
                        At(30.501, SyncLoop("REMOVE"), 5555)};
  const Measured run = Replay(lines);
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.summary.kubelet_restarts, 1u);
  EXPECT_EQ(run.only().containers.at(0).attempts, 2);
  EXPECT_NEAR(Seconds(run.only().termination()), 20.002, 1e-6) << "from the first DELETE";
}

TEST(Restart, WhatIsNotInTheBatchEndsInterrupted) {
  const Measured run = Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)),
                                                At(15, SyncLoop("ADD", "default/other"), 5555),
                                                At(90, SyncLoop("ADD", "default/third"), 5555)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().state, State::kInterrupted);
  EXPECT_EQ(run.counts.interrupted, 1u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
}

TEST(Restart, DeletedWhileTheKubeletWasDownStartsAtTheFirstKill) {
  const Measured run = Replay(
      Started() + Lines{At(15, SyncLoop("ADD"), 5555), At(16, Kill(30), 5555),
                        At(18, Finished(0), 5555), At(18.001, Pleg("ContainerDied", kApp), 5555),
                        At(18.002, Pleg("ContainerDied", kSandbox), 5555),
                        At(18.5, SyncLoop("DELETE"), 5555), At(18.501, SyncLoop("REMOVE"), 5555)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_NEAR(Seconds(run.only().deletion()), 2.501, 1e-6);
}

TEST(Hooks, ATimeoutIsNotOverwrittenByItsFailure) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, SyncLoop("DELETE")), At(10.01, OfContainer("Running preStop hook")),
            At(18.01, OfContainer("PreStop hook not completed in grace period", "gracePeriod=8")),
            At(18.02, Kill(2)),
            At(18.3,
               "\"PreStop hook failed\" err=\"exited with 137: \" pod=\"default/web-1\" podUID=" +
                   std::string(kUid) + " containerName=\"app\" containerID=\"containerd://" + kApp +
                   "\"",
               4321, 'E'),
            At(19, Finished(0)), At(19.001, Pleg("ContainerDied", kApp)),
            At(19.002, Pleg("ContainerDied", kSandbox)), At(19.3, SyncLoop("DELETE")),
            At(19.301, SyncLoop("REMOVE"))});
  const ContainerRecord& container = run.only().containers.at(0);
  EXPECT_EQ(container.prestop_outcome, HookOutcome::kTimeout);
  EXPECT_NEAR(Seconds(container.prestop), 8, 1e-6);
  EXPECT_NEAR(Seconds(Find(run.only(), Phase::kPrestop)->duration()), 8, 1e-6);
  EXPECT_EQ(run.metric("kubelet_lifecycle_prestop_hook_duration_seconds_count"), 1);
}

Lines FailedSandboxStop(double at) {
  const std::string error =
      "rpc error: code = Unknown desc = failed to destroy network for sandbox \\\"" + kSandbox +
      "\\\": plugin type=\\\"bridge\\\" failed (delete): connection refused";
  return {
      At(at,
         "\"StopPodSandbox from runtime service failed\" err=\"" + error + "\" podSandboxID=\"" +
             kSandbox + "\"",
         4321, 'E'),
      At(at + .001, "\"Failed to stop sandbox\" podSandboxID={Type:containerd ID:" + kSandbox + "}",
         4321, 'E'),
      At(at + .002,
         "failed to \"KillPodSandbox\" for \"" + std::string(kUid) +
             "\" with KillPodSandboxError: \"" + error + "\"",
         4321, 'E'),
      At(at + .003,
         "\"Error syncing pod, skipping\" err=\"failed to \\\"KillPodSandbox\\\" for x with "
         "KillPodSandboxError: failed to destroy network for sandbox\" pod=\"default/web-1\" "
         "podUID=" +
             std::string(kUid),
         4321, 'E')};
}

TEST(Failures, FourLinesOfOneAttemptCountOnce) {
  const Measured run =
      Replay(Started() +
             Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), At(11, Finished(0)),
                   At(11.001, Pleg("ContainerDied", kApp))} +
             FailedSandboxStop(11.1) + FailedSandboxStop(12.1) + FailedSandboxStop(25));
  ASSERT_EQ(run.in_flight.size(), 1u);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].count, 3);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kCniTeardown);
  EXPECT_EQ(run.metric("kubelet_lifecycle_sandbox_stop_failures_total"), 3);
  ASSERT_TRUE(run.only().current.has_value());
  EXPECT_EQ(run.only().current->phase, Phase::kStopSandbox);
  EXPECT_EQ(run.only().current->reason, Reason::kCniTeardown);
  EXPECT_FALSE(run.only().current->hint.empty());
}

TEST(Failures, AnUnmountsReasonStandsInItsFurtherLines) {
  const std::string uid(kUid);
  const Measured run = Replay(
      Started() +
      Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), At(11, Finished(0)),
            At(11.001, Pleg("ContainerDied", kApp)), At(11.002, Pleg("ContainerDied", kSandbox)),
            At(11.1, Volume("started", "shm")),
            At(11.2,
               "Operation for \"{volumeName:kubernetes.io/secret/" + uid + "-shm podName:" + uid +
                   " nodeName:}\" failed. No retries permitted until 2026-11-23 10:00:12 +0000 UTC "
                   "(durationBeforeRetry 500ms). Error: UnmountVolume.TearDown failed for volume "
                   "\"shm\" : unmount failed: exit status 32",
               4321, 'E'),
            "Unmounting arguments: /var/lib/kubelet/pods/x", "Output: umount: x: target is busy.",
            "", At(11.8, Volume("started", "shm"))});
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kVolumeBusy);
  EXPECT_EQ(run.only().failures[0].object, "shm");
  EXPECT_EQ(run.only().volumes.at(0).failures, 1);
  EXPECT_EQ(run.only().volumes.at(0).attempts, 2);
  EXPECT_EQ(run.only().current->phase, Phase::kUnmountVolumes);
}

// The names before an unmount's cause fill what is kept of its beginning.
TEST(Failures, TheEndOfALongLineIsKept) {
  const std::string volume = "kubernetes.io/secret/" + std::string(kUid) + "-shm";
  const auto failed = [&](const std::string& names) {
    return Replay(
        Started() +
        Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), At(11, Finished(0)),
              At(11.1, Volume("started", "shm")),
              At(11.2,
                 "Operation for \"{volumeName:" + volume + " podName:" + std::string(kUid) +
                     " nodeName:}\" failed. No retries permitted until 2026-11-23 10:00:12 +0000 "
                     "UTC (durationBeforeRetry 500ms). Error: UnmountVolume.TearDown failed for "
                     "volume \"shm\" " +
                     names + ": unmount failed: exit status 32",
                 4321, 'E'),
              "Unmounting arguments: /var/lib/kubelet/pods/x",
              "Output: umount: x: target is busy."});
  };
  EXPECT_EQ(failed("").only().failures.at(0).message_end, "");
  const FailureRecord cut =
      failed("(UniqueName: \"" + std::string(300, 'u') + "\") ").only().failures.at(0);
  EXPECT_EQ(cut.message.size(), 512U);
  EXPECT_LE(cut.message_end.size(), 256U);
  EXPECT_NE(cut.message_end.find("arguments: /var/lib/kubelet/pods/x"), std::string::npos);
  EXPECT_TRUE(cut.message_end.ends_with("target is busy.")) << cut.message_end;
}

TEST(Stuck, OverdueIsAgeBeyondGraceAndSlack) {
  PipelineOptions options;
  options.tracker.stuck_slack = std::chrono::seconds(60);
  const Lines begun = Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30))};
  const auto overdue_at = [&](double seconds) {
    const Measured run =
        Replay(begun + Lines{At(seconds, SyncLoop("ADD", "default/clock"))}, options);
    return ToSeconds(run.only().current->overdue);
  };
  EXPECT_EQ(overdue_at(95), 0);
  EXPECT_NEAR(overdue_at(110), 10, 1e-6);
}

TEST(Bounds, TheOldestGoesFirstAndIsCounted) {
  PipelineOptions options;
  options.tracker.max_in_flight = 3;
  Lines lines;
  for (int i = 0; i < 10; ++i)
    lines.push_back(At(i, SyncLoop("DELETE", "default/p" + std::to_string(i))));
  const Measured run = Replay(lines, options);
  ASSERT_EQ(run.in_flight.size(), 3u);
  EXPECT_EQ(run.in_flight[0].pod, "p7");
  EXPECT_EQ(run.counts.evicted, 7u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_tracker_evictions_total"), 7);
}

// At -v 2 a container's kill tells what its hook left of the grace: the pod's is the largest.
TEST(Grace, GrantedIsTheMostThatAContainerWasGiven) {
  const std::string other(64, 'c');
  const Measured run =
      Replay(Started() + Lines{At(1, Pleg("ContainerStarted", other)), At(10, SyncLoop("DELETE")),
                               At(10.1, Kill(25)), At(10.2, Kill(30, other, "logger"))});
  EXPECT_EQ(run.only().grace_granted, 30);
  const Measured timed_out = Replay(
      Started() +
      Lines{At(10, SyncLoop("DELETE")),
            At(18, OfContainer("PreStop hook not completed in grace period", "gracePeriod=8")),
            At(18.1, Kill(2))});
  EXPECT_EQ(timed_out.only().grace_granted, 8);
}

// Two goroutines: the success may be printed before the start.
TEST(Volumes, ASuccessJustAboveItsStart) {
  const Lines lines = Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                                        At(11, Finished(0)), At(12, Volume("unmounted", "creds")),
                                        At(12.0001, Volume("started", "creds"))};
  const Measured run = Replay(lines);
  ASSERT_EQ(run.only().volumes.size(), 1u);
  EXPECT_TRUE(run.only().volumes[0].unmounted_at.has_value());
  EXPECT_EQ(ToSeconds(*run.only().volumes[0].duration()), 0);
  const PhaseSpan* unmounting = Find(run.only(), Phase::kUnmountVolumes);
  ASSERT_NE(unmounting, nullptr);
  EXPECT_EQ(unmounting->ended_at, unmounting->started_at) << "it ends no sooner than it begins";
}

// Nobody may be waiting for a DELETE of what the kubelet ended by itself.
TEST(Deadline, TheWaitForItsDeleteIsNoStep) {
  const Measured run =
      Replay(Started() +
             Lines{At(10, Kill(30)), At(11, Finished(143)), At(11.001, Pleg("ContainerDied", kApp)),
                   At(11.002, Pleg("ContainerDied", kSandbox)),
                   At(11.2, Volume("started", "creds")), At(11.3, Volume("unmounted", "creds")),
                   At(300, SyncLoop("DELETE")), At(300.01, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  for (const PhaseSpan& span : run.only().phases) {
    if (span.phase != Phase::kRemoveFromApi) continue;
    EXPECT_NEAR(ToSeconds(*span.duration()), 0.01, 1e-6);
    return;
  }
  ADD_FAILURE() << "no phase remove_from_api";
}

std::string Device(std::string_view step) {
  const std::string name =
      R"(volume "pvc-1" (UniqueName: "kubernetes.io/csi/ebs.csi.aws.com^vol-1"))";
  if (step == "started") {
    return R"("operationExecutor.UnmountDevice started for volume \"pvc-1\" (UniqueName: )"
           R"(\"kubernetes.io/csi/ebs.csi.aws.com^vol-1\") on node \"n\" ")";
  }
  if (step == "failed") {
    return R"(Operation for "{volumeName:kubernetes.io/csi/ebs.csi.aws.com^vol-1 podName: nodeName:}" )"
           R"(failed. No retries permitted until 2026-11-23 10:00:02 +0000 UTC )"
           R"((durationBeforeRetry 500ms). Error: UnmountDevice failed for )" +
           name + R"( on node "n" : umount failed: target is busy.)";
  }
  return "UnmountDevice succeeded for " + name + " on node \"n\" ";
}

TEST(Devices, AnUnmountIsMeasuredFromItsFirstAttempt) {
  const Measured run = Replay({At(0, Device("started")), At(1, Device("failed"), 4321, 'E'),
                               At(1.5, Device("started")), At(3, Device("succeeded"))});
  EXPECT_EQ(run.size(), 0u) << "no pod's own";
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_count"), 1);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_sum"), 3);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_failures_total"), 1);
}

TEST(Devices, AStartWhoseSuccessWasNotReadIsForgotten) {
  const Measured run = Replay({At(0, Device("started")), At(1, Device("succeeded")),
                               At(1.001, Device("started")),  // printed late
                               At(3600, Device("started")), At(3602, Device("succeeded"))});
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_count"), 2);
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_duration_seconds_sum"), 3);
}

// However many pods come and go, one that does not die is not forgotten for it.
TEST(Bounds, APodThatDoesNotDieOutlivesAllThatIsRemembered) {
  PipelineOptions options;
  options.tracker.max_in_flight = 3;
  options.tracker.max_pods = 8;
  Lines lines = Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30))};
  lines.push_back(At(11, SyncLoop("DELETE", "default/gone")));
  lines.push_back(At(11.1, SyncLoop("REMOVE", "default/gone")));
  for (int i = 0; i < 40; ++i) {
    lines.push_back(At(20 + i * 0.1, SyncLoop("ADD", "default/p" + std::to_string(i))));
  }
  const Measured run = Replay(lines, options);
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.in_flight[0].pod, "web-1");
  EXPECT_EQ(run.counts.evicted, 0u);
  ASSERT_EQ(run.ended.size(), 1u) << "handed out before its pod was forgotten";
  EXPECT_EQ(run.ended[0].pod, "gone");
}

TEST(Bounds, ARunawayCrashLoopKeepsItsLastContainers) {
  Lines lines = {At(0, SyncLoop("ADD"))};
  const auto id = [](int i) { return std::string(60, 'e') + std::to_string(1000 + i); };
  for (int i = 0; i < 400; ++i) {
    lines.push_back(At(1 + i, Pleg("ContainerStarted", id(i))));
    lines.push_back(At(1.5 + i, Finished(1, id(i))));
    lines.push_back(At(1.6 + i, Pleg("ContainerDied", id(i))));
  }
  lines.push_back(At(500, SyncLoop("DELETE")));
  lines.push_back(At(501, SyncLoop("REMOVE")));
  lines.push_back(At(3000, SyncLoop("ADD", "default/clock")));  // by now it is forgotten
  lines.push_back(At(
      3001, "\"StopContainer from runtime service failed\" err=\"x\" containerID=\"" + id(0) + "\"",
      4321, 'E'));
  EXPECT_LE(Replay(lines).size(), 1u);
}

TEST(Bounds, AFloodOfDeletesWithoutAnEndCostsTheSameEach) {
  PipelineOptions options;
  options.tracker.max_in_flight = 500;
  options.tracker.max_pods = 2'000;
  Lines lines;
  for (int i = 0; i < 100'000; ++i) {
    lines.push_back(At(i * 0.01, SyncLoop("DELETE", "default/p" + std::to_string(i))));
  }
  const Measured run = Replay(lines, options);
  EXPECT_EQ(run.in_flight.size(), 500u);
  EXPECT_EQ(run.counts.started, 100'000u);
  EXPECT_EQ(run.counts.started, run.counts.evicted + run.counts.in_flight);
}

// The processor's time for a kubelet that restarts so often, and each time names so many pods.
std::clock_t TimeOfRestarts(int restarts, int pods) {
  std::string names;
  for (int i = 0; i < pods; ++i) names += (i > 0 ? " ns/p" : "ns/p") + std::to_string(i);
  Lines lines;
  for (int restart = 0; restart <= restarts; ++restart) {
    lines.push_back(At(restart, SyncLoop("ADD", names), 1000 + restart));
  }
  const std::clock_t begun = std::clock();
  EXPECT_EQ(Replay(lines).counts.kubelet_restarts, static_cast<uint64_t>(restarts));
  return std::clock() - begun;
}

TEST(Bounds, APodThatARestartNamesCostsTheSameAmongMany) {
  EXPECT_LT(TimeOfRestarts(1, 20'000), 4 * TimeOfRestarts(40, 1'000));
}

TEST(Deadline, KillsWithoutADeleteAndUnmountingVolumesAreTheKubeletsOwn) {
  const Measured run =
      Replay(Started() +
             Lines{At(10, Kill(30)), At(11, Finished(143)), At(11.001, Pleg("ContainerDied", kApp)),
                   At(11.002, Pleg("ContainerDied", kSandbox)),
                   At(11.2, Volume("started", "creds")), At(11.3, Volume("unmounted", "creds"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_EQ(run.only().state, State::kTerminated);
}

TEST(Eviction, AnnouncedAtTheEndIsDatedByItsKill) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, Kill(30)), At(11, Finished(143)), At(11.001, Pleg("ContainerDied", kApp)),
            At(11.002, Pleg("ContainerDied", kSandbox)),
            At(11.3, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  EXPECT_NEAR(Seconds(run.only().termination()), 1.002, 1e-6);
}

TEST(Orphan, TheSecondTeardownOfADeadOrphanIsNoise) {
  const Lines teardown = {At(20, OfPod("Pod is orphaned and must be torn down")), At(20.1, Kill(1)),
                          At(21, OfContainer("Container exited normally")),
                          At(21.2, OfPod("Pod terminated all containers successfully"))};
  const Measured once = Replay(Started() + teardown);
  ASSERT_EQ(once.size(), 1u);
  EXPECT_EQ(once.only().trigger, Trigger::kOrphan);
  const Measured twice = Replay(
      Started() + teardown +
      Lines{At(23, OfPod("Pod is orphaned and must be torn down")), At(23.1, Kill(1)),
            At(23.2, OfContainer("Container termination failed with gracePeriod"), 4321, 'E')});
  EXPECT_EQ(twice.size(), 1u);
  EXPECT_EQ(twice.counts.started, 1u);
}

TEST(Startup, StepsAreObservedOnce) {
  const Measured run = Replay(
      {At(0, SyncLoop("ADD")),
       At(0.1,
          "\"No sandbox for pod can be found. Need to start a new one\" pod=\"default/web-1\""),
       At(0.5, "\"All volumes are attached and mounted for pod\" pod=\"default/web-1\""),
       At(1.1, Pleg("ContainerStarted", kSandbox)), At(2, Pleg("ContainerStarted", kApp)),
       At(2.5, "\"SyncLoop (probe)\" probe=\"readiness\" status=\"ready\" pod=\"default/web-1\""),
       At(3.5, "\"SyncLoop (probe)\" probe=\"readiness\" status=\"ready\" pod=\"default/web-1\""),
       At(3.6,
          "\"Observed pod startup duration\" pod=\"default/web-1\" podStartSLOduration=1.5 "
          "podStartE2EDuration=\"2.4s\"")});
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_startup_phase_duration_seconds_count"), 5);
  EXPECT_NEAR(run.metric("kubelet_lifecycle_pod_startup_phase_duration_seconds_sum"),
              1.0 + 0.5 + 2 + 2.5 + 2.4, 1e-6);
}

TEST(Startup, PodsThatRanBeforeTheirKubeletAreNotTimed) {
  const Measured run =
      Replay({At(0, "\"Kubelet version\" kubeletVersion=\"v1.32.13\""), At(1, SyncLoop("ADD")),
              At(2, Pleg("ContainerStarted", kSandbox)), At(2, Pleg("ContainerStarted", kApp))});
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_startup_phase_duration_seconds_count"), 0);
}

TEST(SameName, ARecreatedPodIsAPodOfItsOwn) {
  const std::string uid2 = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
  const Measured run =
      Replay(Started() + DeletedAtV2() +
             Lines{At(20, SyncLoop("ADD")), At(21, SyncLoop("DELETE")),
                   At(21.1, OfPod("Killing container with a grace period",
                                  "containerName=\"app\" containerID=\"containerd://" +
                                      std::string(64, 'd') + "\" gracePeriod=30",
                                  kPod, uid2))});
  ASSERT_EQ(run.ended.size(), 1u);
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.in_flight[0].uid, uid2);
}

}  // namespace
}  // namespace kle
