// SPDX-License-Identifier: Apache-2.0
// What some Kubernetes versions print otherwise than the others.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;
using Lines = std::vector<std::string>;

// As 1.21 and 1.22 print it: the pod's name without its namespace.
std::string Mounting(std::string_view volume) {
  const std::string uid(kUid);
  return "\"operationExecutor.MountVolume started for volume \\\"" + std::string(volume) +
         "\\\" (UniqueName: \\\"kubernetes.io/secret/" + uid + "-" + std::string(volume) +
         "\\\") pod \\\"web-1\\\" (UID: \\\"" + uid + "\\\") \"";
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
      Replay(Lines{At(0, SyncLoop("ADD")), At(0.5, Mounting("creds"))} + kRuns + kDeleted));
}

TEST(Versions, AMountNamesAPodThatHasANamesake) {
  for (const std::string_view pods : {"default/web-1 other/web-1", "other/web-1 default/web-1"}) {
    ExpectOneWholeTermination(
        Replay(Lines{At(0, SyncLoop("ADD", pods)), At(0.5, Mounting("creds"))} + kRuns + kDeleted));
  }
}

TEST(Versions, AMountIsAllThatTellsThePodsUid) {
  const Measured run =
      Replay({At(0, SyncLoop("ADD")), At(0.5, Mounting("creds")), At(10, SyncLoop("DELETE")),
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

}  // namespace
}  // namespace kle
