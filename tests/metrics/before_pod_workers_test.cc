// SPDX-License-Identifier: Apache-2.0
// Kubelets before 1.22: no worker leads a pod through its end, so that several parts of the kubelet
// end it at once, each when it looks. As simulated kubelets print it (tests/accuracy/simulated.py),
// reduced to its lines.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kUidText(kUid);
const std::string kPodText = "web-1_default(" + kUidText + ")";
const std::string kClock = At(200, "SyncLoop (ADD, \"api\"): \"clock_default(u)\"");

std::string Source(std::string_view what, const std::string& pod = kPodText,
                   std::string_view source = "api") {
  return "SyncLoop (" + std::string(what) + ", \"" + std::string(source) + "\"): \"" + pod + "\"";
}

std::string Relisted(std::string_view type, const std::string& id) {
  return "SyncLoop (PLEG): \"" + kPodText + "\", event: &pleg.PodLifecycleEvent{ID:\"" + kUidText +
         "\", Type:\"" + std::string(type) + "\", Data:\"" + id + "\"}";
}

std::string Killed(int grace) {
  return "Killing container \"docker://" + kApp + "\" with " + std::to_string(grace) +
         " second grace period";
}

std::string NotFound(const std::string& id) {
  return "Container \"" + id + "\" not found in pod's containers";
}

const std::string kExited = "Container \"docker://" + kApp + "\" exited normally";
const std::string kHook = "Running preStop hook for container \"docker://" + kApp + "\"";
const std::string kHookDone = "preStop hook for container {\"docker\" \"" + kApp + "\"} completed";
const Lines kRuns = {At(0, Source("ADD")), At(1, Relisted("ContainerStarted", kSandbox)),
                     At(1, Relisted("ContainerStarted", kApp))};
const Lines kDied = {At(12, Relisted("ContainerDied", kApp)),
                     At(12.5, Relisted("ContainerDied", kSandbox)),
                     At(13, Volume("started", "creds")), At(13.1, Volume("unmounted", "creds"))};

// The log begins after the pod did: whose container it is, only its death tells.
TEST(BeforePodWorkers, AHookTimesOutInAContainerThatNobodyHasNamed) {
  const Measured run = Replay(
      {At(0, Source("ADD")), At(10, Source("DELETE")),
       At(20, "preStop hook for container \"docker://" + kApp + "\" did not complete in 8 seconds"),
       At(21, Relisted("ContainerDied", kApp)), kClock});
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().containers[0].prestop_outcome, HookOutcome::kTimeout);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kPrestopTimeout);
}

// Volumes wait for the containers only: the sandbox's network may be torn down meanwhile.
TEST(BeforePodWorkers, AnUnmountDoesNotTellThatTheSandboxIsGone) {
  const Measured run = Replay(kRuns + Lines{At(10, Source("REMOVE")), At(10.1, Killed(30)),
                                            At(11, kExited), At(13, Volume("started", "creds")),
                                            At(13.1, Volume("unmounted", "creds")),
                                            At(18, NotFound(kSandbox)), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kForceDelete);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 8, 1e-6);
  EXPECT_EQ(run.only().termination_precision, Precision::kRelist);
}

// It died in its hook, and a relist told of it before the kill that waited for the hook. A sandbox
// is neither killed nor removed as a container is.
TEST(BeforePodWorkers, WhatDiedBeforeItsKillIsNoSandbox) {
  for (const std::string& told :
       {Killed(25), "[topologymanager] RemoveContainer - Container ID: " + kApp}) {
    const Measured run =
        Replay(kRuns + Lines{At(10, Source("DELETE")), At(12, Relisted("ContainerDied", kApp)),
                             At(12.1, told), At(12.5, Volume("started", "creds")),
                             At(12.6, Volume("unmounted", "creds")),
                             At(13, Relisted("ContainerDied", kSandbox)), At(14, Source("DELETE")),
                             At(14, Source("REMOVE")), kClock});
    ASSERT_EQ(run.ended.size(), 1u) << told;
    ASSERT_EQ(run.only().containers.size(), 1u) << told;
    EXPECT_EQ(run.only().containers[0].id, kApp) << told;
    EXPECT_NEAR(ToSeconds(run.only().termination().value()), 3, 1e-6) << told;
  }
}

TEST(BeforePodWorkers, NorDoesARemoveThatCameBeforeIt) {
  const Measured run =
      Replay(kRuns + Lines{At(10, Source("DELETE")), At(10.1, Killed(60)), At(14, Source("DELETE")),
                           At(14.1, Source("REMOVE")), At(14.1, Killed(2)), At(16, kExited),
                           At(20, NotFound(kSandbox)), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 10, 1e-6);
}

// Housekeeping kills what has failed, though its sync does so already.
TEST(BeforePodWorkers, AnEvictedPodIsKilledTwice) {
  const Measured run =
      Replay(kRuns +
             Lines{At(10, Killed(30)), At(10.4, Killed(30)),
                   At(11.5, "eviction manager: pod " + kPodText + " is evicted successfully"),
                   At(12.1, Killed(30))} +
             kDied + Lines{kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().containers[0].attempts, 3);
  EXPECT_NEAR(ToSeconds(run.only().containers[0].stop_duration().value()), 2, 1e-6);
}

TEST(BeforePodWorkers, AKillOfWhatIsDeadIsNone) {
  const Measured run =
      Replay(kRuns + Lines{At(10, Killed(30)), At(11, Relisted("ContainerDied", kApp)),
                           At(11.1, Killed(30)), At(11.5, Relisted("ContainerDied", kSandbox)),
                           At(11.6, "preemption: pod " + kPodText + " evicted successfully"),
                           At(13, Volume("started", "creds")),
                           At(13.1, Volume("unmounted", "creds")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kPreemption);
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().containers[0].attempts, 1);
  EXPECT_NEAR(ToSeconds(run.only().containers[0].stop_duration().value()), 1, 1e-6);
}

// What died before its end was known for one is told by when it died.
TEST(BeforePodWorkers, ASandboxThatDiedBeforeTheEndWasKnown) {
  const Measured run = Replay(kRuns + Lines{At(10, Killed(30))} + kDied + Lines{kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_EQ(run.only().state, State::kTerminated);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 2.5, 1e-6);
}

// The lines of hooks, kills and exits name a container alone: another tells later whose it is.
TEST(BeforePodWorkers, AKillOfAContainerThatIsNotKnownYet) {
  const Measured run = Replay(Lines{At(0, Source("ADD")), At(10, Source("DELETE")), At(10.1, kHook),
                                    At(11.1, kHookDone), At(11.1, Killed(29)), At(11.9, kExited)} +
                              kDied + Lines{At(14, Source("REMOVE")), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  ASSERT_EQ(run.only().containers.size(), 1u);
  const ContainerRecord& container = run.only().containers[0];
  EXPECT_EQ(container.attempts, 1);
  EXPECT_EQ(container.grace_seconds, 29);
  EXPECT_NEAR(ToSeconds(container.stop_duration().value()), 0.8, 1e-6);
  EXPECT_NEAR(ToSeconds(container.prestop.value()), 1, 1e-6);
}

// The line that says so names neither pod nor id, and that of its end follows all the same.
// HandleError prints the sync's error without a pod, between the runtime's lines and the worker's.
TEST(BeforePodWorkers, WhatHandleErrorPrintsIsOfTheSameAttempt) {
  const std::string error = "rpc error: code = Unknown desc = operation timeout: context deadline";
  const std::string text =
      "error killing pod: failed to \"KillContainer\" for \"app\" with "
      "KillContainerError: \"" +
      error + "\"";
  const auto failed = [](double at, const std::string& line) { return At(at, line, 4321, 'E'); };
  const Measured run = Replay(
      kRuns +
      Lines{At(10, Source("DELETE")), At(10.1, Killed(30)),
            failed(50, "StopContainer \"" + kApp + "\" from runtime service failed: " + error),
            failed(50.1, "Container \"docker://" + kApp +
                             "\" termination failed with gracePeriod " + "30: " + error),
            failed(50.2, text),
            failed(50.3, "Error syncing pod " + kUidText + " (\"" + kPodText +
                             "\"), skipping: " + text)});
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kRuntimeStopTimeout);
  EXPECT_EQ(run.only().failures[0].count, 1);
  EXPECT_EQ(run.metric("kubelet_lifecycle_container_kill_failures_total"), 1);
}

TEST(BeforePodWorkers, AFailedHookIsToldByTheRecorder) {
  const std::string failed =
      "Event(v1.ObjectReference{Kind:\"Pod\", Namespace:\"default\", Name:\"web-1\", UID:\"" +
      kUidText +
      "\", APIVersion:\"v1\", ResourceVersion:\"1\", FieldPath:\"spec.containers{app}\"}): type: "
      "'Warning' reason: 'FailedPreStopHook' Exec lifecycle hook ([/bin/x]) for Container \"app\" "
      "in Pod \"" +
      kPodText + "\" failed - error: exited with 1, message: \"\"";
  for (const bool fails : {true, false}) {
    Lines lines = kRuns + Lines{At(10, Source("DELETE")), At(10.1, kHook), At(11, kHookDone)};
    if (fails) lines.push_back(At(11.01, failed));
    const Measured run = Replay(lines + Lines{At(11.02, Killed(29)), At(11.5, kExited)} + kDied +
                                Lines{At(14, Source("REMOVE")), kClock});
    ASSERT_EQ(run.ended.size(), 1u);
    EXPECT_EQ(run.only().containers.at(0).prestop_outcome,
              fails ? HookOutcome::kFailed : HookOutcome::kCompleted);
  }
}

// The mirror pod has its static pod's name and an UID of its own.
TEST(BeforePodWorkers, AMirrorPodsRemovalIsNoSecondEnd) {
  const std::string pod = "web-1_default(0123456789abcdef0123456789abcdef)";
  const Measured run = Replay({At(0, Source("ADD", pod, "file")), At(1, Source("ADD")),
                               At(10, Source("REMOVE", pod, "file")), At(11, Source("DELETE")),
                               At(11.1, Source("REMOVE")), kClock});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kStaticRemoved);
}

// A new kubelet's first relist comes before its first list of pods: no event is printed of them.
TEST(BeforePodWorkers, ASandboxThatIsFoundDeadBeforeItsPodIsNamed) {
  const Measured run =
      Replay(kRuns + Lines{At(5, Relisted("ContainerDied", kApp)), At(10, Source("DELETE")),
                           At(20, "Version: v1.18.5", 5000), At(20.1, NotFound(kSandbox), 5000),
                           At(21, Source("ADD"), 5000), At(22, Volume("started", "creds"), 5000),
                           At(22.1, Volume("unmounted", "creds"), 5000),
                           At(30, Source("REMOVE"), 5000), kClock});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().state, State::kRemoved);
  EXPECT_NEAR(ToSeconds(run.only().termination().value()), 12, 1e-6);
}

// What died while no kubelet ran: its volumes tell.
TEST(BeforePodWorkers, AContainerThatDiedWhileNoKubeletRan) {
  const Measured run =
      Replay(kRuns +
             Lines{At(10, Source("DELETE")), At(10.1, Killed(30)), At(20, "Version: v1.18.5", 5000),
                   At(21, Source("ADD"), 5000), At(22, Relisted("ContainerDied", kSandbox), 5000),
                   At(23, Volume("started", "creds"), 5000),
                   At(23.1, Volume("unmounted", "creds"), 5000), At(60, Source("DELETE"), 5000)});
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_TRUE(run.only().terminated_at.has_value());
  EXPECT_EQ(run.only().current->phase, Phase::kRemoveFromApi);
}

// 1.21 prints the override's text for every kill.
TEST(BeforePodWorkers, TwoKillsOf121AreTwoAttempts) {
  const std::string kill =
      OfContainer("Killing container with a grace period override", "gracePeriod=30");
  const Measured run = Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, kill),
                                                At(11.3, kill), At(12, Pleg("ContainerDied", kApp)),
                                                At(12, Pleg("ContainerDied", kSandbox)),
                                                At(13, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().containers.at(0).attempts, 2);
  EXPECT_NEAR(ToSeconds(run.only().containers[0].stop_duration().value()), 1.9, 1e-6);
}

}  // namespace
}  // namespace kle
