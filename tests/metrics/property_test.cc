// SPDX-License-Identifier: Apache-2.0
// Whatever is doubled, dropped or out of order: no impossible duration, no second termination, no
// broken invariant; and one pod's lines never change another's record. Seeded; the seed is printed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;
using Random = std::mt19937_64;

std::string Hex(Random& random) {
  std::string id(64, '0');
  for (char& c : id) c = "0123456789abcdef"[random() % 16];
  return id;
}

std::string Uid(Random& random) {
  std::string id = Hex(random).substr(0, 36);
  for (const size_t dash : {8u, 13u, 18u, 23u}) id[dash] = '-';
  return id;
}

struct Stamped {
  double at;
  std::string text;
};

// The whole life of one pod at -v 5 or -v 2, of one of the ways that it may end.
std::vector<Stamped> Life(Random& random, const std::string& pod, int verbosity, double begin) {
  const std::string uid = Uid(random), app = Hex(random), sandbox = Hex(random);
  const auto grace = static_cast<int>(1 + random() % 30);
  const double stop = 0.1 + static_cast<double>(random() % 300) / 10;
  const auto of_pod = [&](std::string_view message, std::string_view more = {}) { return OfPod(message, more, pod, uid); };
  const auto of_app = [&](std::string_view message, const std::string& more = {}) {
    return of_pod(message, "containerName=\"app\" containerID=\"containerd://" + app + "\" " + more);
  };
  const auto pleg = [&](std::string_view type, const std::string& id) {
    return "\"SyncLoop (PLEG): event for pod\" pod=\"" + pod + "\" event=&{ID:" + uid + " Type:" + std::string(type) + " Data:" + id + "}";
  };
  std::vector<Stamped> lines;
  double t = begin;
  const auto say = [&](double after, const std::string& text, int level = 0) {
    t += after;
    if (level <= verbosity) lines.push_back({t, text});
  };
  say(0, SyncLoop("ADD", pod), 2);
  say(1, pleg("ContainerStarted", sandbox), 2);
  say(0, pleg("ContainerStarted", app), 2);
  if (random() % 4 == 0) {  // a probe kills it and it comes back
    say(1, of_app("Killing container with a grace period", "gracePeriod=30"), 2);
    say(1, "\"Generic (PLEG): container finished\" podID=" + uid + " containerID=\"" + app + "\" exitCode=137", 2);
    say(0, pleg("ContainerDied", app), 2);
    say(1, pleg("ContainerStarted", Hex(random)), 2);
  }
  const bool forced = random() % 5 == 0;
  say(2, SyncLoop("DELETE", pod), 2);
  if (forced) say(0.002, SyncLoop("REMOVE", pod), 2);
  say(0.001, of_pod("Pod is marked for graceful deletion, begin teardown"), 4);
  say(0.001, of_pod("syncTerminatingPod enter"), 4);
  say(0.001, of_pod("Pod terminating with grace period", "gracePeriod=" + std::to_string(grace)), 4);
  say(0.001, of_app("Killing container with a grace period", "gracePeriod=" + std::to_string(grace)), 2);
  say(stop, of_app("Container exited normally"), 3);
  say(0.2, of_pod("Pod terminated all containers successfully"), 4);
  say(0.3, "\"Generic (PLEG): container finished\" podID=" + uid + " containerID=\"" + app + "\" exitCode=0", 2);
  say(0, pleg("ContainerDied", app), 2);
  say(0, pleg("ContainerDied", sandbox), 2);
  say(0.1, of_pod("Pod termination removed cgroups"), 4);
  say(0.1, of_pod("Pod is complete and the worker can now stop"), 4);
  if (!forced) say(0.2, SyncLoop("DELETE", pod), 2);
  if (!forced) say(0.001, SyncLoop("REMOVE", pod), 2);
  say(2, of_pod("Pod is orphaned and must be torn down"), 4);  // the ghost pass
  say(0.1, of_app("Killing container with a grace period", "gracePeriod=1"), 4);
  return lines;
}

std::vector<std::string> Print(const std::vector<Stamped>& lines) {
  std::vector<std::string> out;
  for (const Stamped& line : lines) out.push_back(At(line.at, line.text));
  return out;
}

void ExpectSane(const Measured& run) {
  std::map<std::string, int> records;
  const auto check = [&records](const TerminationRecord& record) {
    if (!record.uid.empty()) ++records[record.uid];
    for (const PhaseSpan& span : record.phases) {
      if (span.duration()) EXPECT_GE(span.duration()->count(), 0) << Name(span.phase);
      if (span.duration()) EXPECT_LT(ToSeconds(*span.duration()), 3600) << Name(span.phase);
    }
    std::optional<Timestamp> last;
    for (const auto& at : {record.requested_at, record.terminated_at, record.reclaimed_at}) {
      if (at && last) EXPECT_LE(*last, *at);
      if (at) last = at;
    }
    for (const ContainerRecord& container : record.containers) {
      EXPECT_FALSE(container.id.empty());
      if (container.stop_duration()) EXPECT_GE(container.stop_duration()->count(), 0);
    }
  };
  for (const TerminationRecord& record : run.ended) check(record);
  for (const TerminationRecord& record : run.in_flight) check(record);
  for (const auto& [uid, count] : records) EXPECT_EQ(count, 1) << uid;
  const TrackerCounts& counts = run.counts;
  EXPECT_EQ(counts.started,
            counts.completed + counts.expired + counts.evicted + counts.interrupted + counts.in_flight);
  EXPECT_EQ(counts.in_flight, run.in_flight.size());
}

uint64_t Seed() {
  const char* given = std::getenv("KLE_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  std::printf("KLE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

TEST(Property, DoubledDroppedAndReorderedLines) {
  Random random(Seed());
  for (int round = 0; round < 400; ++round) {
    std::vector<Stamped> lines;
    const int verbosity = random() % 2 == 0 ? 2 : 5;
    for (int pod = 0; pod < 4; ++pod) {
      const auto life = Life(random, "default/p" + std::to_string(pod), verbosity, static_cast<double>(random() % 20));
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
    EXPECT_EQ(once.metric("kubelet_lifecycle_pod_terminations_total"), twice.metric("kubelet_lifecycle_pod_terminations_total"));
  }
}

TEST(Property, AnotherPodsLinesChangeNothing) {
  Random random(Seed());
  for (int round = 0; round < 100; ++round) {
    const int verbosity = round % 2 == 0 ? 2 : 5;
    const auto mine = Life(random, "default/mine", verbosity, 3);
    std::vector<Stamped> mixed = mine;
    for (int pod = 0; pod < 5; ++pod) {
      const auto other = Life(random, "default/other" + std::to_string(pod), verbosity, static_cast<double>(random() % 10));
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
