// SPDX-License-Identifier: Apache-2.0
// Wherever a log is cut, a second process that restores what the first one saved ends with the same
// counters, histograms and records, to the last bit.
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>

#include "metrics/pod.h"
#include "tests/support/lives.h"

namespace kle {
namespace {

using namespace testing;

PipelineOptions Options() {
  PipelineOptions options;
  options.zone.timezone = "UTC";
  options.zone.year = 2026;
  return options;
}

struct Saved {
  std::string state;
  std::string totals;
};

Saved Save(Pipeline& pipeline) {
  std::string state;
  Encoder encoder(state);
  pipeline.Save(encoder);
  return {state, MetricSet::Totals(pipeline.metrics().Collect())};
}

std::unique_ptr<Pipeline> Restored(const Saved& saved) {
  auto pipeline = std::make_unique<Pipeline>(Options());
  if (!pipeline->metrics().RestoreTotals(saved.totals) || !pipeline->Restore(saved.state)) {
    return nullptr;
  }
  return pipeline;
}

void PushAll(Pipeline& pipeline, std::span<const std::string> lines) {
  for (const std::string& text : lines) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  }
}

// Everything that can be seen of a pipeline from outside.
std::string Seen(Pipeline& pipeline) {
  pipeline.metrics().SetInFlight(pipeline.Overview());
  pipeline.metrics().SetTrackedPods(pipeline.tracker().tracked_pods());
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, pipeline.metrics().Collect());
  std::string seen = text.str();
  for (const RecordPtr& record : pipeline.Recent(50)) seen += Encoded(*record);
  return seen + Encoded(pipeline.InFlight()) + Encoded(pipeline.tracker().counts());
}

std::vector<std::string> BusyNode(Random& random) {
  std::vector<Stamped> lives;
  for (int pod = 0; pod < 5; ++pod) {
    const auto life = Life(random, "default/p" + std::to_string(pod), random() % 2 == 0 ? 2 : 5,
                           static_cast<double>(random() % 20));
    lives.insert(lives.end(), life.begin(), life.end());
  }
  std::ranges::stable_sort(lives, {}, &Stamped::at);
  std::vector<std::string> lines;
  for (const std::string& line : Print(lives)) {
    if (random() % 20 == 0) continue;  // lost
    lines.push_back(line);
    if (random() % 20 == 0) lines.emplace_back("  and a further line of the same record");
  }
  return lines;
}

TEST(State, ACutAnywhereChangesNothing) {
  Random random(Seed());
  for (int round = 0; round < 12; ++round) {
    const auto lines = BusyNode(random);
    Pipeline whole(Options());
    PushAll(whole, lines);
    whole.Finish();
    const std::string expected = Seen(whole);
    for (size_t cut = 0; cut <= lines.size(); cut += 1 + random() % 7) {
      Pipeline first(Options());
      PushAll(first, std::span(lines).first(cut));
      auto second = Restored(Save(first));
      ASSERT_NE(second, nullptr);
      EXPECT_EQ(Seen(*second), Seen(first)) << "round " << round << ", cut at " << cut;
      PushAll(*second, std::span(lines).subspan(cut));
      second->Finish();
      ASSERT_EQ(Seen(*second), expected) << "round " << round << ", cut at " << cut;
    }
  }
}

TEST(State, CutAtEveryLineOfARealLog) {
  std::ifstream file(KLE_TEST_DATA "/traces/reference/nginx-1.23-docker-v5.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_FALSE(lines.empty());
  Pipeline whole(Options());
  PushAll(whole, lines);
  whole.Finish();
  // One process a line.
  auto pipeline = std::make_unique<Pipeline>(Options());
  for (const std::string& line : lines) {
    PushAll(*pipeline, {&line, 1});
    pipeline = Restored(Save(*pipeline));
    ASSERT_NE(pipeline, nullptr);
  }
  pipeline->Finish();
  EXPECT_EQ(Seen(*pipeline), Seen(whole));
}

TEST(State, AStuckPodIsStillStuck) {
  Pipeline first(Options());
  PushAll(first, Started() + std::vector{At(10, SyncLoop("DELETE")), At(10.1, Kill(5))});
  first.Idle(*ParseTimestamp("2026-11-23T10:20:00Z"));
  const auto second = Restored(Save(first));
  ASSERT_NE(second, nullptr);
  const auto stuck = second->InFlight();
  ASSERT_EQ(stuck.size(), 1u);
  EXPECT_EQ(stuck[0].current->overdue, std::chrono::seconds(20 * 60 - 10 - 5 - 60));
}

TEST(State, NoCutNorFlippedByteIsTakenForAState) {
  Random random(Seed());
  Pipeline first(Options());
  PushAll(first, BusyNode(random));
  const Saved saved = Save(first);
  for (size_t size = 0; size < saved.state.size(); size += 7) {
    EXPECT_EQ(Restored({saved.state.substr(0, size), saved.totals}), nullptr) << size;
  }
  for (size_t size = 1; size < saved.totals.size(); size += 7) {
    EXPECT_EQ(Restored({saved.state, saved.totals.substr(0, size)}), nullptr) << size;
  }
  // The file's checksum finds a flipped bit; should one get past it, nothing may break.
  for (size_t at = 0; at < saved.state.size(); ++at) {
    Saved bad = saved;
    bad.state[at] = static_cast<char>(bad.state[at] ^ (1 << (random() % 8)));
    if (const auto pipeline = Restored(bad)) {
      PushAll(*pipeline, BusyNode(random));
      pipeline->Finish();
      std::ignore = pipeline->InFlight();
    }
  }
}

TEST(State, AnotherLayoutIsRefused) {
  Pipeline first(Options());
  Saved saved = Save(first);
  ASSERT_EQ(static_cast<uint32_t>(saved.state[0]), kStateLayout);
  ++saved.state[0];
  EXPECT_EQ(Restored(saved), nullptr);
}

TEST(State, WhatIsNeverWithoutATimeIsRefusedWithoutOne) {
  ContainerFacts container;
  container.exit_source = ExitSource::kBound;
  ContainerFacts again;
  EXPECT_FALSE(Decode(Encoded(container), again));
  container.exited_at = Timestamp();
  EXPECT_TRUE(Decode(Encoded(container), again));

  TerminationFacts termination;
  termination.by_runtime = true;
  TerminationFacts twice;
  EXPECT_FALSE(Decode(Encoded(termination), twice));
  termination.requested_at = Timestamp();
  EXPECT_TRUE(Decode(Encoded(termination), twice));
}

// Saved by number: when one of these fails, a value was added. Raise kStateLayout, unless it is the
// last of its enum.
TEST(State, EnumsOfThisLayout) {
  EXPECT_EQ(Name(static_cast<Reason>(0)), "volume_busy");
  EXPECT_EQ(Name(static_cast<Reason>(27)), "other") << "a new reason goes to the end";
  EXPECT_EQ(int{kPhaseCount}, 8);
  EXPECT_EQ(int{kTriggerCount}, 12);
  EXPECT_EQ(int{kOutcomeCount}, 5);
  EXPECT_EQ(int{kStateCount}, 5);
}

}  // namespace
}  // namespace kle
