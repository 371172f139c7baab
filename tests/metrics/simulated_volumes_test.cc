// SPDX-License-Identifier: Apache-2.0
// What simulated kubelets' volumes found (tests/accuracy/simulation/volumes.py): claims, CSI,
// subPath.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

const std::string kUnique = "kubernetes.io/csi/ebs.csi.aws.com^vol-1";

// `step`: what stands before " for volume".
std::string OfVolume(std::string_view step, std::string_view name, std::string_view pod) {
  return std::string(step) + " for volume \"" + std::string(name) + "\" (UniqueName: \"" + kUnique +
         "\") pod \"" + std::string(pod) + "\" (UID: \"" + std::string(kUid) + "\") ";
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string FailedOperation(std::string_view uid, std::string_view error) {
  return "Operation for \"{volumeName:" + kUnique + " podName:" + std::string(uid) +
         " nodeName:}\" failed. No retries permitted until 2026-11-23 10:00:13.000000 +0000 UTC "
         "m=+13 (durationBeforeRetry 500ms). Error: " +
         std::string(error);
}

const std::string kMounted = Quoted(OfVolume("MountVolume.SetUp succeeded", "pvc-1", "web-1"));
const std::string kBegun =
    Quoted(OfVolume("operationExecutor.UnmountVolume started", "data", kUid));
const std::string kUnmounted = "UnmountVolume.TearDown succeeded for volume \"" + kUnique +
                               "\" (OuterVolumeSpecName: \"data\") pod \"" + std::string(kUid) +
                               "\" (UID: \"" + std::string(kUid) +
                               "\"). InnerVolumeSpecName \"pvc-1\". PluginName "
                               "\"kubernetes.io/csi\", VolumeGidValue \"\"";

Lines Stopped() {
  return Started() + Lines{At(1.5, kMounted),
                           At(10, SyncLoop("DELETE")),
                           At(10.1, Kill(30)),
                           At(12, Finished(0)),
                           At(12, Pleg("ContainerDied", kApp)),
                           At(12, Pleg("ContainerDied", kSandbox))};
}

Measured Failing(std::string_view error) {
  return Replay(Stopped() + Lines{At(12.2, kBegun), At(12.3, FailedOperation(kUid, error)),
                                  At(12.9, kBegun), At(13, kUnmounted)});
}

// A mount's lines go by the PersistentVolume, an unmount's by the pod's own name for it.
TEST(SimulatedVolumes, AClaimHasTheNameThatThePodGivesIt) {
  const Measured run =
      Replay(Stopped() +
             Lines{At(12.1, OfPod("Removing volume from desired state", "volumeName=\"pvc-1\"")),
                   At(12.2, kBegun), At(12.3, kUnmounted)});
  ASSERT_EQ(run.only().volumes.size(), 1u);
  EXPECT_EQ(run.only().volumes[0].name, "data");
  EXPECT_EQ(run.only().volumes[0].plugin, "kubernetes.io/csi");
}

TEST(SimulatedVolumes, AClaimWhoseMountWasNotRead) {
  const Measured run =
      Replay(Started() +
             Lines{At(10, SyncLoop("DELETE")), At(10.1, Kill(30)),
                   At(12.1, OfPod("Removing volume from desired state", "volumeName=\"pvc-1\"")),
                   At(12.2, kBegun), At(12.3, kUnmounted)});
  ASSERT_EQ(run.only().volumes.size(), 1u);
  EXPECT_EQ(run.only().volumes[0].name, "data");
}

// It fails before the unmount proper, and is one of its failures all the same.
TEST(SimulatedVolumes, ASubPathThatIsBusy) {
  const Measured run =
      Failing(OfVolume("error cleaning subPath mounts", "data", kUid) +
              ": error processing /pods/x/volume-subpaths/pvc-1/app: error cleaning subpath mount "
              "/pods/x/volume-subpaths/pvc-1/app/0: remove: device or resource busy");
  ASSERT_EQ(run.only().failures.size(), 1u);
  const FailureRecord& failure = run.only().failures[0];
  EXPECT_EQ(failure.phase, Phase::kUnmountVolumes);
  EXPECT_EQ(failure.reason, Reason::kVolumeBusy);
  EXPECT_EQ(failure.object, "data");
  EXPECT_EQ(run.only().volumes.at(0).failures, 1);
}

TEST(SimulatedVolumes, ADriversSocketIsNotTheRuntimes) {
  const Measured run =
      Failing(OfVolume("UnmountVolume.TearDown failed", "data", kUid) +
              ": kubernetes.io/csi: Unmounter.TearDownAt failed: rpc error: code = Unavailable "
              "desc = connection error: desc = \"transport: Error while dialing: dial unix "
              "/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock: connect: connection refused\"");
  ASSERT_EQ(run.only().failures.size(), 1u);
  EXPECT_EQ(run.only().failures[0].reason, Reason::kCsiError);
}

TEST(SimulatedVolumes, ADeviceThatOthersHave) {
  const Measured run = Replay(
      Stopped() +
      Lines{
          At(12.2, kBegun), At(12.3, kUnmounted),
          At(12.5, FailedOperation(
                       "", "GetDeviceMountRefs check failed for volume \"pvc-1\" (UniqueName: \"" +
                               kUnique +
                               "\") on node \"node-1\" : the device mount path \"/mnt\" is still "
                               "mounted by other references [/elsewhere]"))});
  EXPECT_EQ(run.metric("kubelet_lifecycle_volume_unmount_failures_total"), 1);
}

// Tried anew each 100 ms, and never begun: the containers are gone all the same.
TEST(SimulatedVolumes, AnUnmountThatCannotBegin) {
  const std::string error =
      OfVolume("UnmountVolume.NewUnmounter failed", "data", kUid) +
      ": kubernetes.io/csi: unmounter failed to load volume data file [/x/mount]: kubernetes.io/csi"
      ": failed to open volume data file [/x/vol_data.json]: open /x/vol_data.json: no such file "
      "or directory";
  const std::string line =
      Quoted(OfVolume("operationExecutor.UnmountVolume failed (controllerAttachDetachEnabled true)",
                      "data", kUid) +
             ": " + error) +
      " err=" + Quoted(error);
  const Lines failing = Stopped() + Lines{At(12.2, line), At(12.3, line)};
  const Measured held = Replay(failing);
  ASSERT_EQ(held.in_flight.size(), 1u);
  EXPECT_EQ(held.only().current->phase, Phase::kUnmountVolumes);
  EXPECT_EQ(held.only().current->reason, Reason::kCsiMetadataLost);
  const Measured run = Replay(failing + Lines{At(20, kBegun), At(20.1, kUnmounted)});
  const VolumeRecord& volume = run.only().volumes.at(0);
  EXPECT_EQ(volume.attempts, 3);
  EXPECT_EQ(volume.failures, 2);
  EXPECT_NEAR(ToSeconds(volume.duration().value()), 7.9, 1e-6);
}

}  // namespace
}  // namespace kle
