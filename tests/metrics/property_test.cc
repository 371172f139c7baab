// SPDX-License-Identifier: Apache-2.0
// Whatever is doubled, dropped or out of order: no impossible duration, no second termination, no
// broken invariant; and one pod's lines never change another's record. Seeded; the seed is printed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/lives.h"

namespace kle {
namespace {

using namespace testing;
void ExpectSane(const Measured& run) {
  std::map<std::string, int> records;
  const auto check = [&records](const TerminationRecord& record) {
    if (!record.uid.empty()) ++records[record.uid];
    for (const PhaseSpan& span : record.phases) {
      if (span.duration()) {
        EXPECT_GE(span.duration()->count(), 0) << Name(span.phase);
      }
      if (span.duration()) {
        EXPECT_LT(ToSeconds(*span.duration()), 3600) << Name(span.phase);
      }
    }
    std::optional<Timestamp> last;
    for (const auto& at : {record.requested_at, record.terminated_at, record.reclaimed_at}) {
      if (at && last) {
        EXPECT_LE(*last, *at);
      }
      if (at) last = at;
    }
    for (const ContainerRecord& container : record.containers) {
      EXPECT_FALSE(container.id.empty());
      if (container.stop_duration()) {
        EXPECT_GE(container.stop_duration()->count(), 0);
      }
    }
  };
  for (const TerminationRecord& record : run.ended) check(record);
  for (const TerminationRecord& record : run.in_flight) check(record);
  for (const auto& [uid, count] : records) EXPECT_EQ(count, 1) << uid;
  const TrackerCounts& counts = run.counts;
  EXPECT_EQ(counts.started, counts.completed + counts.expired + counts.evicted +
                                counts.interrupted + counts.in_flight);
  EXPECT_EQ(counts.in_flight, run.in_flight.size());
}

TEST(Property, DoubledDroppedAndReorderedLines) {
  Random random(Seed());
  for (int round = 0; round < 400; ++round) {
    std::vector<Stamped> lines;
    const int verbosity = random() % 2 == 0 ? 2 : 5;
    for (int pod = 0; pod < 4; ++pod) {
      const auto life = Life(random, "default/p" + std::to_string(pod), verbosity,
                             static_cast<double>(random() % 20));
      lines.insert(lines.end(), life.begin(), life.end());
    }
    std::ranges::stable_sort(lines, {}, &Stamped::at);
    std::vector<std::string> printed;
    for (const std::string& line : Print(lines)) {
      const auto dice = random() % 100;
      if (dice < 8) continue;
      printed.push_back(line);
      if (dice >= 92) printed.push_back(line);
    }
    for (size_t i = 1; i < printed.size(); ++i) {
      if (random() % 10 == 0) std::swap(printed[i - 1], printed[i]);
    }
    SCOPED_TRACE("round " + std::to_string(round));
    ExpectSane(Replay(printed));
    if (HasFailure()) return;
  }
}

TEST(Property, DoublingEveryLineChangesNoRecord) {
  Random random(Seed());
  for (int round = 0; round < 100; ++round) {
    const auto lines = Print(Life(random, "default/p", round % 2 == 0 ? 2 : 5, 3));
    std::vector<std::string> doubled;
    for (const std::string& line : lines) doubled.insert(doubled.end(), 2, line);
    const Measured once = Replay(lines), twice = Replay(doubled);
    ASSERT_EQ(once.size(), 1u);
    ASSERT_EQ(twice.size(), 1u);
    EXPECT_EQ(once.only().termination(), twice.only().termination());
    EXPECT_EQ(once.only().deletion(), twice.only().deletion());
    EXPECT_EQ(once.only().trigger, twice.only().trigger);
    EXPECT_EQ(once.metric("kubelet_lifecycle_pod_terminations_total"),
              twice.metric("kubelet_lifecycle_pod_terminations_total"));
  }
}

TEST(Property, AnotherPodsLinesChangeNothing) {
  Random random(Seed());
  for (int round = 0; round < 100; ++round) {
    const int verbosity = round % 2 == 0 ? 2 : 5;
    const auto mine = Life(random, "default/mine", verbosity, 3);
    std::vector<Stamped> mixed = mine;
    for (int pod = 0; pod < 5; ++pod) {
      const auto other = Life(random, "default/other" + std::to_string(pod), verbosity,
                              static_cast<double>(random() % 10));
      mixed.insert(mixed.end(), other.begin(), other.end());
    }
    std::ranges::stable_sort(mixed, {}, &Stamped::at);
    const Measured alone = Replay(Print(mine)), among = Replay(Print(mixed));
    std::vector<TerminationRecord> all = among.ended;
    all.insert(all.end(), among.in_flight.begin(), among.in_flight.end());
    const auto found = std::ranges::find(all, alone.only().uid, &TerminationRecord::uid);
    ASSERT_NE(found, all.end());
    EXPECT_EQ(found->termination(), alone.only().termination());
    EXPECT_EQ(found->deletion(), alone.only().deletion());
    EXPECT_EQ(found->outcome, alone.only().outcome);
    EXPECT_EQ(found->phases.size(), alone.only().phases.size());
  }
}

}  // namespace
}  // namespace kle
