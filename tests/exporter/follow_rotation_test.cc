// SPDX-License-Identifier: Apache-2.0
// Whatever rotation does to a log, while it is followed or between two processes: every line on the
// disk comes, once, in order.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "exporter/follow_source.h"
#include "exporter/log_file.h"
#include "temp_folder.h"

namespace kle {
namespace {

using std::chrono::milliseconds;

class FollowRotationTest : public testing::Test {
 protected:
  void Open() {
    auto source = FollowSource::Open({folder_ / "kubelet.log"}, StartAt::kAll, position_);
    ASSERT_TRUE(source) << source.error().message();
    source_ = std::move(*source);
  }
  void Restart() {
    position_ = source_->Position();
    source_.reset();
    Open();
  }

  // At most `most` lines, joined by '|'.
  std::string Drain(size_t most = SIZE_MAX) {
    std::string all;
    LogLine line;
    for (; most > 0; --most) {
      auto status = source_->Next(line, milliseconds(0));
      EXPECT_TRUE(status);
      if (!status || *status == ReadStatus::kIdle) break;
      all += *status == ReadStatus::kGap ? "(gap)" : std::string(line.text);
      all += "|";
    }
    return all;
  }

  void Append(const std::string& text) { folder_.Append("kubelet.log", text); }

  // Which file is younger is told by the time that file systems stamp with. It goes on every 4 ms,
  // but on a busy machine by leaps.
  static void Tick() {
    const auto begin = StampClock();
    while (StampClock() - begin < milliseconds(12)) std::this_thread::sleep_for(milliseconds(1));
  }
  static std::chrono::nanoseconds StampClock() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

  // rename + create, as logrotate does with dateext.
  std::string Rename() {
    Tick();
    const std::string to = folder_ / ("kubelet.log-20261124." + std::to_string(++rotations_));
    std::filesystem::rename(folder_ / "kubelet.log", to);
    folder_.Write("kubelet.log", "");
    Tick();
    return to;
  }
  std::string CopyTruncate() {
    Tick();
    const std::string to = folder_ / ("kubelet.log-20261124." + std::to_string(++rotations_));
    std::filesystem::copy_file(folder_ / "kubelet.log", to);
    std::filesystem::resize_file(folder_ / "kubelet.log", 0);
    Tick();
    return to;
  }
  static void Pack(const std::string& path) { ASSERT_EQ(std::system(("gzip " + path).c_str()), 0); }

  TempFolder folder_;
  std::unique_ptr<FollowSource> source_;
  std::string position_;
  int rotations_ = 100;
};

TEST_F(FollowRotationTest, ARestartGoesOnAfterTheLineLastGiven) {
  folder_.Write("kubelet.log", "one\ntwo\nthr");
  Open();
  EXPECT_EQ(Drain(1), "one|");
  Restart();
  EXPECT_EQ(Drain(), "two|");
  Restart();
  EXPECT_EQ(Drain(), "");
  Append("ee\nfour\n");
  Restart();
  EXPECT_EQ(Drain(), "three|four|");
}

TEST_F(FollowRotationTest, ThreeRotationsWhileDownSomeOfThemPacked) {
  folder_.Write("kubelet.log", "one\ntwo\nthree\n");
  Open();
  EXPECT_EQ(Drain(1), "one|");
  position_ = source_->Position();
  source_.reset();
  const std::string first = Rename();
  Append("four\n");
  const std::string second = Rename();
  Pack(first);
  Append("five\n");
  Rename();
  Pack(second);
  Append("six\n");
  Open();
  EXPECT_EQ(Drain(), "two|three|four|five|six|");
  Restart();
  EXPECT_EQ(Drain(), "");
}

TEST_F(FollowRotationTest, CopyTruncateWithLinesNotReadYet) {
  folder_.Write("kubelet.log", "one\ntwo\n");
  Open();
  EXPECT_EQ(Drain(1), "one|");
  CopyTruncate();
  Append("three\n");
  EXPECT_EQ(Drain(), "two|three|");  // of which the first was in memory
  Append("four\n");
  CopyTruncate();
  Append("five\n");
  EXPECT_EQ(Drain(), "four|five|");
}

TEST_F(FollowRotationTest, CopyTruncateWhileDownAndFilledPastThePlace) {
  folder_.Write("kubelet.log", "one\ntwo\n");
  Open();
  EXPECT_EQ(Drain(1), "one|");
  position_ = source_->Position();
  source_.reset();
  CopyTruncate();
  Append("three, which is longer than what stood there\n");
  Open();
  EXPECT_EQ(Drain(), "two|three, which is longer than what stood there|");
}

TEST_F(FollowRotationTest, RefilledPastThePlaceWithoutACopyIsAGap) {
  folder_.Write("kubelet.log", "one\ntwo\n");
  Open();
  EXPECT_EQ(Drain(), "one|two|");
  folder_.Write("kubelet.log", "three is new\nand four is too\n");
  EXPECT_EQ(Drain(), "(gap)|three is new|and four is too|");
  EXPECT_EQ(source_->gap().reason, GapReason::kTruncated);
}

TEST_F(FollowRotationTest, ARotatedFileThatWentIsAGap) {
  folder_.Write("kubelet.log", "one\ntwo\n");
  Open();
  EXPECT_EQ(Drain(1), "one|");
  position_ = source_->Position();
  source_.reset();
  std::filesystem::remove(folder_ / "kubelet.log");
  folder_.Write("kubelet.log-20261124.7", "four\n");
  folder_.Write("kubelet.log", "five\n");
  Open();
  EXPECT_EQ(Drain(), "(gap)|four|five|");
  EXPECT_EQ(source_->gap().reason, GapReason::kRotatedAway);
}

TEST_F(FollowRotationTest, OlderRotatedFilesAreNotReadAtAFirstStart) {
  folder_.Write("kubelet.log.1", "old\n");
  folder_.Write("kubelet.log", "one\n");
  Open();
  EXPECT_EQ(Drain(), "one|");
  Rename();
  Append("two\n");
  EXPECT_EQ(Drain(), "two|");
}

TEST_F(FollowRotationTest, ALineWithoutEndIsCutNotKept) {
  folder_.Write("kubelet.log", "one\n");
  Open();
  EXPECT_EQ(Drain(), "one|");
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    Append(megabyte);
    EXPECT_EQ(Drain(), "");
  }
  Append("\ntwo\n");
  LogLine line;
  ASSERT_EQ(*source_->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(line.text.size(), LogFile::kLongestLine);
  Restart();
  EXPECT_EQ(Drain(), "two|");
}

TEST_F(FollowRotationTest, AHoleBeforeTheTextIsStepped) {
  folder_.Write("kubelet.log", std::string(200'000, '\0') + "one\n");
  // Binary at first sight: such a file comes up under a follower, not at its start.
  folder_.Write("kubelet.log", "zero\n");
  Open();
  EXPECT_EQ(Drain(), "zero|");
  CopyTruncate();
  Append(std::string(200'000, '\0') + "one\n");
  EXPECT_EQ(Drain(), "one|");
  Restart();
  Append("two\n");
  EXPECT_EQ(Drain(), "two|");
}

TEST_F(FollowRotationTest, AMissingLogIsToldAndComesBack) {
  folder_.Write("kubelet.log", "one\n");
  Open();
  EXPECT_EQ(Drain(), "one|");
  position_ = source_->Position();
  source_.reset();
  std::filesystem::remove(folder_ / "kubelet.log");
  Open();
  EXPECT_EQ(Drain(), "(gap)|");
  EXPECT_NE(source_->Health().trouble, "");
  folder_.Write("kubelet.log", "two\n");
  std::string drained;
  EXPECT_TRUE(Eventually([&] { return !(drained += Drain()).empty(); }));
  EXPECT_EQ(drained, "two|");
  EXPECT_EQ(source_->Health().trouble, "");
}

// Anything in any order; the model is the list of lines written.
TEST_F(FollowRotationTest, AnyOrderOfRotationsAndRestarts) {
  const char* given = std::getenv("KLE_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  std::printf("KLE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 25; ++round) {
    TempFolder fresh;
    std::swap(const_cast<std::string&>(fresh.path()), const_cast<std::string&>(folder_.path()));
    folder_.Write("kubelet.log", "");
    position_.clear();
    Open();
    std::string written;
    std::string read;
    std::vector<std::string> plain;
    int number = 0;
    for (int step = 0; step < 60; ++step) {
      SCOPED_TRACE("round " + std::to_string(round) + " step " + std::to_string(step));
      switch (random() % 8) {
        case 0:
          plain.push_back(Rename());
          break;
        case 1:
          plain.push_back(CopyTruncate());
          break;
        case 2:
          if (plain.size() > 1) {
            Pack(plain.front());
            plain.erase(plain.begin());
          }
          break;
        case 3:
          if (source_) {
            position_ = source_->Position();
            source_.reset();
          }
          break;
        case 4:
          if (!source_) Open();
          read += Drain(random() % 5);
          break;
        default:
          for (auto lines = random() % 6; lines > 0; --lines) {
            const std::string line =
                "line " + std::to_string(++number) + std::string(random() % 40, 'x');
            Append(line + "\n");
            written += line + "|";
          }
      }
    }
    Append("end\n");
    written += "end|";
    if (!source_) Open();
    read += Drain();
    const size_t same =
        static_cast<size_t>(std::ranges::mismatch(read, written).in1 - read.begin());
    ASSERT_EQ(read, written) << "round " << round << ", read on as " << read.substr(same, 60)
                             << ", written as " << written.substr(same, 60);
    source_.reset();
    std::swap(const_cast<std::string&>(fresh.path()), const_cast<std::string&>(folder_.path()));
  }
}

}  // namespace
}  // namespace kle
