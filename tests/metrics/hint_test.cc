// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "metrics/record_builder.h"

namespace kle {
namespace {

using namespace std::chrono_literals;

PodFacts PodNamed(const std::string& name) {
  PodFacts pod;
  pod.namespace_ = "prod";
  pod.name = name;
  pod.uid = "5f0b8b1c-0000-4000-8000-000000000001";
  return pod;
}

Current In(Phase phase, std::optional<Reason> reason, Duration overdue) {
  Current current;
  current.phase = phase;
  current.reason = reason;
  current.overdue = overdue;
  return current;
}

TEST(Hint, CommandsNameThePod) {
  const Current current = In(Phase::kRemoveFromApi, Reason::kApiFinalizer, 0s);
  EXPECT_TRUE(HintFor(PodNamed("web-0"), current)
                  .starts_with("kubectl get pod -n prod web-0 -o jsonpath="));
}

TEST(Hint, WhatNoShellShouldReadStaysAWord) {
  const Current current = In(Phase::kRemoveFromApi, Reason::kApiFinalizer, 0s);
  EXPECT_TRUE(HintFor(PodNamed("$(reboot)"), current)
                  .starts_with("kubectl get pod -n prod POD -o jsonpath="));
}

TEST(Hint, OfEveryPhaseThatIsOverdueThoughNothingHasFailed) {
  for (int i = 0; i < kPhaseCount; ++i) {
    const Phase phase = static_cast<Phase>(i);
    EXPECT_EQ(HintFor(PodNamed("web-0"), In(phase, {}, 0s)), "");
    const std::string hint = HintFor(PodNamed("web-0"), In(phase, {}, 1s));
    EXPECT_GT(hint.find(" Runbook: dashboards/runbooks/PodTerminationStuck.md"), 20U) << hint;
    EXPECT_EQ(hint.find("UID"), std::string::npos) << hint;
  }
}

}  // namespace
}  // namespace kle
