// SPDX-License-Identifier: Apache-2.0
// A line that is no event, and an observation, cost no heap allocation.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "metrics/metric_set.h"
#include "tests/support/lines.h"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

// Counted for the whole program; the sanitizers' own operators stay in place where they run.
#ifndef KLE_SANITIZED
#define KLE_COUNTS_ALLOCATIONS 1
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace kle {
namespace {

using namespace testing;

class Allocations : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef KLE_COUNTS_ALLOCATIONS
    GTEST_SKIP() << "a sanitizer has its own allocator";
#endif
  }

  template <typename Work>
  static uint64_t Count(Work work) {
    const uint64_t before = allocations.load();
    work();
    return allocations.load() - before;
  }
};

TEST_F(Allocations, NoneForALineThatIsNoEvent) {
  PipelineOptions options;
  options.zone.timezone = "UTC";
  options.zone.year = 2026;
  Pipeline pipeline(options);
  const std::string lines[] = {
      At(1,
         "\"Volume exists in actual state, skip cleaning up mounts\" podName=x "
         "volumeSpecName=\"config\""),
      At(2, "factory.go:262] Factory \"systemd\" was unable to handle container \"/kubepods\""),
      At(3,
         "\"An \\\"escaped\\\" message\" key=\"value\" status={Phase:Running "
         "Conditions:[{Type:Ready}]}"),
      "Unmounting arguments: /var/lib/kubelet",
      "Flag --container-runtime has been deprecated",
      "",
      "{\"ts\":1795475487205.2107,\"caller\":\"kubelet/kubelet.go:2499\",\"msg\":\"nothing of "
      "ours\",\"v\":4,\"key\":\"value\"}",
      "Nov 23 23:01:26 host sshd[12]: Accepted publickey",
      "Nov 23 23:01:26 host kubelet[4321]: " + At(4, "\"nothing of ours\" a=1"),
  };
  const auto push = [&] {
    for (const std::string& line : lines) {
      LogLine entry;
      entry.text = line;
      pipeline.Push(entry);
    }
  };
  for (int warm = 0; warm < 50; ++warm) push();
  EXPECT_EQ(Count([&] {
              for (int i = 0; i < 1000; ++i) push();
            }),
            0u);
}

TEST_F(Allocations, NoneForAnObservation) {
  MetricSet metrics;
  const Timestamp asked{};
  TerminationRecord record;
  record.trigger = Trigger::kApiDelete;
  record.outcome = Outcome::kGraceful;
  record.requested_at = asked;
  record.terminated_at = record.removed_at = asked + std::chrono::seconds(2);
  record.grace_granted = 30;
  record.grace_used = std::chrono::seconds(1);
  record.containers.emplace_back();
  record.containers[0].kill_started_at = asked;
  record.containers[0].exited_at = asked + std::chrono::seconds(1);
  record.containers[0].prestop = std::chrono::seconds(1);
  record.containers[0].prestop_outcome = HookOutcome::kCompleted;
  const auto observe = [&] {
    metrics.ObserveStopped(record);
    metrics.ObserveEnded(record);
    metrics.ObservePhase(Phase::kDispatch, Precision::kExact, std::chrono::milliseconds(2));
    metrics.ObserveUnmount("kubernetes.io/secret", "unmount", std::chrono::milliseconds(20));
    metrics.CountLine(LineFormat::kKlogText);
    metrics.CountEvent(EventKind::kPodDeleted);
    metrics.CountFailure(Phase::kStopSandbox, Reason::kCniTeardown, {});
  };
  observe();
  EXPECT_EQ(Count([&] {
              for (int i = 0; i < 1000; ++i) observe();
            }),
            0u);
}

// A commit asks for the newest of the ended; a busy node has thousands that still wait for late
// lines.
TEST_F(Allocations, OnlyForTheRecordsThatAreAskedFor) {
  constexpr int kPods = 200;
  PipelineOptions options;
  options.zone.timezone = "UTC";
  options.zone.year = 2026;
  Pipeline pipeline(options);
  const auto push = [&](double at, auto text) {
    for (int i = 0; i < kPods; ++i) {
      char uid[37];
      std::snprintf(uid, sizeof uid, "%08x-0000-4000-8000-%012x", i, i);
      const std::string line = At(at + i / 1000.0, text("prod/web-" + std::to_string(i), uid));
      LogLine entry;
      entry.text = line;
      pipeline.Push(entry);
    }
  };
  push(1, [](const std::string& pod, const char*) { return SyncLoop("DELETE", pod); });
  push(2, [](const std::string& pod, const char* uid) {
    return OfPod("syncTerminatingPod enter", {}, pod, uid);
  });
  push(5, [](const std::string& pod, const char* uid) {
    return OfPod("Pod terminated all containers successfully", {}, pod, uid);
  });
  push(7, [](const std::string& pod, const char*) { return SyncLoop("REMOVE", pod); });
  pipeline.Idle(*ParseTimestamp("2026-11-23T10:00:10Z"));

  std::vector<RecordPtr> all;
  std::vector<RecordPtr> few;
  const uint64_t of_all = Count([&] { all = pipeline.Recent(kPods); });
  const uint64_t of_few = Count([&] { few = pipeline.Recent(10); });
  ASSERT_EQ(all.size(), static_cast<size_t>(kPods));
  ASSERT_EQ(few.size(), 10u);
  for (size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i]->pod, all[i]->pod);
  EXPECT_LT(of_few * 10, of_all);
}

}  // namespace
}  // namespace kle
