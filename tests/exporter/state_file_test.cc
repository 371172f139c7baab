// SPDX-License-Identifier: Apache-2.0
#include "exporter/state_file.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>

#include "exporter/restore.h"
#include "temp_folder.h"

namespace kle {
namespace {

SavedState Sample() {
  SavedState state;
  state.machine_id = "4f3761dbee394974a2cc9bf0a48e5c13";
  state.boot_id = "boot";
  state.source = "file";
  state.position = std::string("a\0b", 3);
  state.totals = std::string(500, 't');
  for (int i = 0; i < 500; ++i) state.position += static_cast<char>(i * 7919 >> 3);
  return state;
}

std::string ToBytes(const SavedState& state) {
  StatePacker packer(state);
  std::string bytes = packer.Finish();
  return bytes;
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

class StateFileTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  const std::string path_ = folder_ / "below/state";
};

TEST_F(StateFileTest, WhatWasSavedIsLoaded) {
  StateFile file(path_);
  ASSERT_TRUE(file.Claim());
  EXPECT_FALSE(file.Load().state);
  EXPECT_FALSE(file.Load().fault);
  ASSERT_TRUE(file.Save(ToBytes(Sample())));
  const auto loaded = StateFile(path_).Load();
  ASSERT_TRUE(loaded.state) << loaded.why;
  EXPECT_EQ(ToBytes(*loaded.state), ToBytes(Sample()));
}

TEST_F(StateFileTest, OnlyAPlainFileIsSetAside) {
  StateFile file(path_);
  ASSERT_TRUE(file.Claim());
  std::filesystem::create_directories(path_);
  EXPECT_FALSE(file.SetAside());
  EXPECT_TRUE(std::filesystem::is_directory(path_));
  std::filesystem::remove(path_);
  std::ofstream(path_) << "odd";
  EXPECT_TRUE(file.SetAside());
  EXPECT_EQ(Read(path_ + ".bad"), "odd");
}

TEST_F(StateFileTest, NoCutOrFlippedBitIsTakenForAState) {
  const std::string bytes = ToBytes(Sample());
  ASSERT_TRUE(FromBytes(bytes).state);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto loaded = FromBytes(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(loaded.state) << size;
    EXPECT_EQ(loaded.fault, StateFault::kCut) << size;
  }
  EXPECT_FALSE(FromBytes(bytes + "x").state);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto loaded = FromBytes(bad);
    EXPECT_FALSE(loaded.state) << bit;
    EXPECT_TRUE(loaded.fault) << bit;
  }
}

TEST_F(StateFileTest, AFailedSaveLeavesTheFormerStateWhole) {
  StateFile file(path_);
  ASSERT_TRUE(file.Claim());
  ASSERT_TRUE(file.Save(ToBytes(Sample())));
  const std::string before = Read(path_);
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  rlimit small{100, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  SavedState next = Sample();
  for (int i = 0; i < 5000; ++i) next.position += static_cast<char>(i * 7919 >> 3);
  const auto saved = file.Save(ToBytes(next));
  setrlimit(RLIMIT_FSIZE, &limit);
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().message().find("File too large: counting goes on"), std::string::npos)
      << saved.error().message();
  EXPECT_EQ(Read(path_), before);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
  EXPECT_TRUE(file.Save(ToBytes(next)));
}

TEST_F(StateFileTest, OneExporterAtATime) {
  StateFile file(path_);
  ASSERT_TRUE(file.Claim());
  auto second = StateFile(path_).Claim();
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message().find("another exporter uses the state file"),
            std::string::npos);
}

TEST_F(StateFileTest, WhatCannotBeUsedIsSetAsideAndCounted) {
  const SavedState own = Sample();
  SavedState other_machine = own;
  other_machine.machine_id = "another";
  SavedState other_source = own;
  other_source.source = "journal";
  const std::pair<std::string, StateFault> cases[] = {
      {"", StateFault::kCut},
      {"not a state", StateFault::kNotAState},
      {"KLESTATE\x02" + ToBytes(own).substr(9), StateFault::kNewer},
      {ToBytes(own).substr(0, 100), StateFault::kCut},
      {ToBytes(own).substr(0, 100) + "!" + ToBytes(own).substr(101), StateFault::kDamaged},
      {ToBytes(other_machine), StateFault::kForeign},
      {ToBytes(other_source), StateFault::kForeign},
  };
  for (const auto& [bytes, fault] : cases) {
    SCOPED_TRACE(std::string(Name(fault)));
    const std::string path = folder_.Write("state", bytes);
    const Restored restored = RestoreFrom(StateFile(path), own, PipelineOptions());
    EXPECT_EQ(restored.position, "");
    EXPECT_TRUE(restored.changed);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(Read(path + ".bad"), bytes);
    const auto totals = MetricSet::Totals(restored.pipeline->metrics().Collect());
    EXPECT_NE(totals.find(Name(fault)), std::string::npos);
  }
}

TEST_F(StateFileTest, AnotherLayoutOfThePodsKeepsCountersAndPlace) {
  Pipeline pipeline{PipelineOptions()};
  pipeline.metrics().CountOrphanedPod();
  SavedState own = Sample();
  own.totals = MetricSet::Totals(pipeline.metrics().Collect());
  StateFile file(path_);
  ASSERT_TRUE(file.Claim());
  ASSERT_TRUE(file.Save(ToBytes(own)));
  const Restored restored = RestoreFrom(file, own, PipelineOptions());
  EXPECT_EQ(restored.position, own.position);
  const auto totals = MetricSet::Totals(restored.pipeline->metrics().Collect());
  EXPECT_NE(totals.find("orphaned_pods_total"), std::string::npos);
  EXPECT_NE(totals.find("pods"), std::string::npos);
}

}  // namespace
}  // namespace kle
