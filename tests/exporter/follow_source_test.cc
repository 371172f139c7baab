// SPDX-License-Identifier: Apache-2.0
#include "exporter/follow_source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "temp_folder.h"

namespace kle {
namespace {

using std::chrono::milliseconds;

class FollowSourceTest : public testing::Test {
 protected:
  void Open(const std::string& content, StartAt start = StartAt::kAll) {
    folder_.Write("kubelet.log", content);
    auto source = FollowSource::Open({folder_ / "kubelet.log"}, start);
    ASSERT_TRUE(source) << source.error().message();
    source_ = std::move(*source);
  }

  // Lines until the source is idle, joined by '|'.
  std::string Drain() {
    std::string all;
    LogLine line;
    while (true) {
      auto status = source_->Next(line, milliseconds(0));
      EXPECT_TRUE(status);
      if (!status || *status == ReadStatus::kIdle) return all;
      all += *status == ReadStatus::kGap ? "(gap)" : std::string(line.text);
      all += "|";
    }
  }

  TempFolder folder_;
  std::unique_ptr<FollowSource> source_;
};

TEST_F(FollowSourceTest, APlaceThatIsCutIsNone) {
  Open("one\ntwo\n");
  Drain();
  const std::string position = source_->Position();
  for (const std::string& cut : {position.substr(0, position.size() - 1), position + "x"}) {
    auto source = FollowSource::Open({folder_ / "kubelet.log"}, StartAt::kAll, cut);
    ASSERT_TRUE(source) << source.error().message();
    source_ = std::move(*source);
    EXPECT_EQ(Drain(), "one|two|");
  }
}

TEST_F(FollowSourceTest, WaitsForTheRestOfALine) {
  Open("one\ntwo\nthr");
  EXPECT_EQ(Drain(), "one|two|");
  EXPECT_EQ(Drain(), "");
  folder_.Append("kubelet.log", "ee");
  EXPECT_EQ(Drain(), "");
  folder_.Append("kubelet.log", "\nfour\n");
  EXPECT_EQ(Drain(), "three|four|");
}

TEST_F(FollowSourceTest, AnEmptyFileIsIdle) {
  Open("");
  EXPECT_EQ(Drain(), "");
  EXPECT_EQ(source_->Health().trouble, "");
  folder_.Append("kubelet.log", "one\n");
  EXPECT_EQ(Drain(), "one|");
}

TEST_F(FollowSourceTest, StartNowSkipsWhatIsThere) {
  Open("one\ntwo\n", StartAt::kNow);
  EXPECT_EQ(Drain(), "");
  folder_.Append("kubelet.log", "three\n");
  EXPECT_EQ(Drain(), "three|");
}

TEST_F(FollowSourceTest, FollowsRenameAndCreate) {
  Open("one\n");
  EXPECT_EQ(Drain(), "one|");
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    std::filesystem::rename(folder_ / "kubelet.log", folder_ / ("kubelet.log." + number));
    EXPECT_EQ(Drain(), "");
    // The writer still has the old file for a while.
    folder_.Append("kubelet.log." + number, "late" + number + "\n");
    folder_.Write("kubelet.log", "");
    folder_.Append("kubelet.log." + number, "later" + number);
    EXPECT_EQ(Drain(), "late" + number + "|");
    folder_.Append("kubelet.log", "new" + number + "\n");
    EXPECT_EQ(Drain(), "later" + number + "|new" + number + "|");
  }
}

TEST_F(FollowSourceTest, AFileThatIsGoneForAWhileIsTrouble) {
  Open("one\n");
  EXPECT_EQ(Drain(), "one|");
  const std::string path = folder_ / "kubelet.log";
  std::filesystem::remove(path);
  EXPECT_EQ(Drain(), "");
  EXPECT_EQ(source_->Health().trouble, "");  // a rotation takes a moment
  source_->set_gone_after(milliseconds(1));
  const auto trouble = [&](std::string_view wanted) {
    return Eventually([&] {
      Drain();
      const std::string text = source_->Health().trouble;
      return wanted.empty() ? text.empty() : text.starts_with(path + std::string(wanted));
    });
  };
  EXPECT_TRUE(trouble(" is gone: ")) << source_->Health().trouble;
  folder_.Write("kubelet.log", "two\n");
  EXPECT_EQ(Drain(), "two|");
  EXPECT_EQ(source_->Health().trouble, "");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_TRUE(trouble(" is no file any more: ")) << source_->Health().trouble;
  std::filesystem::remove(path);
  folder_.Write("kubelet.log", "three\n");
  EXPECT_EQ(Drain(), "three|");
  EXPECT_EQ(source_->Health().trouble, "");
}

TEST_F(FollowSourceTest, TruncationIsAGap) {
  Open("one\ntwo\n");
  EXPECT_EQ(Drain(), "one|two|");
  std::filesystem::resize_file(folder_ / "kubelet.log", 0);
  folder_.Append("kubelet.log", "new\n");
  EXPECT_EQ(Drain(), "(gap)|new|");
  EXPECT_EQ(source_->gap().reason, GapReason::kTruncated);
}

TEST_F(FollowSourceTest, SeveralFilesAreStreamsOfTheirOwn) {
  folder_.Write("a", "a1\n");
  folder_.Write("b", "b1\n");
  auto source = FollowSource::Open({folder_ / "a", folder_ / "b"}, StartAt::kAll);
  ASSERT_TRUE(source);
  LogLine first;
  LogLine second;
  ASSERT_EQ(*(*source)->Next(first, milliseconds(0)), ReadStatus::kLine);
  ASSERT_EQ(*(*source)->Next(second, milliseconds(0)), ReadStatus::kLine);
  EXPECT_NE(first.stream, second.stream);
}

TEST_F(FollowSourceTest, MissingFolderAndBinaryAreErrors) {
  EXPECT_FALSE(FollowSource::Open({folder_ / "missing"}, StartAt::kAll));
  EXPECT_FALSE(FollowSource::Open({folder_.path()}, StartAt::kAll));
  folder_.Write("core", std::string(5000, '\0'));
  auto binary = FollowSource::Open({folder_ / "core"}, StartAt::kAll);
  ASSERT_FALSE(binary);
  EXPECT_NE(binary.error().message().find("binary"), std::string::npos);
}

}  // namespace
}  // namespace kle
