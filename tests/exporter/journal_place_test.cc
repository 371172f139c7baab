// SPDX-License-Identifier: Apache-2.0
// What libsystemd does not say: where a reader stands after a restart, and what is missing.
#include "exporter/journal_place.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <systemd/sd-id128.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "journal_writer.h"

namespace kle {
namespace {

uint64_t NowMicros() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

std::string RunningBoot() {
  sd_id128_t boot{};
  std::array<char, SD_ID128_STRING_MAX> text{};
  EXPECT_GE(sd_id128_get_boot(&boot), 0);
  return sd_id128_to_string(boot, text.data());
}

class JournalPlaceTest : public JournalTest {
 protected:
  // All that there is, from a place on; the place afterwards replaces it.
  Lines GoOn(StartAt start = StartAt::kAll) {
    JournalOptions options{folder_.path(), {}, {}, start};
    options.position = position_;
    auto source = JournalSource::Open(options);
    EXPECT_TRUE(source) << source.error().message();
    if (!source) return {};
    Lines lines = Read(**source);
    position_ = (*source)->Position();
    gap_ = (*source)->gap();
    return lines;
  }

  static void TakeLines(JournalSource& source, int count) {
    LogLine line;
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(*source.Next(line, milliseconds(0)), ReadStatus::kLine) << i;
    }
  }

  // All that comes up to a line, which may take a while.
  static Lines ReadUntil(JournalSource& source, std::string_view last) {
    Lines lines;
    EXPECT_TRUE(Eventually([&] {
      const Lines more = Read(source, milliseconds(50));
      lines.insert(lines.end(), more.begin(), more.end());
      return std::ranges::find(lines, last) != lines.end();
    }));
    return lines;
  }

  std::string position_;
  Gap gap_;
};

TEST_F(JournalPlaceTest, GoesOnAtEveryEntry) {
  // journald gives all lines of one read the same times: only the hash tells them apart.
  Write("a.journal", {{"one", kStart}, {"two", kStart}, {"three", kStart}, {"four", kStart + 9}});
  const Lines all{"one", "two", "three", "four"};
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    auto first = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
    ASSERT_TRUE(first);
    LogLine line;
    for (size_t i = 0; i < cut; ++i) {
      ASSERT_EQ(*(*first)->Next(line, milliseconds(0)), ReadStatus::kLine);
    }
    position_ = (*first)->Position();
    EXPECT_EQ(GoOn(), Lines(all.begin() + static_cast<std::ptrdiff_t>(cut), all.end())) << cut;
    EXPECT_EQ(GoOn(), Lines{}) << cut;
  }
  Write("b.journal", {{"five", kStart + 20}});
  EXPECT_EQ(GoOn(), Lines{"five"});
}

TEST_F(JournalPlaceTest, TheSameEntriesInAnotherFileAreNotReadAgain) {
  // As when /run is flushed to /var: other sequence numbers, the same entries.
  Write("a.journal", {{"one", kStart + 10}, {"two", kStart + 11}});
  EXPECT_EQ(GoOn(), (Lines{"one", "two"}));
  std::filesystem::remove(folder_ / "a.journal");
  Write("b.journal", {{"noise", kStart + 5, kBootA, "sshd.service"},
                      {"one", kStart + 10},
                      {"two", kStart + 11},
                      {"three", kStart + 12}});
  EXPECT_EQ(GoOn(), Lines{"three"});
}

TEST_F(JournalPlaceTest, VacuumedWhileDownIsTold) {
  Write("a.journal", {{"one", kStart}, {"two", kStart + 1}});
  EXPECT_EQ(GoOn(), (Lines{"one", "two"}));
  std::filesystem::remove(folder_ / "a.journal");
  Write("b.journal", {{"nine", kStart + 900}});
  EXPECT_EQ(GoOn(), (Lines{"(gap)", "nine"}));
  EXPECT_EQ(gap_.reason, GapReason::kVacuumed);
  EXPECT_EQ(GoOn(), Lines{});
}

TEST_F(JournalPlaceTest, WhatIsNoPlaceStartsOverAndIsTold) {
  Write("a.journal", {{"one", kStart}});
  for (const char* bytes : {"x", "junk that is long enough to be anything", "\xff\xff\xff\xff"}) {
    position_ = bytes;
    EXPECT_EQ(GoOn(), (Lines{"(gap)", "one"})) << bytes;
    EXPECT_EQ(gap_.reason, GapReason::kCursorLost);
  }
  JournalPlace place;
  for (const char* cursor : {"nonsense", "s=abc;i=zz", ";;;"}) {
    place.cursor = cursor;
    position_ = Encoded(place);
    EXPECT_EQ(GoOn(), (Lines{"(gap)", "one"})) << cursor;
  }
}

// What was read at the journal's end is gone: nothing is read twice for that, and what comes is
// read.
TEST_F(JournalPlaceTest, AJournalThatEndsBeforeThePlaceIsNotReadAgain) {
  Write("a.journal", {{"one", kStart}, {"two", kStart + 1}});
  const std::string end = Write("b.journal", {{"three", kStart + 5}});
  EXPECT_EQ(GoOn(), (Lines{"one", "two", "three"}));
  std::filesystem::remove(end);
  EXPECT_EQ(GoOn(), Lines{"(gap)"});
  EXPECT_EQ(gap_.reason, GapReason::kCursorLost);
  Write("c.journal", {{"four", kStart + 6}});
  const std::string boot = RunningBoot();
  Write("d.journal", {{"five", kStart + 7, boot.c_str()}});
  EXPECT_EQ(GoOn(), (Lines{"four", "five"}));
}

// Then it is read whole: by the clock alone its beginning would be missing.
TEST_F(JournalPlaceTest, ARunningBootThatBeganBeforeALostPlaceIsReadWhole) {
  const std::string boot = RunningBoot();
  Write("a.journal", {{"one", kStart}});
  const std::string end = Write("b.journal", {{"two", kStart + 50}});
  EXPECT_EQ(GoOn(), (Lines{"one", "two"}));
  std::filesystem::remove(end);
  Write("c.journal", {{"three", kStart + 40, boot.c_str()}});
  Write("d.journal", {{"four", kStart + 60, boot.c_str()}});
  EXPECT_EQ(GoOn(), (Lines{"(gap)", "three", "four"}));
  EXPECT_EQ(GoOn(), Lines{});
}

TEST_F(JournalPlaceTest, APlaceInTheFutureIsGivenUp) {
  const uint64_t year = 365ULL * 86'400'000'000;
  Write("a.journal", {{"wrong", NowMicros() + year, kBootA}});
  EXPECT_EQ(GoOn(), Lines{"wrong"});
  std::filesystem::remove(folder_ / "a.journal");
  const std::string boot = RunningBoot();
  Write("b.journal", {{"right", NowMicros() - 2'000'000, boot.c_str()},
                      {"and on", NowMicros() - 1'000'000, boot.c_str()}});
  EXPECT_EQ(GoOn(StartAt::kBoot), (Lines{"(gap)", "right", "and on"}));
  EXPECT_EQ(gap_.reason, GapReason::kFutureCursor);
  EXPECT_EQ(GoOn(StartAt::kBoot), Lines{});
}

// The node went down and came up with its clock an hour back, or a year ahead and right again.
TEST_F(JournalPlaceTest, TheRunningBootIsReadWholeWhateverItsClock) {
  const uint64_t hour = 3'600'000'000;
  const std::string boot = RunningBoot();
  for (const uint64_t behind : {hour, 300 * 24 * hour}) {
    position_.clear();
    const uint64_t now = NowMicros() - hour;
    Lines wanted;
    std::vector<Entry> before;
    std::vector<Entry> after;
    for (uint64_t i = 0; i < 100; ++i) {
      before.push_back({"old " + std::to_string(i), now + i, kBootA});
      after.push_back({"new " + std::to_string(i), now - behind + i, boot.c_str()});
      wanted.push_back(after.back().message);
    }
    Write("a.journal", before);
    EXPECT_EQ(GoOn().size(), 100U);
    Write("b.journal", after);
    EXPECT_EQ(GoOn(), wanted);
    EXPECT_EQ(GoOn(), Lines{});
    std::filesystem::remove(folder_ / "a.journal");
    std::filesystem::remove(folder_ / "b.journal");
  }
}

// No clock of its own: the boot begins in the past, and the network's time comes later.
TEST_F(JournalPlaceTest, ARunningBootWhoseClockIsSetForwardIsReadWhole) {
  const uint64_t hour = 3'600'000'000;
  const std::string boot = RunningBoot();
  for (const bool one_file : {true, false}) {
    position_.clear();
    const uint64_t now = NowMicros() - 3 * hour;
    Lines wanted;
    std::vector<Entry> old;
    std::vector<Entry> early;
    std::vector<Entry> late;
    for (uint64_t i = 0; i < 50; ++i) {
      old.push_back({"old " + std::to_string(i), now + i, kBootA});
      early.push_back({"early " + std::to_string(i), now - hour + i, boot.c_str()});
      late.push_back({"late " + std::to_string(i), now + hour + i, boot.c_str()});
      early.back().monotonic = 1000 + i;
      late.back().monotonic = 2000 + i;
    }
    for (const auto& entries : {early, late}) {
      for (const Entry& entry : entries) wanted.push_back(entry.message);
    }
    Write("a.journal", old);
    EXPECT_EQ(GoOn().size(), 50U);
    Write("b.journal", early);
    Write(one_file ? "b.journal" : "c.journal", late);
    EXPECT_EQ(GoOn(), wanted) << one_file;
    EXPECT_EQ(GoOn(), Lines{});
    for (const char* name : {"a.journal", "b.journal", "c.journal"}) {
      std::filesystem::remove(folder_ / name);
    }
  }
}

TEST_F(JournalPlaceTest, BootsAreCountedOnOverARestart) {
  Write("a.journal", {{"one", kStart, kBootA}});
  EXPECT_EQ(GoOn(), Lines{"one"});
  Write("b.journal", {{"two", kStart + 1, kBootB}});
  JournalOptions options{folder_.path(), {}, {}, StartAt::kAll};
  options.position = position_;
  auto source = JournalSource::Open(options);
  ASSERT_TRUE(source);
  LogLine line;
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(line.text, "two");
  EXPECT_EQ(line.boot, 1U);
}

TEST_F(JournalPlaceTest, ACutLineIsKnownOverARestart) {
  Write("a.journal", {{"one", kStart, kBootA, "kubelet.service", "nul"}});
  EXPECT_EQ(GoOn(), Lines{"one"});
  Write("b.journal", {{"forged", kStart + 1}, {"own", kStart + 2}});
  JournalOptions options{folder_.path(), {}, {}, StartAt::kAll};
  options.position = position_;
  auto source = JournalSource::Open(options);
  ASSERT_TRUE(source);
  LogLine line;
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_TRUE(line.continues_previous);
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_FALSE(line.continues_previous);
}

TEST_F(JournalPlaceTest, SuppressedLinesAreTakenFromJournaldOnly) {
  const std::string id = "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e";
  const auto of = [&](const char* unit, const char* transport, const char* lines) {
    Entry entry{std::string("Suppressed ") + lines + " messages from " + unit, kStart + 1};
    entry.unit = "systemd-journald.service";
    entry.fields = {id, std::string("N_DROPPED=") + lines, std::string("_TRANSPORT=") + transport};
    return entry;
  };
  Entry forged = of("kubelet.service", "stdout", "99");
  forged.unit = "web.service";
  Write("a.journal", {{"one", kStart},
                      of("kubelet.service", "driver", "1625"),
                      of("sshd.service", "driver", "7"),
                      forged,
                      {"two", kStart + 2}});
  EXPECT_EQ(GoOn(), (Lines{"one", "(gap)", "two"}));
  EXPECT_EQ(gap_.reason, GapReason::kSuppressed);
  EXPECT_EQ(gap_.lines, 1625U);
}

// The file shrinks while it is mapped: a SIGBUS without the guard.
TEST_F(JournalPlaceTest, ATruncatedFileIsSurvivedAndTold) {
  for (const uint64_t left : {0ULL, 4096ULL, 300'000ULL}) {
    std::vector<Entry> entries;
    for (uint64_t i = 0; i < 5000; ++i) {
      entries.push_back({"line " + std::to_string(i) + std::string(100, 'x'), kStart + i});
    }
    const std::string file = Write("a.journal", entries);
    auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
    ASSERT_TRUE(source);
    TakeLines(**source, 100);
    std::filesystem::resize_file(file, left);
    const Lines rest = Read(**source);
    EXPECT_NE(std::find(rest.begin(), rest.end(), "(gap)"), rest.end()) << left;
    std::filesystem::remove(file);
    Write("b.journal", {{"next", kStart + 10'000}});
    EXPECT_EQ(ReadUntil(**source, "next").back(), "next") << left;
    std::filesystem::remove(folder_ / "b.journal");
  }
}

TEST_F(JournalPlaceTest, AFileThatIsUnlinkedUnderTheReader) {
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < 2000; ++i) entries.push_back({"line", kStart + i});
  const std::string file = Write("a.journal", entries);
  auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  TakeLines(**source, 100);
  std::filesystem::remove(file);
  Write("b.journal", {{"next", kStart + 10'000}});
  const Lines lines = ReadUntil(**source, "next");
  EXPECT_EQ(lines.back(), "next");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "(gap)"), 1);
}

// journald frees the blocks of a file that it vacuums, and others cut it: what was still to be read
// there is gone, for one reason.
TEST_F(JournalPlaceTest, WhatIsVacuumedUnderTheReaderIsOneGap) {
  for (const bool cut : {false, true}) {
    std::vector<Entry> entries;
    for (uint64_t i = 0; i < 2000; ++i) entries.push_back({"line", kStart + i});
    const std::string file = Write("a.journal", entries);
    auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
    ASSERT_TRUE(source);
    TakeLines(**source, 100);
    Write("b.journal", {{"next", kStart + 10'000}});
    const auto size = std::filesystem::file_size(file);
    std::filesystem::resize_file(file, 0);
    if (!cut) std::filesystem::resize_file(file, size);
    std::filesystem::remove(file);

    Lines lines;
    Lines gaps;
    LogLine line;
    EXPECT_TRUE(Eventually([&] {
      auto status = (*source)->Next(line, milliseconds(50));
      if (*status == ReadStatus::kGap) gaps.emplace_back(Name((*source)->gap().reason));
      if (*status == ReadStatus::kLine) lines.emplace_back(line.text);
      return !lines.empty();
    }));
    EXPECT_EQ(lines, Lines{"next"}) << cut;
    EXPECT_EQ(gaps, Lines{"vacuumed"}) << cut;
    std::filesystem::remove(folder_ / "b.journal");
  }
}

// libsystemd steps over a field that is damaged: the line is missing.
TEST_F(JournalPlaceTest, ALineWithoutItsMessageIsTold) {
  Write("a.journal", {{"one", kStart}, {"two", kStart + 1}, {"three", kStart + 2}});
  std::fstream file(folder_ / "a.journal", std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  constexpr size_t kObjectHeader = 64;  // of a DATA object
  file.seekp(static_cast<std::streamoff>(bytes.find("MESSAGE=two") - kObjectHeader));
  file << std::string(kObjectHeader, '\0') << std::flush;
  ASSERT_TRUE(file);
  EXPECT_EQ(GoOn(), (Lines{"one", "(gap)", "three"}));
  EXPECT_EQ(gap_.reason, GapReason::kUnreadableEntry);
  EXPECT_EQ(ReadFiles({folder_ / "a.journal"}), (Lines{"one", "(gap)", "three"}));
}

TEST_F(JournalPlaceTest, WithoutDescriptorsForWatchesItPolls) {
#ifdef KLE_SANITIZED
  GTEST_SKIP() << "a sanitizer opens files of its own";
#endif
  Write("a.journal", {{"one", kStart}});
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  // The journal's own file fits, the watch does not.
  const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(next);
  Lines lines;
  bool polling = false;
  for (int spare = 1; spare < 16 && lines.empty(); ++spare) {
    rlimit tight{static_cast<rlim_t>(next + spare), limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    auto opened = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
    polling = opened && (*opened)->Health().polling;
    if (polling) lines = Read(**opened);
  }
  setrlimit(RLIMIT_NOFILE, &limit);
  if (!polling) GTEST_SKIP() << "no limit lets a journal be opened without a watch";
  EXPECT_EQ(lines, Lines{"one"});
}

}  // namespace
}  // namespace kle
