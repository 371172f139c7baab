// SPDX-License-Identifier: Apache-2.0
// The trace the project started from: one deletion on a 1.23 kubelet, and the ghost pass after it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/lines.h"

namespace kle {
namespace {

using testing::Measured;
using testing::ReadLines;
using testing::Replay;

class ReferenceTrace : public ::testing::Test {
 protected:
  static Measured Replayed() {
    PipelineOptions options;
    options.zone.timezone = "+08:00";
    options.zone.year = 2024;
    return Replay(ReadLines(KLE_TEST_DATA "/traces/reference/nginx-1.23-docker-v5.log"), options);
  }
  const Measured run_ = Replayed();
};

TEST_F(ReferenceTrace, IsOneGracefulTermination) {
  ASSERT_EQ(run_.ended.size(), 1u);
  EXPECT_TRUE(run_.in_flight.empty());
  const TerminationRecord& record = run_.ended[0];
  EXPECT_EQ(record.namespace_, "default");
  EXPECT_EQ(record.pod, "nginx-deployment-9456bbbf9-cvrr7");
  EXPECT_EQ(record.uid, "4f3761db-ee39-4974-a2cc-9bf0a48e5c13");
  EXPECT_EQ(record.trigger, Trigger::kApiDelete);
  EXPECT_EQ(record.outcome, Outcome::kGraceful);
  EXPECT_EQ(record.state, State::kRemoved);
  EXPECT_EQ(record.grace_granted, 30);
  EXPECT_FALSE(record.grace_exceeded);
  EXPECT_EQ(record.termination_precision, Precision::kExact);
}

TEST_F(ReferenceTrace, TimesComeFromTheFirstDeleteAndTheRuntime) {
  const TerminationRecord& record = run_.only();
  EXPECT_EQ(FormatTimestamp(*record.requested_at), "2024-06-07T06:54:46.401000Z");
  EXPECT_EQ(FormatTimestamp(*record.terminated_at), "2024-06-07T06:54:47.021411Z");
  EXPECT_EQ(FormatTimestamp(*record.removed_at), "2024-06-07T06:54:47.668000Z");
  ASSERT_EQ(record.containers.size(), 1u);
  const ContainerRecord& container = record.containers[0];
  EXPECT_EQ(container.name, "nginx");
  EXPECT_EQ(container.id, "dc18bc33e7914de8b6db57585ce56f2fbbb36c8deab970d5d0014f882ce1748c");
  EXPECT_EQ(FormatTimestamp(*container.exited_at), "2024-06-07T06:54:46.591410Z");  // finishedAt
  EXPECT_EQ(container.precision, Precision::kExact);
  EXPECT_EQ(container.exit_code, 0);
  EXPECT_EQ(container.attempts, 1);
}

TEST_F(ReferenceTrace, HasAllEightPhasesInOrder) {
  const TerminationRecord& record = run_.only();
  ASSERT_EQ(record.phases.size(), static_cast<size_t>(kPhaseCount));
  for (int i = 0; i < kPhaseCount; ++i) {
    const PhaseSpan& span = record.phases[static_cast<size_t>(i)];
    EXPECT_EQ(span.phase, static_cast<Phase>(i)) << i;
    EXPECT_TRUE(span.duration().has_value()) << Name(span.phase);
  }
}

TEST_F(ReferenceTrace, HasItsVolumeAndBothNetworks) {
  ASSERT_EQ(run_.only().volumes.size(), 1u);
  EXPECT_EQ(run_.only().volumes[0].name, "kube-api-access-cfqv5");
  EXPECT_TRUE(run_.only().volumes[0].unmounted_at.has_value());
  EXPECT_EQ(run_.events.at("cni_network_deleting"), 2u);
  EXPECT_EQ(run_.events.at("cni_network_deleted"), 2u);
}

TEST_F(ReferenceTrace, ThreeDeletesAndTheGhostPassAddNothing) {
  EXPECT_EQ(run_.events.at("pod_deleted"), 3u);
  EXPECT_EQ(run_.events.at("kill_started"), 2u);  // the second is the ghost's
  EXPECT_TRUE(run_.only().failures.empty());
  EXPECT_EQ(run_.counts.started, 1u);
  EXPECT_EQ(run_.counts.completed, 1u);
  EXPECT_EQ(run_.metric("kubelet_lifecycle_pod_termination_duration_seconds_count"), 1);
  EXPECT_EQ(run_.metric("kubelet_lifecycle_pod_terminations_total"), 1);
  EXPECT_EQ(run_.metric("kubelet_lifecycle_container_stop_duration_seconds_count"), 1);
  EXPECT_EQ(run_.metric("kubelet_lifecycle_container_kill_failures_total"), 0);
}

}  // namespace
}  // namespace kle
