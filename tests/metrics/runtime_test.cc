// SPDX-License-Identifier: Apache-2.0
// The container runtime's lines beside the kubelet's: exact times, and at -v 0 the only sign of a
// termination; and what only looks like one.
#include <gtest/gtest.h>

#include "tests/support/runtime_lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kApp2(64, 'c');
const std::string kSandbox2(64, 'd');

// From StopContainer at `from` on: 2 s to the exit, then the sandbox, volumes and folder.
Lines Ended(double from = 10) {
  return {Rt(from, StopContainer()),
          Rt(from + 2.001, Exited(from + 2, 0)),
          Rt(from + 2.05, "shim disconnected", " id=" + kApp),
          Rt(from + 2.1, Stopped()),
          Rt(from + 2.101, StopSandbox()),
          Rt(from + 2.2, "TearDown network for sandbox " + Quoted(kSandbox) + " successfully"),
          Rt(from + 2.25, SandboxStopped()),
          At(from + 2.4, Volume("started", "creds")),
          At(from + 2.45, Volume("unmounted", "creds"))};
}

Lines Removed(double at = 13) {
  return {Rt(at, "RemoveContainer for " + Quoted(kApp) + " returns successfully"),
          At(at + 1, VolumesCleaned())};
}

TEST(RuntimeAtV0, ADeletionIsMeasuredFromTheFirstStopOn) {
  const Measured run = Replay(StartedAtV0() + Ended() + Removed());
  ASSERT_EQ(run.size(), 1u);
  const TerminationRecord& record = run.only();
  EXPECT_EQ(record.trigger, Trigger::kRuntimeStop);
  EXPECT_EQ(record.state, State::kRemoved);
  EXPECT_EQ(record.outcome, Outcome::kGraceful);
  EXPECT_EQ(record.namespace_ + "/" + record.pod, kPod);
  EXPECT_EQ(record.grace_granted, 30);
  EXPECT_EQ(record.termination_precision, Precision::kExact);
  EXPECT_NEAR(Seconds(record.termination()), 2.25, 1e-6);
  ASSERT_EQ(record.containers.size(), 1u);
  EXPECT_EQ(record.containers[0].precision, Precision::kExact);
  EXPECT_NEAR(Seconds(record.containers[0].stop_duration()), 2, 1e-6);
  EXPECT_EQ(record.containers[0].exit_code, 0);
  EXPECT_EQ(record.containers[0].name, "app");
  EXPECT_EQ(Find(record, Phase::kDispatch), nullptr) << "when it was asked for is not known";
  EXPECT_NEAR(Seconds(Find(record, Phase::kStopSandbox)->duration()), 0.25, 1e-6);
  EXPECT_EQ(Find(record, Phase::kUnmountVolumes)->precision, Precision::kExact);
  EXPECT_FALSE(record.removed_at);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 1);
  EXPECT_TRUE(run.summary.runtime_seen);
}

TEST(RuntimeAtV0, TheRuntimesSigkillIsSeen) {
  Lines lines = StartedAtV0() + Ended();
  lines[6] = Rt(12.001, Exited(12, 137));
  EXPECT_EQ(Replay(lines + Removed()).only().outcome, Outcome::kGraceful) << "another killer";
  lines.insert(lines.begin() + 6, Rt(11.9, "Kill container " + Quoted(kApp)));
  EXPECT_EQ(Replay(lines + Removed()).only().outcome, Outcome::kKilled);
}

TEST(RuntimeAtV0, WithoutAnExitEventTheShimIsABound) {
  Lines lines = StartedAtV0() + Ended();
  lines.erase(lines.begin() + 6);  // containerd 1.6
  const Measured run = Replay(lines + Removed());
  EXPECT_EQ(run.only().containers.at(0).precision, Precision::kBound);
  EXPECT_NEAR(Seconds(run.only().containers[0].stop_duration()), 2.05, 1e-6);
  EXPECT_FALSE(run.only().containers[0].exit_code);
}

TEST(RuntimeAtV0, InFlightUntilNothingCanTakeItsPlace) {
  const Measured run = Replay(StartedAtV0() + Ended());
  ASSERT_EQ(run.in_flight.size(), 1u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

TEST(RuntimeAtV0, WhatTheKubeletEndedByItselfKeepsItsContainers) {
  const std::string clock = "\"Observed pod startup duration\" pod=\"default/x\"";
  const Measured run = Replay(StartedAtV0() + Ended() + Lines{At(75, clock), At(80, clock)});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kDeadline);
  EXPECT_EQ(run.only().state, State::kTerminated);
  const Measured quiet = Replay(StartedAtV0() + Ended() + Lines{At(150, clock)});
  EXPECT_EQ(quiet.only().trigger, Trigger::kDeadline);
}

// When its garbage was to be collected it was away: the next one will see to it.
TEST(RuntimeAtV0, AKubeletThatIsNotHeardOfMayBeAway) {
  const Measured run =
      Replay(StartedAtV0() + Ended() +
             Lines{Rt(90, "shim disconnected", " id=" + std::string(64, 'f')),
                   At(100, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555),
                   At(100.1, "\"RemoveContainer\" containerID=\"" + kApp + "\"", 5555),
                   At(300, "\"Observed pod startup duration\" pod=\"default/x\"", 5555)});
  EXPECT_EQ(run.only().trigger, Trigger::kRuntimeStop);
}

// The kubelet's garbage collection has its minute from the kubelet's start on.
TEST(RuntimeAtV0, SweptUpByTheGarbageCollection) {
  const std::string removed = "RemoveContainer for " + Quoted(kApp) + " returns successfully";
  const std::string later = "\"Observed pod startup duration\" pod=\"default/x\"";
  const Measured late = Replay(StartedAtV0() + Ended() + Lines{Rt(73, removed), At(200, later)});
  EXPECT_EQ(late.only().trigger, Trigger::kRuntimeStop);
  // By the kubelet's own word, where the runtime was away.
  const std::string asked = "\"RemoveContainer\" containerID=\"" + kApp + "\"";
  const Measured lost = Replay(StartedAtV0() + Ended() + Lines{At(73, asked), At(200, later)});
  EXPECT_EQ(lost.only().trigger, Trigger::kRuntimeStop);
  const Measured restarted =
      Replay(StartedAtV0() + Ended() +
             Lines{At(70, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555),
                   At(100, later, 5555), Rt(130.1, removed), At(300, later, 5555)});
  EXPECT_EQ(restarted.only().trigger, Trigger::kRuntimeStop);
  const Measured kept = Replay(
      StartedAtV0() + Ended() +
      Lines{At(70, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555), At(300, later, 5555)});
  EXPECT_EQ(kept.only().trigger, Trigger::kDeadline);
}

// containerd 1.6 tells of an exit by the end of its shim, some time after it.
TEST(RuntimeAtV0, AShimThatIsGoneAfterItsSandboxStopped) {
  const Measured run = Replay(StartedAtV0() +
                              Lines{Rt(10, StopContainer(2)),
                                    Rt(14, "StopContainer for " + Quoted(kApp) + " failed",
                                       " error=\"deadline exceeded\"", "error"),
                                    Rt(14.1, StopSandbox()), Rt(14.2, SandboxStopped()),
                                    Rt(14.3, "shim disconnected", " id=" + kApp)} +
                              Removed(15));
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_NEAR(Seconds(run.only().termination()), 4.2, 1e-6);
  EXPECT_EQ(run.only().containers.at(0).exited_at, run.only().terminated_at);
}

// What still runs in a sandbox is killed with it: its grace may not have run out.
TEST(RuntimeAtV0, KilledWithItsSandbox) {
  const Measured run = Replay(
      StartedAtV0() +
      Lines{Rt(10, StopContainer()),
            Rt(12, "StopContainer for " + Quoted(kApp) + " failed", " error=\"EOF\"", "error"),
            Rt(12.1, StopSandbox()), Rt(12.1, "Kill container " + Quoted(kApp)),
            Rt(12.2, Exited(12.15, 137)), Rt(12.3, SandboxStopped())} +
      Removed());
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().outcome, Outcome::kGraceful);
}

// A kubelet restart in a hook: the others had been stopped before. What a probe had ended would
// have been started again.
TEST(RuntimeAtV0, AnEndThatTwoKubeletsMake) {
  for (const bool restarted : {true, false}) {
    Lines lines =
        StartedAtV0() + Lines{Rt(1.5, CreateContainer(kApp2, "side")), Rt(10, StopContainer()),
                              Rt(11, Exited(11, 0)), Rt(11.1, Stopped())};
    if (restarted) lines.push_back(At(30, "\"Kubelet version\" kubeletVersion=\"v1.28.3\"", 5555));
    const Measured run = Replay(lines +
                                Lines{Rt(60, StopContainer(2, kApp2)), Rt(61, Exited(61, 0, kApp2)),
                                      Rt(61.1, Stopped(kApp2)), Rt(61.2, StopSandbox()),
                                      Rt(61.3, SandboxStopped())} +
                                Removed(62));
    ASSERT_EQ(run.ended.size(), 1u);
    EXPECT_NEAR(Seconds(run.only().termination()), restarted ? 51.3 : 1.3, 1e-6);
    EXPECT_EQ(run.only().containers.size(), restarted ? 2u : 1u);
  }
}

TEST(RuntimeAtV0, AnEvictionTellsWhy) {
  const Measured run = Replay(
      StartedAtV0() + Ended() +
      Lines{At(12.6, "\"Eviction manager: pod is evicted successfully\" pod=\"default/web-1\""),
            At(40, "\"Observed pod startup duration\" pod=\"default/x\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kEviction);
}

TEST(RuntimeAtV0, AProbesKillIsNone) {
  const Measured run =
      Replay(StartedAtV0() + Lines{Rt(10, StopContainer()), Rt(12, Exited(12, 137)),
                                   Rt(12.1, Stopped()), Rt(13, CreateContainer(kApp2)),
                                   At(90, "\"Observed pod startup duration\" pod=\"default/x\"")});
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.counts.started, 0u);
}

TEST(RuntimeAtV0, AProbesKillBeforeADeletionIsNotItsBeginning) {
  // Killed at 10, in back-off, deleted at 15: nothing runs, the sandbox is stopped.
  const Measured run =
      Replay(StartedAtV0() +
             Lines{Rt(10, StopContainer()), Rt(12, Exited(12, 0)), Rt(12.1, Stopped()),
                   Rt(15, StopSandbox()), Rt(15.2, SandboxStopped()),
                   At(15.4, Volume("started", "creds")), At(15.5, Volume("unmounted", "creds"))} +
             Removed(16));
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().trigger, Trigger::kRuntimeStop);
  EXPECT_NEAR(Seconds(run.only().termination()), 0.2, 1e-6);
  EXPECT_TRUE(run.only().containers.empty());
}

TEST(RuntimeAtV0, AJobsOwnEndIsNone) {
  const Measured run =
      Replay(StartedAtV0() +
             Lines{Rt(10, Exited(10, 0)), Rt(12, StopSandbox()), Rt(12.2, SandboxStopped()),
                   At(12.4, Volume("started", "creds")), At(12.5, Volume("unmounted", "creds")),
                   At(200, "\"Observed pod startup duration\" pod=\"default/x\"")} +
             Removed(300));
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.metric("kubelet_lifecycle_pod_terminations_total"), 0);
}

TEST(RuntimeAtV0, ASandboxThatIsReplacedIsNone) {
  const Measured run = Replay(
      StartedAtV0() +
      Lines{Rt(10, Exited(10, 137, kSandbox)), Rt(10.1, StopContainer()), Rt(10.2, Exited(10.2, 0)),
            Rt(10.3, Stopped()), Rt(10.31, StopSandbox()), Rt(10.5, SandboxStopped()),
            Rt(10.6, RunSandbox(kSandbox2, 1, false)), Rt(11, RunSandbox(kSandbox2, 1)),
            Rt(11.1, CreateContainer(kApp2, "app", kSandbox2)),
            Rt(12, "RemoveContainer for " + Quoted(kApp) + " returns successfully"),
            At(90, "\"Observed pod startup duration\" pod=\"default/x\"")});
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(run.counts.started, 0u);
}

// Kubelets before 1.22 do, as soon as a relist sees it dead.
TEST(RuntimeAtV0, AContainerThatIsRemovedBeforeItsSandboxStops) {
  for (const bool swept : {true, false}) {
    Lines lines =
        StartedAtV0() + Lines{Rt(10, StopContainer()), Rt(11, Exited(11, 0)), Rt(11.1, Stopped())};
    if (swept)
      lines.push_back(Rt(11.12, "RemoveContainer for " + Quoted(kApp) + " returns successfully"));
    const Measured run =
        Replay(lines + Lines{Rt(11.15, StopSandbox()), Rt(11.3, SandboxStopped()),
                             At(200, "\"Observed pod startup duration\" pod=\"default/x\"")});
    ASSERT_EQ(run.size(), 1u);
    EXPECT_EQ(run.only().trigger, swept ? Trigger::kRuntimeStop : Trigger::kDeadline);
  }
}

// CRI-O names a sandbox before it has a network: it may never get one.
TEST(Runtime, ASandboxThatCrioCouldNotMakeDoesNotRun) {
  const Measured run =
      Replay({At(0, SyncLoop("ADD")), Rt(1, GotNetwork()), Rt(1.2, GotNetwork()),
              At(10, SyncLoop("DELETE")), At(11, SyncLoop("DELETE")), At(11, SyncLoop("REMOVE")),
              At(90, "\"Observed pod startup duration\" pod=\"default/x\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().state, State::kRemoved);
}

// A StatefulSet's next pod has its name: what CRI-O says of a name only is not the former one's.
TEST(RuntimeAtV0, TheNextPodOfThatNameBesideCrio) {
  const std::string next = "5f3761db-ee39-4974-a2cc-9bf0a48e5c13";
  const std::string app = kApp + ": default/web-1/app";
  const Measured run = Replay(Lines{
      At(0, "\"Started kubelet\""), Rt(1, GotNetwork()),
      Rt(1.2, "Ran pod sandbox " + kSandbox + " with infra container: default/web-1/POD"),
      Rt(1.3, "Created container " + app),
      Rt(10, "Stopping container: " + kApp + " (timeout: 30s)"), Rt(12, "Stopped container " + app),
      Rt(12.1, "Stopping pod sandbox: " + kSandbox), Rt(12.1, GotNetwork()),
      Rt(12.3, "Stopped pod sandbox: " + kSandbox), Rt(12.6, "Removed container " + app),
      At(13,
         "\"operationExecutor.VerifyControllerAttachedVolume started for volume "
         "\\\"creds\\\" (UniqueName: \\\"kubernetes.io/secret/" +
             next + "-creds\\\") pod \\\"web-1\\\" (UID: \\\"" + next + "\\\") \""),
      Rt(13, "Running pod sandbox: default/web-1/POD"), Rt(13.2, GotNetwork(kSandbox2, next)),
      Rt(13.4, "Ran pod sandbox " + kSandbox2 + " with infra container: default/web-1/POD"),
      Rt(13.5, "Created container " + kApp2 + ": default/web-1/app"),
      At(90, "\"Observed pod startup duration\" pod=\"default/x\"")});
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.only().uid, kUid);
  EXPECT_EQ(run.only().trigger, Trigger::kRuntimeStop);
  EXPECT_NEAR(Seconds(run.only().termination()), 2.3, 1e-6);
  EXPECT_EQ(run.only().containers.size(), 1u);
}

TEST(RuntimeAtV0, ContainersStoppedOneAfterTheOther) {
  // A sidecar goes after the others, and one container was held by its preStop hook.
  const Measured run = Replay(
      StartedAtV0() +
      Lines{Rt(1.5, CreateContainer(kApp2, "side")), Rt(10, StopContainer()), Rt(15, Exited(15, 0)),
            Rt(15.1, Stopped()), Rt(15.2, StopContainer(25, kApp2)), Rt(16, Exited(16, 0, kApp2)),
            Rt(16.1, Stopped(kApp2)), Rt(16.11, StopSandbox()), Rt(16.3, SandboxStopped())} +
      Removed(17));
  ASSERT_EQ(run.size(), 1u);
  EXPECT_NEAR(Seconds(run.only().termination()), 6.3, 1e-6);
  EXPECT_EQ(run.only().containers.size(), 2u);
}

TEST(RuntimeAtV0, TheSweepUpOfDeadSandboxesBeginsNothing) {
  const Measured run =
      Replay(StartedAtV0() + Ended() + Removed() +
             Lines{Rt(60, StopSandbox()), Rt(60.1, SandboxStopped()),
                   Rt(60.2, "RemovePodSandbox " + Quoted(kSandbox) + " returns successfully")});
  EXPECT_EQ(run.size(), 1u);
}

TEST(RuntimeAtV0, ASandboxThatCannotBeStoppedIsStuck) {
  Lines lines = StartedAtV0() + Ended();
  lines.resize(lines.size() - 3);  // up to the network's teardown
  for (int i = 0; i < 12; ++i) {
    const double at = 13 + i * 10;
    lines.push_back(
        Rt(at, "StopPodSandbox for " + Quoted(kSandbox) + " failed", " error=\"x\"", "error"));
    lines.push_back(
        At(at + 0.001,
           "\"StopPodSandbox from runtime service failed\" err=\"rpc error: code = Unknown desc = "
           "failed to destroy network for sandbox \\\"x\\\": plugin type=\\\"bridge\\\" failed "
           "(delete): no\" podSandboxID=\"" +
               kSandbox + "\"",
           4321, 'E'));
    lines.push_back(Rt(at + 5, StopSandbox()));
  }
  const Measured run = Replay(lines);
  ASSERT_EQ(run.in_flight.size(), 1u);
  const TerminationRecord& record = run.only();
  ASSERT_TRUE(record.current);
  EXPECT_EQ(record.current->phase, Phase::kStopSandbox);
  EXPECT_EQ(record.current->reason, Reason::kCniTeardown);
  EXPECT_GT(record.current->overdue, Duration::zero());
}

// A deletion at -v 2, with the runtime's lines or without.
Lines DeletedAtV2(bool runtime) {
  Lines lines = Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30))};
  const Lines beside = Ended(10.01);
  if (runtime) {
    lines.insert(lines.begin() + 1, {Rt(0.5, RunSandbox()), Rt(0.6, CreateContainer())});
    lines.insert(lines.end(), beside.begin(), beside.end() - 2);
  }
  return lines + Lines{At(12.9, Finished(0)),
                       At(12.901, Pleg("ContainerDied", kApp)),
                       At(12.902, Pleg("ContainerDied", kSandbox)),
                       At(13, Volume("started", "creds")),
                       At(13.1, Volume("unmounted", "creds")),
                       At(13.5, SyncLoop("DELETE")),
                       At(13.501, SyncLoop("REMOVE"))};
}

TEST(RuntimeAtV2, TimesBecomeExactAndNothingElseChanges) {
  const Measured alone = Replay(DeletedAtV2(false)), both = Replay(DeletedAtV2(true));
  ASSERT_EQ(alone.size(), 1u);
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(both.only().requested_at, alone.only().requested_at);
  EXPECT_EQ(both.only().outcome, alone.only().outcome);
  EXPECT_EQ(both.only().deletion(), alone.only().deletion());
  EXPECT_EQ(alone.only().containers.at(0).precision, Precision::kRelist);
  EXPECT_EQ(both.only().containers.at(0).precision, Precision::kExact);
  EXPECT_EQ(both.only().containers[0].attempts, 1);
  EXPECT_NEAR(Seconds(both.only().containers[0].stop_duration()), 2.009, 1e-6);
  EXPECT_EQ(both.only().termination_precision, Precision::kExact);
  EXPECT_NEAR(Seconds(both.only().termination()), 2.26, 1e-6);
}

TEST(RuntimeAtV2, SwitchedOff) {
  PipelineOptions options;
  options.runtime = false;
  const Measured run = Replay(DeletedAtV2(true), options);
  EXPECT_EQ(run.only().containers.at(0).precision, Precision::kRelist);
  EXPECT_FALSE(run.summary.runtime_seen);
}

TEST(Kernel, IsEvidenceAndNothingMore) {
  const auto kernel = [](double seconds, const std::string& text) {
    return RuntimeTime(seconds) + " node-1 kernel: " + text;
  };
  const std::string hung = "INFO: task app:812 blocked for more than 120 seconds.";
  const std::string nfs = "nfs: server 10.0.0.9 not responding, still trying";
  EXPECT_EQ(Replay(Started() + Lines{kernel(10, hung), kernel(11, nfs)}).size(), 0u);
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)), kernel(130, hung),
                               kernel(131, nfs), kernel(132, hung), At(140, "\"x\"")});
  ASSERT_EQ(run.in_flight.size(), 1u);
  ASSERT_EQ(run.only().failures.size(), 1u) << "no volume is being unmounted";
  EXPECT_EQ(run.only().failures[0].reason, Reason::kRuntimeStopTimeout);
  EXPECT_EQ(run.only().failures[0].count, 2);
  EXPECT_EQ(run.only().current->reason, Reason::kRuntimeStopTimeout);
  EXPECT_EQ(run.metric("kubelet_lifecycle_container_kill_failures_total"), 0);
}

TEST(Kernel, CrioNamesTheContainerThatHangsInIt) {
  const std::string hangs =
      "Detected process (812) blocked in uninterruptible sleep for more than 60 seconds for "
      "container " +
      kApp;
  EXPECT_EQ(Replay(Started() + Lines{Rt(10, hangs)}).size(), 0u);
  const Measured run = Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)),
                                                Rt(100, hangs), At(140, "\"x\"")});
  ASSERT_EQ(run.in_flight.size(), 1u);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kRuntimeStopTimeout);
  EXPECT_EQ(run.metric("kubelet_lifecycle_container_kill_failures_total"), 0);
}

TEST(Kernel, ALineWithoutAYearIsTakenToBeAsLateAsTheOneBeforeIt) {
  const std::string hung = "INFO: task app:812 blocked for more than 120 seconds.";
  const Measured run =
      Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.001, Kill(30)),
                               "Nov 23 10:00:11 node-1 kernel: [ 17.2] " + hung, At(140, "\"x\"")});
  ASSERT_EQ(run.in_flight.size(), 1u);
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(FormatTimestamp(run.only().failures[0].first_at), "2026-11-23T10:00:10.001000Z");
}

TEST(RuntimeAlone, IsNoKubelet) {
  Lines lines = StartedAtV0() + Ended() + Removed();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with('I'); });
  EXPECT_EQ(Replay(lines).size(), 0u) << "its kubelet's log may say it all, before or after";
}

}  // namespace
}  // namespace kle
