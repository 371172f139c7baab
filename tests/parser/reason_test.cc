// SPDX-License-Identifier: Apache-2.0
#include "parser/reason.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace kle {
namespace {

TEST(ReasonTable, EveryRowIsReachedByItsExample) {
  for (const ReasonRow& row : ReasonTable()) {
    const Phase phase = row.phase.value_or(Phase::kUnmountVolumes);
    EXPECT_EQ(Name(ClassifyFailure(row.example, phase)), Name(row.reason)) << row.example;
    EXPECT_FALSE(row.evidence.empty()) << row.example;
    for (const char c : row.needle) EXPECT_FALSE(c >= 'A' && c <= 'Z') << row.needle;
  }
}

TEST(ReasonTable, EveryReasonHasANameAMeaningAndAHint) {
  std::set<std::string_view> names;
  for (int i = 0; i < kReasonCount; ++i) {
    const Reason reason = static_cast<Reason>(i);
    EXPECT_TRUE(names.insert(Name(reason)).second) << Name(reason);
    EXPECT_FALSE(Info(reason).meaning.empty());
    EXPECT_TRUE(Info(reason).hint.ends_with('.')) << Info(reason).hint;
  }
}

TEST(ReasonTable, EveryReasonHasASectionInTheRunbook) {
  std::ifstream file(KLE_TEST_DATA "/../dashboards/runbooks/reasons.md");
  std::stringstream text;
  text << file.rdbuf();
  for (int i = 0; i < kReasonCount; ++i) {
    const std::string anchor = Anchor(static_cast<Reason>(i));
    EXPECT_NE(text.str().find("\n## " + anchor + "\n"), std::string::npos) << anchor;
  }
}

TEST(ReasonTable, TheNetworkPluginsOwnRefusedConnectionIsNotTheRuntimes) {
  EXPECT_EQ(ClassifyFailure(
                "failed to destroy network for sandbox \"x\": dial tcp 10.0.0.1:443: connect: "
                "connection refused",
                Phase::kStopSandbox),
            Reason::kCniTeardown);
}

TEST(ReasonTable, WhatOtherPluginsAndLibrariesSayOfTheSame) {
  EXPECT_EQ(
      ClassifyFailure("networkPlugin kubenet failed to teardown pod \"web_default\" network: x",
                      Phase::kStopSandbox),
      Reason::kCniTeardown);
  EXPECT_EQ(
      ClassifyFailure("rpc error: code = Internal desc = exit status 1\nOutput: umount: can't "
                      "unmount /x/mount: Resource busy",
                      Phase::kUnmountVolumes),
      Reason::kVolumeBusy);
}

// A runtime's error that no row names is the runtime's all the same.
TEST(ReasonTable, ARuntimesErrorIsTheLastResortOfItsPhases) {
  const auto text = "rpc error: code = Internal desc = something new";
  EXPECT_EQ(ClassifyFailure(text, Phase::kStopContainers), Reason::kRuntimeError);
  EXPECT_EQ(ClassifyFailure(text, Phase::kStopSandbox), Reason::kRuntimeError);
  EXPECT_EQ(ClassifyFailure(text, Phase::kUnmountVolumes), Reason::kCsiError);
  EXPECT_EQ(ClassifyFailure(text, Phase::kDispatch), Reason::kOther);
}

TEST(ReasonTable, TheSameTimeoutIsAnotherReasonInAnotherPhase) {
  const auto text = "rpc error: code = DeadlineExceeded desc = context deadline exceeded";
  EXPECT_EQ(ClassifyFailure(text, Phase::kStopContainers), Reason::kRuntimeStopTimeout);
  EXPECT_EQ(ClassifyFailure(text, Phase::kStopSandbox), Reason::kSandboxStopTimeout);
}

// The first row whose texts are both there, in letters of any case.
TEST(ReasonTable, TheFirstRowOfThoseThatMatchWins) {
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return text;
  };
  const auto upper = [](std::string text) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    return text;
  };
  const auto first = [&](const std::string& text, Phase phase) {
    const std::string error = lower(text);
    for (const ReasonRow& row : ReasonTable()) {
      if (row.phase && *row.phase != phase) continue;
      if (error.find(row.needle) == std::string::npos) continue;
      if (error.find(row.also) != std::string::npos) return row.reason;
    }
    return Reason::kOther;
  };
  for (const ReasonRow& one : ReasonTable()) {
    ASSERT_GE(one.needle.size(), 4u);
    for (const ReasonRow& other : ReasonTable()) {
      const std::string texts[] = {std::string(one.example) + std::string(other.example),
                                   upper(std::string(one.needle)) + std::string(other.also),
                                   std::string(other.needle.substr(1)) + std::string(one.also)};
      for (const std::string& text : texts) {
        for (int phase = 0; phase < kPhaseCount; ++phase) {
          ASSERT_EQ(Name(ClassifyFailure(text, static_cast<Phase>(phase))),
                    Name(first(text, static_cast<Phase>(phase))))
              << text;
        }
      }
    }
  }
}

TEST(ReasonTable, WhatNoRowTakesIsOther) {
  EXPECT_EQ(ClassifyFailure("something new", Phase::kStopContainers), Reason::kOther);
  EXPECT_EQ(ClassifyFailure("", Phase::kUnmountVolumes), Reason::kOther);
}

}  // namespace
}  // namespace kle
