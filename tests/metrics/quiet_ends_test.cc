// SPDX-License-Identifier: Apache-2.0
// Ends of which the kubelet says little: at -v 2, after a restart, before 1.22.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kUidText(kUid);

std::string StaticPod(std::string_view what) { return SyncLoop(what, kPod, "file"); }

// Its object's end is no end of its own: the mirror in the API goes later, or never.
TEST(QuietEnds, AStaticPodWithoutVolumesEndsWithItsFolder) {
  const Lines started = {At(0, StaticPod("ADD")), At(1, Pleg("ContainerStarted", kSandbox)),
                         At(1, Pleg("ContainerStarted", kApp))};
  const Lines removed = {At(10, StaticPod("REMOVE")), At(10.1, Kill(30)), At(12.5, Finished(0))};
  const Measured run = Replay(started + removed + Lines{At(13, kCleaned)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kStaticRemoved);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 2.5, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kBound);
  // A relist that comes after the folder still tells the exit.
  const Lines late = {At(10, StaticPod("REMOVE")), At(10.1, Kill(30)), At(12, kCleaned),
                      At(12.5, Finished(7)), At(60, SyncLoop("ADD", "default/clock"))};
  const Measured told = Replay(started + late);
  ASSERT_EQ(told.ended.size(), 1u);
  EXPECT_EQ(told.only().containers.at(0).exit_code, 7);
}

// Before 1.22 no line tells that its containers ended.
TEST(QuietEnds, AStaticPodEndsWithItsSandbox) {
  const std::string not_found = "\"Container not found in pod's containers\" containerID=\"";
  const Lines lines = {At(0, StaticPod("ADD")),
                       At(1, Pleg("ContainerStarted", kSandbox)),
                       At(1, Pleg("ContainerStarted", kApp)),
                       At(10, StaticPod("REMOVE")),
                       At(10.1, Kill(30)),
                       At(12.5, not_found + kSandbox + "\""),
                       At(60, SyncLoop("ADD", "default/clock"))};
  const Measured run = Replay(lines);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kStaticRemoved);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_EQ(run.only().containers.size(), 1u);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 2.5, 1e-6);
}

Lines Restarted(std::string_view batch) {
  return {At(20, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555),
          At(21, SyncLoop("ADD", batch), 5555)};
}
const Lines kTwoPods = Started() + Lines{At(2, SyncLoop("ADD", "default/other"))};

// It gets no DELETE line, or one when all is over.
TEST(QuietEnds, DeletedWhileTheKubeletWasDown) {
  const Lines begun = kTwoPods + Restarted("default/web-1 default/other") +
                      Lines{At(21.1, Kill(30), 5555),
                            At(22, Volume("started", "creds"), 5555),
                            At(22.1, Volume("unmounted", "creds"), 5555),
                            At(22.5, Finished(0), 5555),
                            At(22.5, Pleg("ContainerDied", kApp), 5555),
                            At(22.5, Pleg("ContainerDied", kSandbox), 5555)};
  for (const Lines& last :
       {Lines{At(23, SyncLoop("DELETE"), 5555), At(23, SyncLoop("REMOVE"), 5555)},
        Lines{At(23, SyncLoop("REMOVE"), 5555)}}) {
    const Measured run = Replay(begun + last);
    ASSERT_EQ(run.ended.size(), 1u) << last[0];
    EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
    EXPECT_EQ(run.only().state, State::kRemoved);
    EXPECT_NEAR(ToSeconds(*run.only().termination()), 0.9, 0.6);
    EXPECT_EQ(run.only().containers.size(), 1u);
  }
  // Without either it was the kubelet's own doing, and the object stays.
  const Measured stays = Replay(begun + Lines{At(90, SyncLoop("ADD", "default/clock"), 5555)});
  ASSERT_EQ(stays.ended.size(), 1u);
  EXPECT_EQ(stays.only().trigger, Trigger::kDeadline);
  EXPECT_EQ(stays.only().state, State::kTerminated);
}

// When it was asked for is not in the log: it is counted, and not timed.
TEST(QuietEnds, DeletedBeforeTheLogBegan) {
  const Lines killed = {At(0.2, Kill(30)),
                        At(2, Volume("started", "creds")),
                        At(2.1, Volume("unmounted", "creds")),
                        At(2.4, Finished(0)),
                        At(2.4, Pleg("ContainerDied", kApp)),
                        At(2.4, Pleg("ContainerDied", kSandbox))};
  const Measured run = Replay(Lines{At(0, SyncLoop("ADD", "default/other"))} + killed +
                              Lines{At(3, SyncLoop("DELETE")), At(3, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_FALSE(run.only().requested_at.has_value());
  EXPECT_TRUE(run.only().terminated_at.has_value());
  EXPECT_EQ(run.only().containers.at(0).exit_code, 0);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 1);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
  EXPECT_EQ(Replay(Lines{At(0, SyncLoop("ADD", "default/other"))} + killed).size(), 0u)
      << "where the log ends too soon, nothing is claimed";
  // A pod that the log saw come was not deleted before.
  const Measured came = Replay(Started() + killed);
  EXPECT_EQ(came.only().trigger, Trigger::kDeadline);
}

TEST(QuietEnds, GoneFromTheApiWhileTheKubeletWasDown) {
  const Measured run =
      Replay(kTwoPods + Restarted("default/other") +
             Lines{At(22, Volume("started", "creds"), 5555),  // the volumes go first
                   At(22.1, Volume("unmounted", "creds"), 5555), At(23, Kill(1), 5555),
                   At(24.5, Finished(0), 5555), At(25, kCleaned, 5555),
                   At(60, SyncLoop("ADD", "default/clock"), 5555)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kOrphan);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 1.5, 1e-6);
  EXPECT_EQ(run.metric("kubelet_lifecycle_orphaned_pods_total"), 1);
}

// Neither the request nor the kill is in the log, only that it died and its object went.
TEST(QuietEnds, DiedBeforeItsKillCouldBeRead) {
  const Lines died = {At(0, SyncLoop("ADD", "default/other")), At(0.5, Pleg("ContainerDied", kApp)),
                      At(0.5, Pleg("ContainerDied", kSandbox))};
  const Lines gone = {At(3, SyncLoop("DELETE")), At(3, SyncLoop("REMOVE"))};
  const Measured killed = Replay(Lines{At(0.2, Finished(137))} + died + gone);
  ASSERT_EQ(killed.ended.size(), 1u);
  EXPECT_EQ(killed.only().trigger, Trigger::kUnknown);
  EXPECT_EQ(killed.only().outcome, Outcome::kUnknown);
  EXPECT_FALSE(killed.only().requested_at.has_value());
  EXPECT_EQ(killed.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 0);
  const Measured ended = Replay(Lines{At(0.2, Finished(0))} + died + gone);
  EXPECT_EQ(ended.only().outcome, Outcome::kGraceful);
  const Measured later = Replay(Lines{At(0.2, Finished(0))} + died +
                                Lines{At(300, SyncLoop("DELETE")), At(300, SyncLoop("REMOVE"))});
  EXPECT_EQ(later.only().trigger, Trigger::kFinished) << "it waited for somebody to delete it";
  const Measured told = Replay(
      Lines{At(0.1, OfPod("Delaying pod deletion as the phase is non-terminal"))} + died + gone);
  EXPECT_EQ(told.only().trigger, Trigger::kApiDelete);
  EXPECT_FALSE(told.only().requested_at.has_value());
}

// Its sandbox fails to stop for long: its DELETE still comes when all is over.
TEST(QuietEnds, DeletedBeforeTheLogBeganAndHeldUp) {
  const std::string failed = OfPod("Error syncing pod, skipping",
                                   "err=\"failed to \\\"KillPodSandbox\\\" for \\\"x\\\"\"");
  const Measured run =
      Replay({At(0, SyncLoop("ADD", "default/other")), At(0.2, Kill(30)), At(1, Finished(0)),
              At(2, failed, 4321, 'E'), At(41, Volume("started", "creds")),
              At(41.1, Volume("unmounted", "creds")), At(42, SyncLoop("DELETE")),
              At(42, SyncLoop("REMOVE")), At(100, SyncLoop("ADD", "default/clock"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_FALSE(run.only().requested_at.has_value());
}

// A changed manifest: the next pod of that name has a UID of its own, the last lines are the old's.
TEST(QuietEnds, AStaticPodWhoseManifestChanged) {
  const std::string old_uid(32, '7');
  const std::string new_uid(32, '8');
  const auto pleg = [](std::string_view uid, std::string_view type, std::string_view id) {
    return "\"SyncLoop (PLEG): event for pod\" pod=\"" + std::string(kPod) +
           "\" event=&{ID:" + std::string(uid) + " Type:" + std::string(type) +
           " Data:" + std::string(id) + "}";
  };
  const std::string kill =
      "\"Killing container with a grace period\" pod=\"default/web-1\" podUID=\"" + old_uid +
      "\" containerName=\"app\" containerID=\"containerd://" + kApp + "\" gracePeriod=30";
  const std::string finished = "\"Generic (PLEG): container finished\" podID=\"" + old_uid +
                               "\" containerID=\"" + kApp + "\" exitCode=0";
  for (const bool kill_first : {true, false}) {
    const Lines run_lines = {
        At(0, StaticPod("ADD")),
        At(1, pleg(old_uid, "ContainerStarted", kApp)),
        At(10, StaticPod("REMOVE")),
        At(kill_first ? 10.01 : 10.03, kill),
        At(10.02, StaticPod("ADD")),
        At(15, finished),
        At(16, "\"Cleaned up orphaned pod volumes dir\" podUID=\"" + old_uid + "\" path=\"/p\""),
        At(17, pleg(new_uid, "ContainerStarted", kSandbox)),
        At(90, SyncLoop("ADD", "default/clock"))};
    const Measured run = Replay(run_lines);
    ASSERT_EQ(run.size(), 1u) << kill_first;
    EXPECT_EQ(run.only().trigger, Trigger::kStaticRemoved);
    EXPECT_EQ(run.only().state, State::kTerminated);
    EXPECT_NEAR(ToSeconds(*run.only().termination()), 5, 1e-6);
  }
}

// Whoever deletes the mirror in the API ends nothing, even when the log began after the pod.
TEST(QuietEnds, AMirrorPodIsToldByItsStaticPodsUid) {
  const std::string started =
      "\"SyncLoop (PLEG): event for pod\" pod=\"default/web-1\" event=&{ID:" +
      std::string(32, '7') + " Type:ContainerStarted Data:" + kApp + "}";
  const Measured run =
      Replay({At(0, started), At(10, SyncLoop("DELETE")), At(10.05, SyncLoop("REMOVE")),
              At(10.5, SyncLoop("ADD")), At(300, SyncLoop("ADD", "default/clock"))});
  EXPECT_EQ(run.size(), 0u);
}

// A job's sidecar is killed because the job has ended; a probe's kill is none either.
TEST(QuietEnds, WhatEndedByItselfIsNoDeadline) {
  const std::string sidecar(64, 'c');
  const Lines unmounted = {At(12.1, Volume("started", "creds")),
                           At(12.2, Volume("unmounted", "creds"))};
  const Lines over = {At(300, SyncLoop("DELETE")), At(300.01, SyncLoop("REMOVE"))};
  const Measured job =
      Replay(Started() +
             Lines{At(1, Pleg("ContainerStarted", sidecar)), At(10, Finished(0)),
                   At(10.1, Kill(30, sidecar, "istio-proxy")), At(11.5, Finished(0, sidecar))} +
             unmounted + over);
  ASSERT_EQ(job.size(), 1u);
  EXPECT_EQ(job.only().trigger, Trigger::kFinished);
  const Measured probed =
      Replay(Started() +
             Lines{At(9.9,
                      "\"Message for Container of pod\" containerName=\"app\" "
                      "containerStatusID={Type:containerd ID:" +
                          kApp +
                          "} pod=\"default/web-1\" containerMessage=\"Container app failed "
                          "liveness probe\""),
                   At(10.1, Kill(30)), At(11.5, Finished(143))} +
             unmounted + Lines{At(90, SyncLoop("ADD", "default/clock"))});
  EXPECT_EQ(probed.size(), 0u);
}

// Up to 1.26 the worker waits for a probe's kill, and makes no other.
TEST(QuietEnds, AKillUnderWayAtTheRequestIsItsKill) {
  const Measured run = Replay(
      Started() + Lines{At(10, Kill(30)), At(20, SyncLoop("DELETE")), At(40.1, Finished(137)),
                        At(40.1, Pleg("ContainerDied", kApp)),
                        At(40.1, Pleg("ContainerDied", kSandbox)), At(41, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().outcome, Outcome::kKilled);
  EXPECT_EQ(run.only().phases[0].phase, Phase::kDispatch);
  EXPECT_EQ(ToSeconds(*run.only().phases[0].duration()), 0);
}

// One that its two exit lines were lost of is not under way hours later.
TEST(QuietEnds, AProbesKillOfLongAgoIsNotUnderWay) {
  const std::string next(64, 'c');
  const Measured run =
      Replay(Started() + Lines{At(10, Kill(30)), At(12, Pleg("ContainerStarted", next)),
                               At(9000, SyncLoop("DELETE")), At(9000.1, Kill(30, next)),
                               At(9002, Finished(0, next)), At(9002, Pleg("ContainerDied", next)),
                               At(9002, Pleg("ContainerDied", kSandbox)),
                               At(9003, SyncLoop("DELETE")), At(9003, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().outcome, Outcome::kGraceful);
  EXPECT_EQ(run.only().grace_used, std::chrono::seconds(2) - std::chrono::milliseconds(100));
}

// The kill's line was lost: who sent the SIGKILL is not known.
TEST(QuietEnds, ASigkillWhoseKillWasNotRead) {
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(41, Finished(137)),
                               At(41, Pleg("ContainerDied", kApp)),
                               At(41, Pleg("ContainerDied", kSandbox)), At(42, SyncLoop("DELETE")),
                               At(42, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().outcome, Outcome::kUnknown);
}

// Two lines of one moment, the later one first.
TEST(QuietEnds, ADeletePrintedBelowItsRemoveMakesNoSecondPod) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(12, Finished(0)),
                        At(12, Pleg("ContainerDied", kApp)),
                        At(12, Pleg("ContainerDied", kSandbox)), At(13.0004, SyncLoop("REMOVE")),
                        At(13.0001, SyncLoop("DELETE")), At(90, SyncLoop("ADD", "default/clock"))});
  EXPECT_EQ(run.size(), 1u);
}

// "Volume detached" is printed of every volume, and tells where the unmount's success was lost.
TEST(QuietEnds, AVolumeThatWasDetachedIsUnmounted) {
  const std::string detached =
      "Volume detached for volume \"creds\" (UniqueName: \"kubernetes.io/secret/" + kUidText +
      "-creds\") on node \"n\" DevicePath \"\"";
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(11, Finished(0)),
                               At(12, Volume("started", "creds")), At(14, detached)});
  ASSERT_EQ(run.only().volumes.size(), 1u);
  EXPECT_TRUE(run.only().volumes[0].unmounted_at.has_value());
}

// The eviction manager waits ten seconds, says that it failed, and the kill goes on.
TEST(QuietEnds, AnEvictionThatTakesLong) {
  const Lines killed = Started() + Lines{At(10, Kill(0))};
  const Lines over = {At(25, Finished(137)), At(25.3, Volume("started", "creds")),
                      At(25.4, Volume("unmounted", "creds")), At(26, Pleg("ContainerDied", kApp)),
                      At(26, Pleg("ContainerDied", kSandbox))};
  const std::string failed = At(20,
                                "\"Eviction manager: pod failed to evict\" err=\"timeout waiting "
                                "to kill pod\" pod=\"default/web-1\"",
                                4321, 'E');
  const std::string success =
      At(25.5, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\"");
  for (const Lines& lines : {killed + Lines{failed} + over, killed + over + Lines{success}}) {
    const Measured run = Replay(lines + Lines{At(90, SyncLoop("ADD", "default/clock"))});
    ASSERT_EQ(run.size(), 1u);
    EXPECT_EQ(run.only().trigger, Trigger::kEviction);
    EXPECT_EQ(run.only().requested_at, run.only().containers.at(0).kill_started_at);
  }
}

// A batch that names none of the pods of before is not the batch: that line was lost.
TEST(QuietEnds, ALostBatchMakesNoOrphans) {
  const Lines again = {At(30, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 6666),
                       At(31, SyncLoop("ADD", "default/new"), 6666)};
  const Measured run = Replay(kTwoPods + Restarted("default/web-1 default/other") + again +
                              Lines{At(40, Kill(30), 6666), At(41, SyncLoop("DELETE"), 6666)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().containers.at(0).id, kApp);
}

// A probe's kill, from which the pod came back, begins nothing.
TEST(QuietEnds, AKillThatThePodCameBackFromIsForgotten) {
  const std::string again(64, 'c');
  const Lines lived_on = Lines{At(22, Kill(30), 5555), At(24, Finished(137), 5555),
                               At(24, Pleg("ContainerDied", kApp), 5555),
                               At(24, Pleg("ContainerStarted", again), 5555)};
  const Lines ended = {At(3000, Kill(30, again), 5555), At(3001, Finished(0, again), 5555),
                       At(3001, Pleg("ContainerDied", again), 5555),
                       At(3001, Pleg("ContainerDied", kSandbox), 5555)};
  const Lines restarted = kTwoPods + Restarted("default/web-1 default/other");
  const Measured run = Replay(restarted + lived_on + Lines{At(2999, SyncLoop("DELETE"), 5555)} +
                              ended + Lines{At(3002, SyncLoop("REMOVE"), 5555)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 2, 1e-6);
  EXPECT_EQ(run.only().containers.size(), 1u);
  // Nor does it of what the kubelet ends by itself.
  const Measured deadline =
      Replay(kTwoPods + lived_on + ended + Lines{At(3001.5, Volume("started", "creds"), 5555)});
  ASSERT_EQ(deadline.size(), 1u);
  EXPECT_EQ(deadline.only().trigger, Trigger::kDeadline);
  EXPECT_NEAR(ToSeconds(*deadline.only().termination()), 1, 0.6);
}

// dockershim's containers look dead to a relist that comes while they are made.
TEST(QuietEnds, ASandboxThatLookedDeadAtItsStartMakesNoFinishedPod) {
  const Lines started = {At(0, SyncLoop("ADD")),
                         At(1, Pleg("ContainerDied", kSandbox)),
                         At(2, Pleg("ContainerStarted", kSandbox)),
                         At(2, Pleg("ContainerStarted", kApp)),
                         At(5, Finished(1)),
                         At(5, Pleg("ContainerDied", kApp))};
  const Measured run =
      Replay(started + Lines{At(10, SyncLoop("DELETE")), At(11, Pleg("ContainerDied", kSandbox)),
                             At(11.2, Volume("started", "creds")), At(12, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete) << "a crash loop in its back-off";
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 1, 1e-6);
}

// Whose sandbox could not be stopped after it looked dead, and who has no volume to tell the end.
TEST(QuietEnds, ASandboxThatFailedToStopEndsByTheRemove) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(11, Finished(0)),
            At(11, Pleg("ContainerDied", kApp)), At(11, Pleg("ContainerDied", kSandbox)),
            At(15,
               "\"StopPodSandbox from runtime service failed\" err=\"failed to destroy network\" "
               "podSandboxID=\"" +
                   kSandbox + "\"",
               4321, 'E'),
            At(40, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 30, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kBound);
}

// It never had a sandbox, and no exit was printed yet by which its unmount would tell: it ends all
// the same, and not only at the log's end.
TEST(QuietEnds, APodThatNeverRanAndHadVolumes) {
  PipelineOptions options;
  options.zone = {"UTC", 2026, std::nullopt};
  int ended = 0;
  Pipeline pipeline(options, [&ended](const RecordPtr&) { ++ended; });
  const Lines lines = {At(0, SyncLoop("ADD")),
                       At(10, SyncLoop("DELETE")),
                       At(10.2, Volume("started", "creds")),
                       At(10.3, Volume("unmounted", "creds")),
                       At(10.6, SyncLoop("DELETE")),
                       At(10.7, SyncLoop("REMOVE")),
                       At(50, SyncLoop("ADD", "default/clock")),
                       At(90, SyncLoop("ADD", "default/clock")),
                       At(91, SyncLoop("ADD", "default/clock"))};
  for (const std::string& text : lines) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  }
  EXPECT_EQ(pipeline.tracker().counts().in_flight, 0u);
  EXPECT_EQ(ended, 1);
}

// No relist's line of it came: it ends by its unmount, and not only at the log's end.
TEST(QuietEnds, WithoutARelistItEndsSomeTimeAfterTheRemove) {
  PipelineOptions options;
  options.zone = {"UTC", 2026, std::nullopt};
  int ended = 0;
  Pipeline pipeline(options, [&ended](const RecordPtr&) { ++ended; });
  const Lines lines =
      Started() +
      Lines{At(10, SyncLoop("DELETE")),         At(10.1, Kill(30)),
            At(12, Volume("started", "creds")), At(12.1, Volume("unmounted", "creds")),
            At(13, SyncLoop("REMOVE")),         At(14, SyncLoop("ADD", "default/clock"))};
  for (const std::string& text : lines) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  }
  EXPECT_EQ(pipeline.tracker().counts().in_flight, 1u) << "a relist may still come";
  for (const double at : {30.0, 90.0, 91.0}) {
    const std::string text = At(at, SyncLoop("ADD", "default/clock"));
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  }
  EXPECT_EQ(pipeline.tracker().counts().in_flight, 0u);
  EXPECT_EQ(ended, 1);
}

// The lines of 1.14 to 1.20.
std::string Old(std::string_view what) {
  return "SyncLoop (" + std::string(what) + ", \"api\"): \"web-1_default(" + kUidText + ")\"";
}
std::string OldPleg(std::string_view type, const std::string& id) {
  return "SyncLoop (PLEG): \"web-1_default(" + kUidText +
         ")\", event: &pleg.PodLifecycleEvent{ID:\"" + kUidText + "\", Type:\"" +
         std::string(type) + "\", Data:\"" + id + "\"}";
}
std::string OldKill(int grace) {
  return "Killing container \"docker://" + kApp + "\" with a " + std::to_string(grace) +
         " second grace period";
}
const Lines kOldStarted = {At(0, Old("ADD")), At(1, OldPleg("ContainerStarted", kSandbox)),
                           At(1, OldPleg("ContainerStarted", kApp))};

// No exit code and no container's name is printed: the kill tells it from its sandbox, and the time
// whether its grace ran out.
TEST(QuietEnds, BeforeExitCodesTheGraceTells) {
  for (const double lived : {4.0, 30.6}) {
    const double at = 10.1 + lived;
    const Measured run = Replay(kOldStarted + Lines{At(10, Old("DELETE")), At(10.1, OldKill(30)),
                                                    At(at, OldPleg("ContainerDied", kApp)),
                                                    At(at, OldPleg("ContainerDied", kSandbox)),
                                                    At(at + 0.3, Volume("started", "creds")),
                                                    At(at + 1, Old("REMOVE"))});
    ASSERT_EQ(run.ended.size(), 1u) << lived;
    ASSERT_EQ(run.only().containers.size(), 1u);
    EXPECT_EQ(run.only().containers[0].id, kApp);
    EXPECT_EQ(run.only().outcome, lived < 30 ? Outcome::kGraceful : Outcome::kKilled);
  }
}

TEST(QuietEnds, BeforeExitCodesAPodAllDeadHasFinished) {
  const Measured run = Replay(kOldStarted + Lines{At(5, OldPleg("ContainerDied", kApp)),
                                                  At(6, OldPleg("ContainerDied", kSandbox)),
                                                  At(10, Old("DELETE")), At(10.1, Old("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kFinished);
}

// The sync loop prints no relist's event of a pod whose object is gone: at -v 4 the relist itself
// tells, below it the volumes.
TEST(QuietEnds, ForcedBeforeExitCodes) {
  const Lines forced =
      kOldStarted + Lines{At(10, Old("DELETE")), At(10.01, Old("REMOVE")), At(10.1, OldKill(30))};
  const Lines unmounted = {At(14, Volume("started", "creds")),
                           At(14.1, Volume("unmounted", "creds"))};
  EXPECT_EQ(Replay(forced).in_flight.size(), 1u);
  const auto relisted = [](const std::string& id) {
    return "GenericPLEG: " + kUidText + "/" + id + ": running -> exited";
  };
  const Lines told = {At(14.5, relisted(kApp)), At(14.5, relisted(kSandbox))};
  for (const Lines& end : {unmounted, unmounted + told}) {
    const Measured run = Replay(forced + end);
    ASSERT_EQ(run.ended.size(), 1u) << end.size();
    EXPECT_EQ(run.only().outcome, Outcome::kForced);
    EXPECT_NEAR(ToSeconds(*run.only().termination()), 4, 0.51);
    ASSERT_EQ(run.only().containers.size(), 1u);
    EXPECT_NE(run.only().termination_precision, Precision::kExact);
  }
}

}  // namespace
}  // namespace kle
