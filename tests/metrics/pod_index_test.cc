// SPDX-License-Identifier: Apache-2.0
#include "metrics/pod_index.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <string>

namespace kle {
namespace {

// Random steps beside std::map: pods that take a key over, give it back, come again.
TEST(PodIndexTest, DoesWhatAMapDoes) {
  PodIndex<UidKey> index;
  std::map<std::string, PodFacts*> want;
  std::list<PodFacts> pods;
  std::mt19937 random(7);
  for (int step = 0; step < 50'000; ++step) {
    const std::string uid = "uid-" + std::to_string(random() % 500);
    const bool crowded = want.size() > 40;  // the table has 64 places then: chains are long
    if (random() % (crowded ? 4 : 2) == 0) {
      PodFacts& pod = pods.emplace_back();
      pod.uid = uid;
      index.Set({pod.uid}, pod);
      want[uid] = &pod;
    } else if (!want.empty()) {
      auto it = want.lower_bound(uid);
      if (it == want.end()) it = want.begin();
      PodFacts other;
      other.uid = it->first;
      index.Erase({it->first}, other);  // leads to another pod: nothing goes
      ASSERT_TRUE(index.Leads({it->first}, *it->second));
      index.Erase({it->first}, *it->second);
      want.erase(it);
    }
    const auto found = want.find(uid);
    ASSERT_EQ(index.Find({uid}), found == want.end() ? nullptr : found->second) << step;
  }
  for (const auto& [uid, pod] : want) EXPECT_EQ(index.Find({uid}), pod);
}

TEST(PodIndexTest, AnEmptyOneFindsNothing) {
  PodIndex<NameKey> index;
  PodFacts pod;
  EXPECT_EQ(index.Find({"ns", "pod"}), nullptr);
  index.Erase({"ns", "pod"}, pod);
  pod.namespace_ = "ns";
  pod.name = "pod";
  index.Set({"ns", "pod"}, pod);
  EXPECT_EQ(index.Find({"ns", "pod"}), &pod);
  EXPECT_EQ(index.Find({"pod", "ns"}), nullptr);
  EXPECT_EQ(index.Find({"n", "spod"}), nullptr);
}

TEST(PodIndexTest, AContainerLeadsToThePodThatLearntItLast) {
  PodIndex<ContainerKey> index;
  PodFacts first;
  PodFacts second;
  first.containers.emplace_back().id = "a";
  first.containers.emplace_back().id = "b";
  second.containers.emplace_back().id = "b";
  index.Set({"a"}, first);
  index.Set({"b"}, first);
  index.Set({"b"}, second);
  EXPECT_EQ(index.Find({"a"}), &first);
  EXPECT_EQ(index.Find({"b"}), &second);
  index.Erase({"b"}, first);
  EXPECT_EQ(index.Find({"b"}), &second);
  index.Erase({"b"}, second);
  EXPECT_EQ(index.Find({"b"}), nullptr);
}

}  // namespace
}  // namespace kle
