// SPDX-License-Identifier: Apache-2.0
// What some Kubernetes versions print otherwise than the others.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

// As 1.21 and 1.22 print it: the pod's name without its namespace.
std::string Mounted(std::string_view volume) {
  const std::string uid(kUid);
  return "MountVolume.SetUp succeeded for volume \"" + std::string(volume) +
         "\" (UniqueName: \"kubernetes.io/secret/" + uid + "-" + std::string(volume) +
         "\") pod \"web-1\" (UID: \"" + uid + "\") ";
}

const Lines kRuns = {At(1, Pleg("ContainerStarted", kSandbox)),
                     At(1, Pleg("ContainerStarted", kApp))};
const Lines kDeleted = {At(10, SyncLoop("DELETE")),
                        At(10.1, Kill(30)),
                        At(12, Finished(0)),
                        At(12, Pleg("ContainerDied", kApp)),
                        At(12, Pleg("ContainerDied", kSandbox)),
                        At(12.1, Volume("started", "creds")),
                        At(12.2, Volume("unmounted", "creds")),
                        At(13, SyncLoop("REMOVE"))};

void ExpectOneWholeTermination(const Measured& run) {
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.only().namespace_, "default");
  EXPECT_EQ(run.only().pod, "web-1");
  EXPECT_EQ(run.only().uid, kUid);
  EXPECT_EQ(run.only().trigger, Trigger::kApiDelete);
  EXPECT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().volumes.size(), 1u);
  ASSERT_TRUE(run.only().termination());
  EXPECT_NEAR(ToSeconds(*run.only().termination()), 2, 1e-6);
}

TEST(Versions, AMountNamesThePodWithoutItsNamespace) {
  ExpectOneWholeTermination(
      Replay(Lines{At(0, SyncLoop("ADD")), At(0.5, Mounted("creds"))} + kRuns + kDeleted));
}

TEST(Versions, AMountNamesAPodThatHasANamesake) {
  for (const std::string_view pods : {"default/web-1 other/web-1", "other/web-1 default/web-1"}) {
    ExpectOneWholeTermination(
        Replay(Lines{At(0, SyncLoop("ADD", pods)), At(0.5, Mounted("creds"))} + kRuns + kDeleted));
  }
}

TEST(Versions, AMountIsAllThatTellsThePodsUid) {
  const Measured run =
      Replay({At(0, SyncLoop("ADD")), At(0.5, Mounted("creds")), At(10, SyncLoop("DELETE")),
              At(11, Volume("started", "creds")), At(11.1, Volume("unmounted", "creds")),
              At(12, SyncLoop("REMOVE")), At(50, SyncLoop("ADD", "default/clock"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_EQ(run.only().uid, kUid);
  EXPECT_EQ(run.only().volumes.size(), 1u);
}

// Where a log begins, a line with the UID alone may come before one with the name alone.
TEST(Versions, AUidAndANameAreOnePodOnceALineSaysSo) {
  const Lines stopped = {
      At(12.1, OfContainer("Container exited normally")), At(12.2, Volume("started", "creds")),
      At(12.3, Volume("unmounted", "creds")), At(12.5, Pleg("ContainerDied", kApp)),
      At(12.5, Pleg("ContainerDied", kSandbox))};
  const Measured run = Replay(Lines{At(0, SyncLoop("ADD", "default/other")), At(1, Finished(1)),
                                    At(10, SyncLoop("DELETE")), At(10.1, Kill(30))} +
                              stopped + Lines{At(13, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.ended.size(), 1u);
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.only().uid, kUid);
  EXPECT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().state, State::kRemoved);
}

const std::string kOverride =
    OfContainer("Killing container with a grace period override", "gracePeriod=30");

// 1.21 prints the override's text for every kill; with an override, from -v 3 on, twice.
TEST(Versions, AKillIsPrintedAsAnOverride) {
  const std::string v3 = "\"Pod is terminated, exiting probe worker\" pod=\"default/other\"";
  const Lines once = {At(10.1, kOverride)};
  const Lines twice = {At(10.1, kOverride), At(10.1, kOverride)};
  const Lines died = {At(12, Pleg("ContainerDied", kApp)), At(12, Pleg("ContainerDied", kSandbox)),
                      At(13, SyncLoop("REMOVE"))};
  const Lines begun = Started() + Lines{At(2, v3), At(10, SyncLoop("DELETE"))};
  for (const Lines& kill : {once, twice}) {
    const Measured run = Replay(begun + kill + died);
    ASSERT_EQ(run.ended.size(), 1u);
    ASSERT_EQ(run.only().containers.size(), 1u);
    EXPECT_EQ(run.only().containers[0].attempts, 1);
    EXPECT_EQ(run.only().grace_granted, 30);
    ASSERT_TRUE(run.only().containers[0].stop_duration());
    EXPECT_NEAR(ToSeconds(*run.only().containers[0].stop_duration()), 1.9, 1e-6);
  }
  const Lines failed = {
      At(10.2,
         OfContainer("Container termination failed with gracePeriod", "gracePeriod=30 err=\"x\""),
         4321, 'E'),
      At(11, kOverride), At(11, kOverride)};
  const Measured again = Replay(begun + twice + failed + died);
  ASSERT_EQ(again.ended.size(), 1u);
  EXPECT_EQ(again.only().containers.at(0).attempts, 2);
  EXPECT_NEAR(ToSeconds(*again.only().containers[0].stop_duration()), 1.9, 1e-6);
}

// Before 1.22 an exit code is printed in the pod's status only, from -v 3 on.
TEST(Versions, AnExitCodeIsInThePodsStatus) {
  for (const int code : {0, 137}) {
    const std::string status = OfPod(
        "Status for pod updated successfully",
        "statusVersion=3 status={Phase:Running ContainerStatuses:[{Name:app State:{Waiting:nil "
        "Running:nil Terminated:&ContainerStateTerminated{ExitCode:" +
            std::to_string(code) + ",Signal:0,Reason:Error,ContainerID:docker://" +
            std::string(kApp) + ",}} ContainerID:docker://" + std::string(kApp) + "}]}");
    const Measured run =
        Replay(Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                                 At(20,
                                    OfContainer("Container termination failed with gracePeriod",
                                                "gracePeriod=30 err=\"x\""),
                                    4321, 'E'),
                                 At(21, Kill(30)), At(51, OfContainer("Container exited normally")),
                                 At(52, Pleg("ContainerDied", kApp)),
                                 At(52, Pleg("ContainerDied", kSandbox)), At(52.1, status),
                                 At(53, SyncLoop("REMOVE"))});
    ASSERT_EQ(run.ended.size(), 1u);
    ASSERT_EQ(run.only().containers.size(), 1u);
    EXPECT_EQ(run.only().containers[0].exit_code, code);
    EXPECT_EQ(run.only().outcome, code == 0 ? Outcome::kGraceful : Outcome::kKilled);
  }
}

// Everywhere else the override only announces the kill, with a hook between the two.
TEST(Versions, AnAnnouncedKillBeginsWithTheKill) {
  const Measured run = Replay(
      Started() + Lines{At(10, SyncLoop("DELETE")), At(10.1, kOverride),
                        At(10.1, OfContainer("Running preStop hook")),
                        At(14.1, OfContainer("PreStop hook completed")), At(14.2, Kill(26)),
                        At(15.2, OfContainer("Container exited normally")),
                        At(16, Pleg("ContainerDied", kApp)),
                        At(16, Pleg("ContainerDied", kSandbox)), At(17, SyncLoop("REMOVE"))});
  ASSERT_EQ(run.ended.size(), 1u);
  ASSERT_EQ(run.only().containers.size(), 1u);
  EXPECT_EQ(run.only().containers[0].attempts, 1);
  EXPECT_EQ(run.only().containers[0].grace_seconds, 26);
  EXPECT_NEAR(ToSeconds(*run.only().containers[0].stop_duration()), 1, 1e-6);
  EXPECT_NEAR(ToSeconds(*run.only().containers[0].prestop), 4, 1e-6);
}

}  // namespace
}  // namespace kle
