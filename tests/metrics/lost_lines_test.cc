// SPDX-License-Identifier: Apache-2.0
// journald and rsyslog say themselves, among the lines of a whole node, that they dropped some.
#include <gtest/gtest.h>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

std::string Wrapped(double at, std::string_view who, std::string_view text) {
  return "Nov 23 " + At(at, "").substr(6, 8) + " node-1 " + std::string(who) + ": " +
         std::string(text);
}

// A pod that is being deleted while that line is written, and an hour in which no more is heard of
// it.
Measured Across(const std::string& line, PipelineOptions options = {}) {
  const auto kubelet = [](double at, const std::string& text) {
    return Wrapped(at, "kubelet[4321]", At(at, text));
  };
  return Replay({kubelet(9, SyncLoop("ADD")), kubelet(10, SyncLoop("DELETE")),
                 kubelet(10.1, Kill(30)), line, kubelet(3700, SyncLoop("ADD", "default/other"))},
                options);
}

struct LostCase {
  const char* name;
  const char* who;
  const char* text;
  std::optional<uint64_t> lines;  // absent: nothing of ours
};

class LostLines : public ::testing::TestWithParam<LostCase> {};

TEST_P(LostLines, EndTheWaitForThem) {
  const Measured run = Across(Wrapped(11, GetParam().who, GetParam().text));
  EXPECT_EQ(run.counts.expired, GetParam().lines ? 1U : 0U);
  EXPECT_EQ(run.summary.gaps.size(), GetParam().lines ? 1U : 0U);
  if (!GetParam().lines) return;
  EXPECT_EQ(run.summary.gaps.at(GapReason::kSuppressed).times, 1U);
  EXPECT_EQ(run.summary.gaps.at(GapReason::kSuppressed).lines, *GetParam().lines);
  EXPECT_EQ(run.metric("kubelet_lifecycle_lines_suppressed_total"), *GetParam().lines);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, LostLines,
    ::testing::Values(
        LostCase{"Journald", "systemd-journald[312]",
                 "Suppressed 1625 messages from kubelet.service", 1625},
        LostCase{"JournaldByItsCommand", "systemd-journal[312]",
                 "Suppressed 917 messages from /system.slice/kubelet.service", 917},
        LostCase{"JournaldOfCentos7", "journal",
                 "Suppressed 917 messages from /system.slice/kubelet.service", 917},
        LostCase{"OfTheRuntime", "systemd-journald[312]",
                 "Suppressed 9 messages from containerd.service", 9},
        LostCase{"OfAnotherUnit",
                 "systemd-journald[312]",
                 "Suppressed 1625 messages from session-3.scope",
                 {}},
        LostCase{"Rsyslog", "rsyslogd", "imjournal: 236 messages lost due to rate-limiting", 236},
        LostCase{"RsyslogWithItsLimit", "rsyslogd[77]",
                 "imjournal: 5000 messages lost due to rate-limiting (20000 allowed within 600 "
                 "seconds)",
                 5000},
        LostCase{"RsyslogOfBefore", "rsyslogd-2177",
                 "imjournal: 236 messages lost due to rate-limiting", 236},
        LostCase{"RsyslogsOtherLines",
                 "rsyslogd",
                 "imjournal: begin to drop messages due to rate-limiting",
                 {}},
        LostCase{
            "SaidBySomebodyElse", "web[1]", "Suppressed 1625 messages from kubelet.service", {}}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(LostLines, AreToldWithoutTheRuntimesLines) {
  PipelineOptions options;
  options.runtime = false;
  const Measured run = Across(
      Wrapped(11, "systemd-journald[312]", "Suppressed 3 messages from kubelet.service"), options);
  EXPECT_EQ(run.summary.gaps.size(), 1U);
}

}  // namespace
}  // namespace kle
