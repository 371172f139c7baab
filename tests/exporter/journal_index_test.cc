// SPDX-License-Identifier: Apache-2.0
// What a journal's files say they hold, beside what libsystemd gives of them.
#include "exporter/journal_index.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "exporter/options.h"
#include "exporter/report_build.h"
#include "journal_writer.h"

namespace kle {
namespace {

const std::vector<std::string> kKubelet{"_SYSTEMD_UNIT=kubelet.service"};

std::vector<Entry> Numbered(uint64_t count) {
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    entries.push_back({"line " + std::to_string(i) + ".", kStart + i});
  }
  return entries;
}

class JournalIndexTest : public JournalTest {
 protected:
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string Put(const std::string& name, const std::string& bytes) {
    return folder_.Write(name, bytes);
  }
};

TEST_F(JournalIndexTest, CountsTheEntriesOfAValue) {
  Entry other{"other", kStart + 2};
  other.unit = "sshd.service";
  const std::string file =
      Write("a.journal", {{"one", kStart + 1}, other, other, other, {"two", kStart + 3}});
  const auto index = ReadJournalIndex(file, kKubelet);
  EXPECT_EQ(index.entries, 2U);
  EXPECT_EQ(index.first, kStart + 1);
  EXPECT_EQ(index.last, kStart + 3);
  EXPECT_EQ(ReadJournalIndex(file, {"_SYSTEMD_UNIT=sshd.service"}).entries, 3U);
  EXPECT_EQ(ReadJournalIndex(file, {kKubelet[0], "_SYSTEMD_UNIT=sshd.service"}).entries, 5U);
  EXPECT_EQ(ReadJournalIndex(file, {"_SYSTEMD_UNIT=kubelet"}).entries, 0U);
  EXPECT_EQ(ReadJournalIndex(file, {"_TRANSPORT=kernel"}).entries, 0U);
}

// The index of systemd before 252, and of a journald that is told to keep to it.
TEST_F(JournalIndexTest, TheFormerFormToo) {
  setenv("SYSTEMD_JOURNAL_COMPACT", "0", 1);
  const std::string former = Write("a.journal", Numbered(3));
  unsetenv("SYSTEMD_JOURNAL_COMPACT");
  const std::string compact = Write("b.journal", Numbered(3));
  constexpr size_t kIncompatibleFlags = 12;
  constexpr char kCompact = 1 << 4;
  EXPECT_FALSE(Content(former)[kIncompatibleFlags] & kCompact);
  EXPECT_TRUE(Content(compact)[kIncompatibleFlags] & kCompact);
  EXPECT_EQ(ReadJournalIndex(former, kKubelet).entries, 3U);
  EXPECT_EQ(ReadJournalIndex(compact, kKubelet).entries, 3U);
}

// 64 KB of zeroes anywhere: what is missing is told to the line.
TEST_F(JournalIndexTest, WhatADamagedFileDoesNotGiveIsToldAtItsEnd) {
  const std::string whole = Content(Write("whole.journal", Numbered(2000)));
  size_t missing_somewhere = 0;
  for (const int line : {0, 100, 500, 1000, 1500, 1990}) {
    std::string bytes = whole;
    const size_t at = bytes.find("MESSAGE=line " + std::to_string(line) + ".");
    ASSERT_NE(at, bytes.npos);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 65536, '\0');
    auto source = JournalSource::Open({"", {Put("a.journal", bytes)}, {}, StartAt::kAll});
    ASSERT_TRUE(source);
    uint64_t lines = 0;
    uint64_t missing = 0;
    LogLine text;
    for (auto status = ReadStatus::kLine; status != ReadStatus::kEnd;) {
      auto next = (*source)->Next(text, milliseconds(0));
      ASSERT_TRUE(next);
      status = *next;
      lines += status == ReadStatus::kLine ? 1 : 0;
      if (status != ReadStatus::kGap) continue;
      const Gap gap = (*source)->gap();
      missing += gap.reason == GapReason::kUnreadableEntry ? 1 : gap.lines;
    }
    EXPECT_EQ(lines + missing, 2000U) << line;
    missing_somewhere += missing;
  }
  EXPECT_GT(missing_somewhere, 2000U);
}

TEST_F(JournalIndexTest, AnyBytesAreSurvived) {
  const std::string whole = Content(Write("whole.journal", Numbered(20)));
  const size_t used = whole.rfind("MESSAGE=line") + 1000;
  std::mt19937_64 dice(7);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole.substr(0, i % 3 == 0 ? dice() % used : used);
    for (int j = i % 3 == 0 ? 0 : 30; j > 0; --j) bytes[dice() % used] = static_cast<char>(dice());
    const auto index = ReadJournalIndex(Put("a.journal", bytes), kKubelet);
    if (bytes.size() < 1000) {
      EXPECT_EQ(index.entries.value_or(0), 0U);
    }
  }
  EXPECT_EQ(ReadJournalIndex(Put("a.journal", whole.substr(0, used)), kKubelet).entries, 20U);
  EXPECT_FALSE(ReadJournalIndex(folder_ / "missing", kKubelet).entries.value_or(0));
}

TEST_F(JournalIndexTest, ACircleEnds) {
  const std::string path = Write("a.journal", Numbered(20));
  const std::string whole = Content(path);
  constexpr size_t kText = 72;  // of a value
  constexpr size_t kNextValue = 32;
  const size_t value = whole.find(kKubelet[0]) - kText;
  const uint64_t itself = value;
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(value + kNextValue))
      .write(reinterpret_cast<const char*>(&itself), sizeof itself);
  EXPECT_EQ(ReadJournalIndex(path, kKubelet).entries, 20U);
  EXPECT_FALSE(ReadJournalIndex(path, {"_SYSTEMD_UNIT=sshd.service"}).entries);
}

TEST_F(JournalIndexTest, AReportTellsWhatIsMissing) {
  Entry suppressed{"Suppressed 1625 messages from kubelet.service", kStart + 1};
  suppressed.unit = "systemd-journald.service";
  suppressed.fields = {"MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e", "N_DROPPED=1625",
                       "_TRANSPORT=driver"};
  const std::string line = "I1123 23:01:26.000000    4321 a.go:1] \"line\"";
  Entry former = suppressed;
  former.message = "Suppressed 7 messages from /system.slice/kubelet.service";
  former.realtime = kStart + 3;
  former.fields.erase(former.fields.begin() + 1);
  Entry of_others = suppressed;
  of_others.message = "Suppressed 4 messages from sshd.service";
  of_others.realtime = kStart + 4;
  const std::string file = Write(
      "a.journal",
      {{line, kStart}, suppressed, {line, kStart + 2}, former, of_others, {line, kStart + 5}});
  ReportOptions options;
  options.timezone = "UTC";
  testing::internal::CaptureStderr();
  auto report = BuildReport({file}, options, nullptr);
  const std::string told = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->source.lines, 3U);
  ASSERT_EQ(report->source.gaps.size(), 1U);
  EXPECT_EQ(report->source.gaps.at(GapReason::kSuppressed).times, 2U);
  EXPECT_EQ(report->source.gaps.at(GapReason::kSuppressed).lines, 1632U);
  EXPECT_NE(told.find("note: lines are missing, 1,632: the rate limit of journald"), told.npos)
      << told;
}

}  // namespace
}  // namespace kle
