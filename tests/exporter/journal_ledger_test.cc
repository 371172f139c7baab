// SPDX-License-Identifier: Apache-2.0
// What a reader met of a journal, held against what its files have.
#include "exporter/journal_ledger.h"

#include <array>
#include <filesystem>
#include <fstream>

#include "journal_writer.h"

namespace kle {
namespace {

class JournalLedgerTest : public JournalTest {
 protected:
  void SetUp() override {
    JournalTest::SetUp();
    ledger_.Read({"_SYSTEMD_UNIT=kubelet.service"});
  }

  // A file of so many entries, a microsecond apart.
  std::string File(const std::string& name, uint64_t from, uint64_t count) {
    std::vector<Entry> entries;
    for (uint64_t i = 0; i < count; ++i) {
      entries.push_back({"line " + std::to_string(from + i), kStart + from + i});
    }
    return Write(name, entries);
  }

  // What is told when `met` entries were met before the look and `then` in all.
  std::string Told(const std::vector<std::string>& files, uint64_t met, uint64_t then,
                   uint64_t read_to = 0) {
    ledger_.Look(files, met, read_to);
    const auto gap = ledger_.Settle(then);
    return gap ? std::string(Name(gap->reason)) + " " + std::to_string(gap->lines) : "";
  }

  JournalLedger ledger_;
};

TEST_F(JournalLedgerTest, WhatWasNotMetIsToldOnce) {
  const std::string a = File("a.journal", 0, 3);
  const std::string b = File("b.journal", 10, 4);
  ledger_.Begin();
  EXPECT_EQ(Told({a}, 0, 3), "");
  EXPECT_EQ(Told({a, b}, 3, 5), "corrupted 2");
  EXPECT_EQ(Told({a, b}, 5, 5), "");
  EXPECT_EQ(Told({a, b, File("c.journal", 20, 1)}, 5, 5), "corrupted 1");
  EXPECT_FALSE(ledger_.Settle(0)) << "nothing was looked at";
}

TEST_F(JournalLedgerTest, AFileThatWentBeforeItWasRead) {
  const std::string a = File("a.journal", 0, 3);
  const std::string b = File("b.journal", 10, 4);
  ledger_.Begin();
  ledger_.Look({a, b}, 0, 0);
  EXPECT_EQ(Told({b}, 2, 6), "vacuumed 1");
  EXPECT_EQ(Told({b}, 6, 6), "");
}

// A rotated file has another name, and is the same.
TEST_F(JournalLedgerTest, AFileIsKnownByItsId) {
  const std::string a = File("a.journal", 0, 3);
  ledger_.Begin();
  EXPECT_EQ(Told({a}, 0, 3), "");
  std::filesystem::rename(a, folder_ / "a@1.journal");
  EXPECT_EQ(Told({folder_ / "a@1.journal"}, 3, 3), "");
}

TEST_F(JournalLedgerTest, AReaderThatGoesOnHasABeginningElsewhere) {
  const std::string a = File("a.journal", 0, 3);
  EXPECT_EQ(Told({a}, 1, 1), "") << "two were read in an earlier process";
  EXPECT_EQ(Told({a, File("b.journal", 10, 4)}, 1, 5), "");
  EXPECT_EQ(Told({a, folder_ / "b.journal", File("c.journal", 20, 4)}, 5, 8), "corrupted 1");
}

// Lines come between a look and its end, and are read before the next.
TEST_F(JournalLedgerTest, WhatComesMeanwhileIsNoLoss) {
  const std::string a = File("a.journal", 0, 3);
  ledger_.Look({a}, 3, 0);
  File("a.journal", 3, 6);
  EXPECT_FALSE(ledger_.Settle(9));
  EXPECT_EQ(Told({a}, 9, 9), "");
  ledger_.Look({a}, 9, 0);
  File("a.journal", 9, 2);
  EXPECT_FALSE(ledger_.Settle(11));
  EXPECT_EQ(Told({a, File("b.journal", 20, 4)}, 11, 14), "corrupted 1");
}

TEST_F(JournalLedgerTest, WhatIsKnownToBeMissingIsNotToldAgain) {
  const std::string a = File("a.journal", 0, 3);
  ledger_.Begin();
  ledger_.Look({a}, 0, 0);
  ledger_.Forget();
  EXPECT_FALSE(ledger_.Settle(1));
  EXPECT_EQ(Told({a}, 1, 1), "");
  EXPECT_EQ(Told({a, File("b.journal", 10, 4)}, 1, 3), "corrupted 2");
}

TEST_F(JournalLedgerTest, TheSameEntriesInTwoFilesAreGivenOnce) {
  const std::string a = File("a.journal", 0, 6);
  const std::string b = File("b.journal", 6, 4);
  const std::string copy = File("c.journal", 0, 6);
  ledger_.Begin();
  EXPECT_EQ(Told({a, b, copy}, 0, 10), "");
  EXPECT_EQ(ReadFiles({a, b, copy}).size(), 10U);
  // journald gives several lines one time: a file may begin with that of the last one's end.
  EXPECT_EQ(Told({a, b, copy, File("d.journal", 9, 2)}, 10, 11), "corrupted 1");
}

TEST_F(JournalLedgerTest, WhatIsOlderThanTheReaderIsNotGiven) {
  const std::string a = File("a.journal", 100, 3);
  ledger_.Begin();
  EXPECT_EQ(Told({a}, 0, 3), "");
  EXPECT_EQ(Told({a, File("b.journal", 10, 4)}, 3, 3, kStart + 102), "");
}

TEST_F(JournalLedgerTest, AMatchTwiceCountsOnce) {
  const std::string match = "_SYSTEMD_UNIT=kubelet.service";
  ledger_.Read({match, match});
  ledger_.Begin();
  EXPECT_EQ(Told({File("a.journal", 0, 3)}, 0, 3), "");
}

TEST_F(JournalLedgerTest, ManyFilesComeAndGo) {
  const std::string path = File("a.journal", 0, 2);
  // Another file in its place: of another id, and of a later time.
  const auto replace = [&](uint64_t number) {
    constexpr std::streamoff kId = 24;
    constexpr std::streamoff kTimes = 184;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::array<uint64_t, 2> times{kStart + number, kStart + number};
    file.seekp(kId).write(reinterpret_cast<const char*>(&number), sizeof number);
    file.seekp(kTimes).write(reinterpret_cast<const char*>(times.data()), sizeof times);
  };
  ledger_.Begin();
  uint64_t met = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    replace(i);
    EXPECT_EQ(Told({path}, met, met + 2), "") << i;
    met += 2;
  }
  replace(1000);
  EXPECT_EQ(Told({path}, met, met + 1), "vacuumed 1");
}

// How much is missing of it nobody knows; that something is, is told once.
TEST_F(JournalLedgerTest, AFileWhoseIndexIsDamaged) {
  const std::string a = File("a.journal", 0, 3);
  const std::string b = File("b.journal", 10, 3);
  constexpr std::streamoff kFieldTable = 280;
  std::fstream(b, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(kFieldTable)
      .write(std::string(5328, '\0').data(), 5328);
  ledger_.Begin();
  EXPECT_EQ(Told({a}, 0, 3), "");
  ledger_.Look({a, b}, 3, 0);
  EXPECT_EQ(Told({a, b}, 3, 3), "corrupted 0");
  EXPECT_EQ(Told({a, b}, 3, 3), "");
  JournalLedger going_on;
  going_on.Read({"_SYSTEMD_UNIT=kubelet.service"});
  going_on.Look({a, b}, 0, 0);
  EXPECT_FALSE(going_on.Settle(0)) << "it was there before";
}

class FollowedJournal : public JournalTest {
 protected:
  // The next file's lines and gaps, as far as they come.
  void ReadOn(JournalSource& source) {
    LogLine line;
    for (int idle = 0; idle < 3;) {
      auto status = source.Next(line, milliseconds(100));
      ASSERT_TRUE(status);
      if (*status == ReadStatus::kIdle) ++idle;
      if (*status == ReadStatus::kLine) ++lines_;
      if (*status != ReadStatus::kGap) continue;
      gaps_.emplace_back(Name(source.gap().reason));
      missing_ += source.gap().lines;
    }
  }

  void WriteFile(const std::string& name, uint64_t from, uint64_t count) {
    std::vector<Entry> entries;
    for (uint64_t i = 0; i < count; ++i) {
      entries.push_back({std::string(100, 'x') + std::to_string(from + i), kStart + from + i});
    }
    Write(name, entries);
  }

  uint64_t lines_ = 0;
  uint64_t missing_ = 0;
  Lines gaps_;
};

// While an older file stays: libsystemd's times tell nothing.
TEST_F(FollowedJournal, WhatGoesBeforeItIsReadIsTold) {
  for (const bool deleted : {true, false}) {
    WriteFile("a.journal", 0, 10);
    auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
    ASSERT_TRUE(source);
    ReadOn(**source);
    EXPECT_EQ(lines_, 10U);
    WriteFile("b.journal", 100, 3000);
    LogLine line;
    while (lines_ < 50) {
      auto status = (*source)->Next(line, milliseconds(100));
      lines_ += *status == ReadStatus::kLine ? 1 : 0;
    }
    const std::string file = folder_ / "b.journal";
    if (deleted) {
      std::filesystem::remove(file);
    } else {
      const auto size = std::filesystem::file_size(file);
      std::filesystem::resize_file(file, 4096);
      std::filesystem::resize_file(file, size);
    }
    WriteFile("c.journal", 10'000, 20);
    ReadOn(**source);
    EXPECT_EQ(gaps_, Lines{deleted ? "vacuumed" : "corrupted"});
    EXPECT_GT(missing_, 1000U);
    EXPECT_EQ(lines_ + missing_, 3030U) << deleted;
    for (const char* name : {"a.journal", "b.journal", "c.journal"}) {
      std::filesystem::remove(folder_ / name);
    }
    lines_ = missing_ = 0;
    gaps_.clear();
  }
}

TEST_F(FollowedJournal, RotationIsNoLoss) {
  WriteFile("system.journal", 0, 500);
  auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  for (uint64_t i = 1; i <= 5; ++i) {
    ReadOn(**source);
    std::filesystem::rename(folder_ / "system.journal",
                            folder_ / ("system@" + std::to_string(i) + ".journal"));
    WriteFile("system.journal", i * 1000, 500);
  }
  ReadOn(**source);
  EXPECT_EQ(lines_, 3000U);
  EXPECT_EQ(gaps_, Lines{});
}

}  // namespace
}  // namespace kle
