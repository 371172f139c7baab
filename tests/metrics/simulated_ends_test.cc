// SPDX-License-Identifier: Apache-2.0
// What simulated kubelets found (tests/accuracy/simulated.py), each reduced to its lines.
#include <gtest/gtest.h>

#include "tests/support/runtime_lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kClock = At(200, SyncLoop("ADD", "default/clock"));

const std::string kCleaned =
    "\"Cleaned up orphaned pod volumes dir\" podUID=\"" + std::string(kUid) + "\" path=\"/p\"";

std::string Recorded(std::string_view reason) {
  return "\"Event occurred\" object=\"" + std::string(kPod) +
         "\" kind=\"Pod\" apiVersion=\"v1\" type=\"Warning\" reason=\"" + std::string(reason) +
         "\" message=\"\"";
}

std::string Mounted(std::string_view name) {
  const std::string uid(kUid), pod(kPod.substr(kPod.find('/') + 1));
  return "\"MountVolume.SetUp succeeded for volume \\\"" + std::string(name) +
         "\\\" (UniqueName: \\\"kubernetes.io/secret/" + uid + "-" + std::string(name) +
         "\\\") pod \\\"" + pod + "\\\" (UID: \\\"" + uid + "\\\") \" pod=\"" + std::string(kPod) +
         "\"";
}

// A hook comes before the kill by which an announced termination was known.
TEST(SimulatedEnds, AnAnnouncedEndBeginsWithItsHook) {
  const Measured run = Replay(
      Started() + Lines{At(10, Recorded("Evicted")), At(10.1, OfContainer("Running preStop hook")),
                        At(14.1, OfContainer("PreStop hook completed")), At(14.1, Kill(26)),
                        At(15, OfContainer("Container exited normally"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  const ContainerRecord& container = run.only().containers.at(0);
  EXPECT_EQ(container.prestop_outcome, HookOutcome::kCompleted);
  ASSERT_TRUE(container.prestop.has_value());
  EXPECT_NEAR(ToSeconds(*container.prestop), 4, 1e-6);
  EXPECT_NEAR(ToSeconds(run.only().grace_used.value()), 4.9, 1e-6);
}

// The recorder is a goroutine of its own: the worker may be at the kill by then.
TEST(SimulatedEnds, ADeadlineThatIsRecordedLate) {
  const Measured run =
      Replay(Started() +
             Lines{At(10,
                      "\"Pod indicated lifecycle completed naturally and should now "
                      "terminate\" pod=\"default/web-1\" podUID=" +
                          std::string(kUid)),
                   At(10.001, OfPod("syncTerminatingPod enter")), At(10.002, Kill(30)),
                   At(10.003, Recorded("DeadlineExceeded")), At(12, Finished(0)),
                   At(12, Pleg("ContainerDied", kApp)), At(12, Pleg("ContainerDied", kSandbox)),
                   At(12.8, OfPod("Pod terminated all containers successfully")),
                   At(12.9, Volume("started", "creds")), At(13, Volume("unmounted", "creds"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 2.798, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kExact);
}

// Nothing of it ran: its end takes a relist. The kubelet's own DELETE tells it from a force delete,
// and from a pod that had finished.
TEST(SimulatedEnds, APendingPodThatEndsWithinASecond) {
  const Measured run =
      Replay(Lines{At(0, SyncLoop("ADD")), At(10, SyncLoop("DELETE")), At(10.9, SyncLoop("DELETE")),
                   At(10.91, SyncLoop("REMOVE")), At(12, kCleaned), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().state, State::kRemoved);
  EXPECT_NEAR(ToSeconds(run.only().deletion().value()), 0.91, 1e-6);
}

// No relist's event tells of its sandbox; while its network is torn down, its volumes stay mounted.
TEST(SimulatedEnds, AForcedPodWithASlowNetworkTeardown) {
  const Lines stopped = Lines{At(0, SyncLoop("ADD")), At(0.5, Mounted("creds"))} +
                        Lines{At(1, Pleg("ContainerStarted", kSandbox)),
                              At(1, Pleg("ContainerStarted", kApp)),
                              At(10, SyncLoop("DELETE")),
                              At(10.01, SyncLoop("REMOVE")),
                              At(10.1, Kill(30)),
                              At(12.5, Finished(0))};
  const Measured held = Replay(stopped);
  ASSERT_EQ(held.in_flight.size(), 1u);
  EXPECT_EQ(held.only().current->phase, Phase::kStopSandbox);
  const Measured run = Replay(stopped + Lines{At(32, Volume("started", "creds")),
                                              At(32.1, Volume("unmounted", "creds")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kForceDelete);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 22, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kBound);
}

// A bound is not below what it bounds: the sandbox goes after the last exit.
TEST(SimulatedEnds, APodWithoutVolumesEndsByTheFirstLineThatComesAfterIt) {
  const Lines stopped =
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                        At(12, OfContainer("Container exited normally")), At(12.5, Finished(0))};
  const Lines gone = {At(14, SyncLoop("DELETE")), At(14, SyncLoop("REMOVE")), kClock};
  const Measured removed = Replay(stopped + gone);
  EXPECT_NEAR(ToSeconds(removed.only().termination().value()), 4, 1e-6);
  EXPECT_EQ(removed.only().termination_precision, Precision::kBound);
  const Measured told =
      Replay(stopped + Lines{At(13, OfPod("Pod termination cleaned up volume paths"))} + gone);
  EXPECT_NEAR(ToSeconds(told.only().termination().value()), 3, 1e-6);
}

// Two goroutines print of one relist. An eviction is announced only when it is over.
TEST(SimulatedEnds, ASandboxThatDiesBeforeTheFirstExitIsTold) {
  const Measured run = Replay(
      Started() +
      Lines{At(10, Kill(30)), At(12, Pleg("ContainerDied", kApp)),
            At(12, Pleg("ContainerDied", kSandbox)), At(12, Finished(0)),
            At(13, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\""),
            At(14, Volume("started", "creds")), At(14.1, Volume("unmounted", "creds")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  EXPECT_EQ(run.only().containers.size(), 1u);
}

const std::string kVersion = At(20, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555);
const std::string kBatch = At(21, SyncLoop("ADD", "default/web-1 default/other"), 5555);
const Lines kTwoPods = Started() + Lines{At(2, SyncLoop("ADD", "default/other"))};
const Lines kGone = {At(40, SyncLoop("DELETE"), 5555), At(40, SyncLoop("REMOVE"), 5555)};

// The controller of a job deletes it as soon as it sees the end: before a relist sees the sandbox.
TEST(SimulatedEnds, AJobDeletedTheMomentThatItEnded) {
  const Measured run =
      Replay(Started() + Lines{At(10, Finished(0)), At(10, Pleg("ContainerDied", kApp)),
                               At(10.6, SyncLoop("DELETE")), At(10.6, SyncLoop("REMOVE")),
                               At(10.7, Volume("started", "creds")),
                               At(10.8, Volume("unmounted", "creds")), kClock});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kFinished);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

// One of its containers is in its hook, and another killed, when the recorder comes to it.
TEST(SimulatedEnds, AHookThatBeganBeforeItsDeadlineWasRecorded) {
  const std::string side(64, 'c');
  const Measured run = Replay(
      Started() +
      Lines{At(2, Pleg("ContainerStarted", side)), At(10, OfContainer("Running preStop hook")),
            At(10.001, Kill(30, side, "side")), At(10.002, Recorded("DeadlineExceeded")),
            At(14, OfContainer("PreStop hook completed")), At(14, Kill(26))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_NEAR(ToSeconds(run.only().containers.at(0).prestop.value()), 4, 1e-6);
}

// The first relist of a restarted kubelet tells of all that runs as if it had just begun.
TEST(SimulatedEnds, WhatRunsOnIsNoNewContainer) {
  const std::string side(64, 'c');
  const Measured run = Replay(
      kTwoPods +
      Lines{At(2, Pleg("ContainerStarted", side)), kVersion, kBatch, At(21.1, Kill(30), 5555),
            At(21.1, Kill(30, side, "side"), 5555), At(22, Finished(0), 5555),
            At(22, Pleg("ContainerDied", kApp), 5555), At(22, Pleg("ContainerStarted", side), 5555),
            At(38, Finished(0, side), 5555), At(38, Pleg("ContainerDied", side), 5555),
            At(38, Pleg("ContainerDied", kSandbox), 5555)} +
      kGone);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  ASSERT_EQ(run.only().containers.size(), 2u);
  for (const ContainerRecord& container : run.only().containers) {
    EXPECT_EQ(container.attempts, 1) << container.name;
  }
}

TEST(SimulatedEnds, AProbesKillThatTheKubeletDidNotSurvive) {
  const std::string probe =
      "\"Message for Container of pod\" containerName=\"app\" containerStatusID=\"containerd://" +
      kApp + "\" pod=\"default/web-1\" containerMessage=\"Container app failed liveness probe\"";
  const Measured run =
      Replay(kTwoPods +
             Lines{At(15, probe), At(15, Kill(30)), kVersion, kBatch, At(21.1, Kill(30), 5555),
                   At(38, Finished(0), 5555), At(38, Pleg("ContainerDied", kApp), 5555),
                   At(38, Pleg("ContainerDied", kSandbox), 5555)} +
             kGone);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_NEAR(ToSeconds(run.only().requested_at.value() - run.only().removed_at.value()), -18.9,
              1e-6);
}

// Its DELETE comes when all is over, the volumes too.
TEST(SimulatedEnds, DeletedWhileNoKubeletRanAndAVolumeHangs) {
  const Lines killed = kTwoPods + Lines{kVersion,
                                        kBatch,
                                        At(21.1, Kill(30), 5555),
                                        At(22, Finished(0), 5555),
                                        At(22, Pleg("ContainerDied", kApp), 5555),
                                        At(22, Pleg("ContainerDied", kSandbox), 5555),
                                        At(23, Volume("started", "creds"), 5555),
                                        At(36, SyncLoop("ADD", "default/clock"), 5555)};
  const Measured run = Replay(killed + Lines{At(39, Volume("unmounted", "creds"), 5555)} + kGone);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().state, State::kRemoved);
}

// An exit that only the next kubelet saw was before the unmount that the former one began.
TEST(SimulatedEnds, AnUnmountBeforeARestartBoundsTheExit) {
  const Measured run = Replay(
      kTwoPods +
      Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(12, Volume("started", "creds")),
            kVersion, kBatch, At(21, Finished(0), 5555), At(22, Volume("started", "creds"), 5555),
            At(22.1, Volume("unmounted", "creds"), 5555)} +
      kGone);
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 2, 1e-6);
}

// A restarted kubelet unmounts what has no object before it kills it.
TEST(SimulatedEnds, AForcedPodThatOutlivesItsKubelet) {
  const Measured run = Replay(
      kTwoPods + Lines{At(18, SyncLoop("DELETE")), At(18.01, SyncLoop("REMOVE")),
                       At(18.1, Kill(30)), kVersion, At(21, SyncLoop("ADD", "default/other"), 5555),
                       At(22, Volume("started", "creds"), 5555),
                       At(22.1, Volume("unmounted", "creds"), 5555), At(23, Kill(2), 5555),
                       At(35, Finished(137), 5555), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kForceDelete);
  EXPECT_GE(ToSeconds(run.only().termination().value()), 16.9);
}

TEST(SimulatedEnds, DeletedWithGraceAndForcedWhileNoKubeletRan) {
  const Measured run =
      Replay(kTwoPods + Lines{At(18, SyncLoop("DELETE")), At(18.1, Kill(60)), kVersion,
                              At(21, SyncLoop("ADD", "default/other"), 5555),
                              At(22, Volume("started", "creds"), 5555),
                              At(22.1, Volume("unmounted", "creds"), 5555), At(23, Kill(2), 5555),
                              At(35, Finished(137), 5555), At(36, kCleaned, 5555), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_GE(ToSeconds(run.only().termination().value()), 16.9);
}

// From 1.29 on the override's line comes before the hook: it is no kill, even as a log's first.
TEST(SimulatedEnds, AHookAfterTheOverride) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")),
                        At(10.1, OfContainer("Killing container with a grace period override",
                                             "gracePeriod=30")),
                        At(10.1, OfContainer("Running preStop hook"))});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.only().current->phase, Phase::kPrestop);
}

// A sidecar waits for its turn: in a log's first kills, too, the override's line is no kill of it.
TEST(SimulatedEnds, ASidecarThatWaitsWhileItsKubeletRestarts) {
  const std::string side(64, 'c');
  const auto override_of = [](std::string_view id, std::string_view name) {
    return OfContainer("Killing container with a grace period override", "gracePeriod=30", id,
                       name);
  };
  const Measured run = Replay(
      kTwoPods + Lines{At(3, Pleg("ContainerStarted", side)), At(10, SyncLoop("DELETE")),
                       At(10.1, override_of(side, "side")), At(10.1, override_of(kApp, "app")),
                       At(10.1, Kill(30)), kVersion, kBatch, At(22, Kill(30), 5555),
                       At(30, Kill(25, side, "side"), 5555)});
  ASSERT_EQ(run.size(), 1u);
  for (const ContainerRecord& container : run.only().containers) {
    EXPECT_EQ(container.attempts, container.name == "app" ? 2 : 1);
  }
}

TEST(SimulatedEnds, AnOrphanOfALogsFirstKubeletUnmountsBeforeItKills) {
  const Measured run = Replay(Lines{
      At(0, SyncLoop("ADD", "default/other")),
      At(2, "\"Clean up containers for orphaned pod we had not seen before\" podUID=\"" +
                std::string(kUid) + "\" killPodOptions=\"{}\""),
      At(2.1, Kill(2)), At(2.2, Volume("started", "creds")), At(2.3, Volume("unmounted", "creds")),
      At(4.5, Finished(137)), At(6, kCleaned), kClock});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kOrphan);
  EXPECT_EQ(run.only().outcome, Outcome::kKilled);
}

// Its DELETE by the kubelet itself comes before the relist that shows the sandbox dead.
TEST(SimulatedEnds, AFinalizerOfAPodWithoutVolumes) {
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(12, Finished(0)),
                               At(12.7, SyncLoop("DELETE")), At(13, Pleg("ContainerDied", kApp)),
                               At(13, Pleg("ContainerDied", kSandbox)), kClock});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.only().current->phase, Phase::kRemoveFromApi);
  EXPECT_EQ(run.only().current->reason, Reason::kApiFinalizer);
}

// The container that was killed for another sandbox is dead, the next one not seen yet.
TEST(SimulatedEnds, DeletedWhileItGetsAnotherSandbox) {
  const std::string needed =
      "\"No ready sandbox for pod can be found. Need to start a new one\" pod=\"default/web-1\"";
  const Measured run = Replay(
      Started() + Lines{At(20, Pleg("ContainerDied", kSandbox)), At(20.1, needed),
                        At(20.1, Kill(30)), At(23, Finished(0)),
                        At(23, Pleg("ContainerDied", kApp)), At(25, SyncLoop("DELETE")),
                        At(27, Volume("started", "creds")), At(27.1, Volume("unmounted", "creds")),
                        At(28, SyncLoop("DELETE")), At(28, SyncLoop("REMOVE")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().state, State::kRemoved);
}

// What is not to start again ends with its sandbox: its volumes go before anybody deletes it.
TEST(SimulatedEnds, AJobWhoseSandboxDiedHadFinished) {
  const std::string needed =
      "\"No ready sandbox for pod can be found. Need to start a new one\" pod=\"default/web-1\"";
  const Measured run =
      Replay(Started() +
             Lines{At(20, Pleg("ContainerDied", kSandbox)), At(20.1, needed), At(20.1, Kill(30)),
                   At(23, Finished(0)), At(23, Pleg("ContainerDied", kApp)),
                   At(24, Volume("started", "creds")), At(24.1, Volume("unmounted", "creds")),
                   At(60, SyncLoop("DELETE")), At(60, SyncLoop("REMOVE")), kClock});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kFinished);
}

const std::string kSide(64, 'c');

Lines TwoContainersAtV0() { return StartedAtV0() + Lines{Rt(1.4, CreateContainer(kSide, "side"))}; }

// From 1.29 on the hook's seconds are off the grace of the stop that follows it.
TEST(SimulatedEnds, AHookAtV0BelongsToTheEndOfTheOthers) {
  const auto run = [](int left) {
    return Replay(TwoContainersAtV0() +
                  Lines{Rt(10, StopContainer(30, kSide)), Rt(10.2, Exited(10.1, 0, kSide)),
                        Rt(10.3, Stopped(kSide)), Rt(30.5, StopContainer(left)),
                        Rt(31, Exited(31, 0)), Rt(31.1, Stopped()), Rt(31.11, StopSandbox()),
                        Rt(31.2, SandboxStopped()), At(33, VolumesCleaned())});
  };
  const Measured after_hook = run(10);
  ASSERT_EQ(after_hook.size(), 1u);
  EXPECT_EQ(after_hook.only().containers.size(), 2u);
  EXPECT_NEAR(ToSeconds(after_hook.only().termination().value()), 21.2, 1e-6);
  // A probe's kill whose container waits for its next run.
  EXPECT_NEAR(ToSeconds(run(30).only().termination().value()), 0.7, 1e-6);
}

// Of what has no object a restarted kubelet unmounts the volumes first.
TEST(SimulatedEnds, AnOrphansUnmountAtV0ComesBeforeItsStop) {
  const Measured run =
      Replay(StartedAtV0() +
             Lines{Rt(20, StopContainer(1)), At(20.1, Volume("started", "creds")),
                   At(20.2, Volume("unmounted", "creds")), Rt(21, "Kill container " + Quoted(kApp)),
                   Rt(21.1, "shim disconnected", " id=" + kApp), Rt(21.2, Stopped()),
                   Rt(21.21, StopSandbox()), Rt(21.3, SandboxStopped()), At(23, VolumesCleaned())});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kRuntimeStop);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 1.3, 1e-6);
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_NEAR(ToSeconds(run.only().containers[0].stop_duration().value()), 1.1, 1e-6);
}

// Its containers go as they die, before the sandbox is stopped; why is told when it is over.
TEST(SimulatedEnds, APreemptionAtV0) {
  const Measured run =
      Replay(StartedAtV0() +
             Lines{Rt(10, StopContainer()), Rt(12, Exited(12, 0)),
                   Rt(12.05, "RemoveContainer for " + Quoted(kApp) + " returns successfully"),
                   Rt(12.1, Stopped()), Rt(12.11, StopSandbox()), Rt(12.2, SandboxStopped()),
                   At(12.3, "\"Pod evicted successfully\" pod=\"default/web-1\""),
                   At(100, "\"Observed pod startup duration\" pod=\"default/x\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kPreemption);
}

// The next kubelet finds nothing that runs: it stops the sandbox alone.
TEST(SimulatedEnds, AKubeletThatDidNotSurviveItsStopAtV0) {
  const Measured run =
      Replay(StartedAtV0() +
             Lines{Rt(10, StopContainer()),
                   Rt(12, "StopContainer for " + Quoted(kApp) + " failed",
                      " error=\"rpc error: code = Canceled desc = context canceled\"", "error"),
                   Rt(13, Exited(13, 0)), kVersion, Rt(21, StopSandbox()),
                   Rt(21.1, SandboxStopped()), At(22, Volume("started", "creds"), 5555),
                   At(22.1, Volume("unmounted", "creds"), 5555), At(23, VolumesCleaned(), 5555)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kRuntimeStop);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 11.1, 1e-6);
  ASSERT_EQ(run.only().containers.size(), 1u);
}

// The pod's own error line speaks of those kills that failed, not of the one that came last.
TEST(SimulatedEnds, OneOfTwoKillsFailsAgain) {
  const std::string side(64, 'c'), down = "rpc error: code = Unavailable desc = EOF";
  const auto fails = [&](double at, std::string_view id, std::string_view name) {
    return At(at, OfContainer("Container termination failed with gracePeriod",
                              "gracePeriod=30 err=\"" + down + "\"", id, name));
  };
  const auto error = [&](double at) {
    return At(at, OfPod("Error syncing pod, skipping",
                        "err=\"failed to \\\"KillContainer\\\" for \\\"app\\\": " + down + "\""));
  };
  const Measured run = Replay(
      Started() +
      Lines{At(2, Pleg("ContainerStarted", side)), At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
            At(10.1, Kill(30, side, "side")), fails(10.2, kApp, "app"), fails(10.3, side, "side"),
            error(10.4), At(22, Kill(30)), At(22, Kill(30, side, "side")), fails(22.1, kApp, "app"),
            At(23, OfContainer("Container exited normally", "", side, "side")), error(23.1)});
  int failed = 0;
  for (const FailureRecord& failure : run.only().failures) failed += failure.count;
  EXPECT_EQ(failed, 3);
}

// No relist is made while the runtime is away: what one sees after that was gone before.
TEST(SimulatedEnds, AnExitWhileTheRuntimeWasAway) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                        At(15, OfContainer("Container termination failed with gracePeriod",
                                           "gracePeriod=30 err=\"rpc error: code = Unavailable\"")),
                        At(25, Finished(0)), At(25, Pleg("ContainerDied", kApp))});
  EXPECT_EQ(run.only().containers.at(0).precision, Precision::kBound);
}

// It fails, and says so; a kill that reaches the runtime again comes before the next one.
TEST(SimulatedEnds, AnExitThatTheFirstRelistAfterAFailedOneShows) {
  const auto exit_shown_at = [](double at) {
    return Replay(
               Started() +
               Lines{
                   At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                   At(15, "\"GenericPLEG: Unable to retrieve pods\" err=\"rpc error\"", 4321, 'E'),
                   At(15.8, Kill(30)), At(at, Finished(0)), At(at, Pleg("ContainerDied", kApp))})
        .only()
        .containers.at(0)
        .precision;
  };
  EXPECT_EQ(exit_shown_at(16), Precision::kBound);
  EXPECT_EQ(exit_shown_at(26), Precision::kRelist);
}

// Nor does it tell when the sandbox went: what comes next is the bound of that.
TEST(SimulatedEnds, AnEndThatTheFirstRelistAfterAFailedOneShows) {
  for (const bool failed : {false, true}) {
    const std::string_view said = failed
                                      ? "\"GenericPLEG: Unable to retrieve pods\" err=\"rpc error\""
                                      : "\"GenericPLEG: Relisting\"";
    const Measured run = Replay(
        Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)), At(24, said, 4321, 'E'),
                          At(25, Finished(0)), At(25, Pleg("ContainerDied", kApp)),
                          At(25, Pleg("ContainerDied", kSandbox)), At(26, SyncLoop("DELETE")),
                          At(26, SyncLoop("REMOVE"))});
    EXPECT_EQ(run.only().termination_precision, failed ? Precision::kBound : Precision::kRelist);
    EXPECT_NEAR(ToSeconds(*run.only().termination()), failed ? 16 : 15, 1e-6);
  }
}

std::string KillFailed(std::string_view error = "Unavailable") {
  return OfContainer("Container termination failed with gracePeriod",
                     "gracePeriod=30 err=\"rpc error: code = " + std::string(error) + "\"");
}

// Nobody says that it ends before it has: what failed until then is its end's all the same.
TEST(SimulatedEnds, FailuresBeforeAnEndThatNobodyAnnounced) {
  const Lines cut =
      Started() + Lines{At(10, Kill(30)), At(10.1, KillFailed(), 4321, 'E'), At(22, Kill(30)),
                        At(22.1, KillFailed(), 4321, 'E'), At(35, Kill(30))};
  const Lines dead =
      Lines{At(37, Finished(0)), At(37, Pleg("ContainerDied", kApp)),
            At(37, Pleg("ContainerDied", kSandbox)), At(37.1, Volume("started", "creds")),
            At(37.2, Volume("unmounted", "creds"))};
  const char* const counter = "kubelet_lifecycle_container_kill_failures_total";
  const Measured run = Replay(cut + dead + Lines{kClock});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].count, 2);
  EXPECT_EQ(run.metric(counter), 2);

  const Measured alive =
      Replay(cut + Lines{At(37, Finished(0)), At(37, Pleg("ContainerDied", kApp)),
                         At(38, Pleg("ContainerStarted", std::string(64, 'd'))),
                         At(50, SyncLoop("DELETE"))});
  ASSERT_EQ(alive.size(), 1u);
  EXPECT_TRUE(alive.only().failures.empty()) << "they were its life's";
  EXPECT_EQ(alive.metric(counter), 0);

  const Measured deleted = Replay(cut + Lines{At(36, SyncLoop("DELETE"))} + dead);
  ASSERT_EQ(deleted.size(), 1u);
  EXPECT_TRUE(deleted.only().failures.empty()) << "before it was asked for";
}

// Of a pod that nobody named yet a kill may stand above its DELETE, which is earlier all the same.
TEST(SimulatedEnds, ADeleteThatIsPrintedLate) {
  const Measured run =
      Replay(Lines{At(5, Pleg("ContainerStarted", kSandbox)), At(5, Pleg("ContainerStarted", kApp)),
                   At(10.002, Kill(30)), At(10.001, SyncLoop("DELETE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_TRUE(run.only().requested_at.has_value());
}

// So may the event that says why.
TEST(SimulatedEnds, AnAnnouncementThatIsStampedAfterItsKill) {
  const Measured run =
      Replay(Started() + Lines{At(10.0001, Recorded("Preempting")), At(10, Kill(60)),
                               At(11.9, Kill(60)), At(13, Finished(0))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kPreemption);
  const ContainerRecord& container = run.only().containers.at(0);
  EXPECT_EQ(container.attempts, 2);
  EXPECT_EQ(container.kill_started_at, run.only().requested_at);
}

// A relist's event goes to the sync loop before its exit code is printed: the outcome waits for it.
TEST(SimulatedEnds, ACodeThatIsPrintedAfterTheRelistsEvent) {
  const std::string first(64, 'c');  // since when the kubelet is known to print codes
  const Lines stopped = Started() + Lines{At(9, Finished(0, first)), At(10, SyncLoop("DELETE")),
                                          At(10.1, Kill(30)), At(41, Pleg("ContainerDied", kApp)),
                                          At(41, Pleg("ContainerDied", kSandbox))};
  const Measured run =
      Replay(stopped + Lines{At(41.002, Volume("started", "creds")), At(41.004, Finished(137)),
                             At(41.1, Volume("unmounted", "creds")), At(42, SyncLoop("DELETE")),
                             At(42, SyncLoop("REMOVE")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().outcome, Outcome::kKilled);
  EXPECT_EQ(run.metric("kubelet_lifecycle_grace_period_exceeded_total"), 1);
  const Measured lost = Replay(
      stopped + Lines{At(41.002, Volume("started", "creds")), At(43, SyncLoop("REMOVE")), kClock});
  ASSERT_EQ(lost.ended.size(), 1u) << "it does not wait for ever";
  EXPECT_EQ(lost.only().termination_precision, Precision::kRelist);
}

TEST(SimulatedEnds, WhatHasAnExitCodeIsNoSandbox) {
  const std::string side(64, 'c');
  const Measured run = Replay(
      Started() +
      Lines{At(2, Pleg("ContainerStarted", side)), At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
            At(12, Pleg("ContainerDied", side)), At(12.001, Finished(1, side)), At(14, Finished(0)),
            At(14, Pleg("ContainerDied", kApp)), At(14, Pleg("ContainerDied", kSandbox)), kClock});
  EXPECT_EQ(run.only().containers.size(), 2u);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 4, 1e-6);
}

// The kubelet that had begun to evict it did not live to tell the API server.
TEST(SimulatedEnds, AnEvictionThatARestartInterrupts) {
  const Lines cut = kTwoPods + Lines{At(10, Recorded("Evicted")),
                                     At(10.1, Kill(30)),
                                     kVersion,
                                     kBatch,
                                     At(22, Finished(0), 5555),
                                     At(22, Pleg("ContainerDied", kApp), 5555)};
  const std::string again(64, 'd');
  const Lines deleted = {At(60, SyncLoop("DELETE"), 5555), At(60.1, Kill(30, again), 5555)};
  for (const std::string& told :
       {At(23, Pleg("ContainerStarted", again), 5555),
        At(23, OfPod("No ready sandbox for pod can be found. Need to start a new one"), 5555)}) {
    const Measured run = Replay(cut + Lines{told});
    ASSERT_EQ(run.ended.size(), 1u) << told;
    EXPECT_EQ(run.only().state, State::kInterrupted);
    EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
    const Measured later = Replay(cut + Lines{told} + deleted);
    ASSERT_EQ(later.in_flight.size(), 1u) << "its later end is one of its own";
    EXPECT_EQ(later.in_flight[0].trigger, Trigger::kApiDelete);
    EXPECT_EQ(later.in_flight[0].containers.size(), 1u);
  }
  const Measured goes_on = Replay(cut + Lines{At(23, Pleg("ContainerStarted", kSandbox), 5555)});
  EXPECT_EQ(goes_on.in_flight.size(), 1u) << "a restarted kubelet's first relist tells all again";
}

// It was over, but the API server was not told.
TEST(SimulatedEnds, AnEvictionThatIsOverAndNotTold) {
  const std::string again(64, 'd');
  const Measured run = Replay(
      kTwoPods +
      Lines{At(10, Recorded("Evicted")), At(10.1, Kill(30)), At(12, Finished(0)),
            At(12, Pleg("ContainerDied", kApp)), At(12, Pleg("ContainerDied", kSandbox)),
            At(12.1, Volume("started", "creds")), At(12.2, Volume("unmounted", "creds")), kVersion,
            kBatch,
            At(23, OfPod("No ready sandbox for pod can be found. Need to start a new one"), 5555),
            At(24, Pleg("ContainerStarted", again), 5555), At(60, SyncLoop("DELETE"), 5555),
            At(60.1, Kill(30, again), 5555)});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.ended[0].trigger, Trigger::kEviction);
  EXPECT_EQ(run.ended[0].state, State::kTerminated);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 1);
  ASSERT_EQ(run.in_flight.size(), 1u) << "its later end is one of its own";
  EXPECT_EQ(run.in_flight[0].trigger, Trigger::kApiDelete);
  ASSERT_EQ(run.in_flight[0].containers.size(), 1u);
  EXPECT_EQ(run.in_flight[0].containers[0].id, again);
}

}  // namespace
}  // namespace kle
