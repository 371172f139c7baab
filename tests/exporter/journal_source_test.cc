// SPDX-License-Identifier: Apache-2.0
// Against real journal files, written by systemd-journal-remote from the export format.
#include "exporter/journal_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "journal_writer.h"

namespace kle {
namespace {

class JournalSourceTest : public JournalTest {};

TEST_F(JournalSourceTest, OnlyTheKubeletsUnit) {
  const std::string file =
      Write("a.journal",
            {{"one", kStart}, {"noise", kStart + 1, kBootA, "sshd.service"}, {"two", kStart + 2}});
  EXPECT_EQ(ReadFiles({file}), (Lines{"one", "two"}));
  EXPECT_EQ(ReadFiles({file}, {"sshd"}), Lines{"noise"});
  EXPECT_EQ(ReadFiles({file}, {"sshd.service", "kubelet"}), (Lines{"one", "noise", "two"}));
  EXPECT_EQ(ReadFiles({file}, {"nothing"}), Lines{});
}

TEST_F(JournalSourceTest, KnownUnitsThatExistAreFound) {
  const std::string file = Write("a.journal", {{"one", kStart, kBootA, "k3s-agent.service"}});
  auto source = JournalSource::Open({"", {file}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->units(), Lines{"k3s-agent.service"});
  const std::string other = Write("b.journal", {{"x", kStart, kBootA, "sshd.service"}});
  auto none = JournalSource::Open({"", {other}, {}, StartAt::kAll});
  ASSERT_TRUE(none);
  EXPECT_GT((*none)->units().size(), 10U);
}

TEST_F(JournalSourceTest, ALineCarriesWhatJournaldVouchesFor) {
  const std::string file = Write("a.journal", {{"one", kStart, kBootA, "kubelet.service", {}, 7},
                                               {"two", kStart + 5, kBootB}});
  auto source = JournalSource::Open({"", {file}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  LogLine line;
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(line.received, Timestamp(Duration(kStart)));
  EXPECT_EQ(line.monotonic, Duration(kStart % 1'000'000'000));
  EXPECT_EQ(line.pid, 7U);
  EXPECT_EQ(line.boot, 0U);
  const uint64_t stream = line.stream;
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(line.boot, 1U);
  EXPECT_NE(line.stream, stream);
  EXPECT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kEnd);
}

TEST_F(JournalSourceTest, BytesAreKeptAsTheyAre) {
  const std::string odd("a\0b\xff\nc", 6);
  EXPECT_EQ(ReadFiles({Write("a.journal", {{odd, kStart}})}), Lines{odd});
  const std::string big(200'000, 'x');
  EXPECT_EQ(ReadFiles({Write("b.journal", {{big, kStart}})}), Lines{big});
}

TEST_F(JournalSourceTest, WhatJournaldCutIsMarkedAsContinuation) {
  const std::string file =
      Write("a.journal", {{"one", kStart, kBootA, "kubelet.service", "nul"},
                          {"other", kStart + 1, kBootA, "kubelet.service", {}, 9},
                          {"forged", kStart + 2, kBootA, "kubelet.service", "line-max"},
                          {"rest", kStart + 3},
                          {"own", kStart + 4}});
  auto source = JournalSource::Open({"", {file}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  std::vector<bool> continues;
  LogLine line;
  while (*(*source)->Next(line, milliseconds(0)) == ReadStatus::kLine) {
    continues.push_back(line.continues_previous);
  }
  EXPECT_EQ(continues, (std::vector<bool>{false, false, true, true, false}));
}

TEST_F(JournalSourceTest, WhereItStarts) {
  Write("a.journal", {{"old", kStart, kBootA}, {"older", kStart + 1, kBootA}});
  Write("b.journal", {{"new", kStart + 10, kBootB}, {"newer", kStart + 11, kBootB}});
  EXPECT_EQ(ReadFolder(StartAt::kAll), (Lines{"old", "older", "new", "newer"}));
  EXPECT_EQ(ReadFolder(StartAt::kBoot), (Lines{"new", "newer"}));
  EXPECT_EQ(ReadFolder(StartAt::kNow), Lines{});
}

TEST_F(JournalSourceTest, AFolderIsFollowed) {
  Write("a.journal", {{"one", kStart}});
  auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  EXPECT_EQ(Read(**source), Lines{"one"});
  EXPECT_NE((*source)->Position(), "");
  Write("b.journal", {{"two", kStart + 1}});
  Lines lines;
  EXPECT_TRUE(Eventually([&] {
    LogLine line;
    auto status = (*source)->Next(line, milliseconds(50));
    if (status && *status == ReadStatus::kLine) lines.emplace_back(line.text);
    return !lines.empty();
  }));
  EXPECT_EQ(lines, Lines{"two"});
  EXPECT_EQ((*source)->Health().trouble, "");
}

TEST_F(JournalSourceTest, AFolderThatWentAwayAndCameBackIsReadOn) {
  const std::string folder = folder_ / "journal";
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  // journald gives all lines of one read the same times: only the hash tells them apart.
  Write("journal/a.journal", {{"one", kStart}, {"two", kStart}, {"three", kStart}});
  JournalOptions options{folder, {}, {}, StartAt::kAll};
  options.probe_every = milliseconds(0);
  auto source = JournalSource::Open(options);
  ASSERT_TRUE(source);
  LogLine line;
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  ASSERT_EQ(*(*source)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(line.text, "two");

  std::filesystem::rename(folder, folder_ / "away");
  EXPECT_NE((*source)->Health().trouble.find("is gone"), std::string::npos);
  std::filesystem::rename(folder_ / "away", folder);
  EXPECT_EQ((*source)->Health().trouble, "");
  EXPECT_EQ(Read(**source), Lines{"three"});

  std::filesystem::rename(folder, folder_ / "away");
  EXPECT_NE((*source)->Health().trouble, "");
  std::filesystem::rename(folder_ / "away", folder);
  Write("journal/b.journal", {{"four", kStart + 1}});
  EXPECT_EQ((*source)->Health().trouble, "");
  EXPECT_EQ(Read(**source), Lines{"four"});

  // Vacuumed meanwhile: nothing is read twice, and the loss is told.
  std::filesystem::rename(folder, folder_ / "away");
  EXPECT_NE((*source)->Health().trouble, "");
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  Write("journal/c.journal", {{"six", kStart + 3}});
  EXPECT_EQ((*source)->Health().trouble, "");
  EXPECT_EQ(Read(**source), (Lines{"(gap)", "six"}));
  EXPECT_EQ((*source)->gap().reason, GapReason::kVacuumed);
}

TEST_F(JournalSourceTest, AnEmptyFolderIsIdle) {
  auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kBoot});
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ(Read(**source), Lines{});
}

TEST_F(JournalSourceTest, UnreadableFilesAreCountedByReason) {
  Write("good.journal", {{"one", kStart}});
  folder_.Write("bad.journal", std::string(4096, 'x'));
  folder_.Write("newer.journal", std::string("LPKSHHRH\0\0\0\0\xff\xff\xff\xff", 16));
  auto files = ListJournalFiles(folder_.path());
  ASSERT_TRUE(files);
  EXPECT_EQ(files->readable.size(), 1U);
  EXPECT_EQ(files->unreadable,
            (std::map<std::string, int64_t>{{"bad_magic", 1}, {"newer_format", 1}}));
  auto source = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  EXPECT_EQ(Read(**source), Lines{"one"});
  EXPECT_EQ((*source)->Health().unreadable.at("bad_magic"), 1);
}

TEST_F(JournalSourceTest, TheGroupThatMayReadIsNamedByNumber) {
  if (geteuid() != 0) GTEST_SKIP() << "gives files to another group: needs root";
  const std::string path = Write("a.journal", {{"one", kStart}});
  ASSERT_EQ(chown(folder_.path().c_str(), static_cast<uid_t>(-1), 64321), 0);
  ASSERT_EQ(chown(path.c_str(), static_cast<uid_t>(-1), 64321), 0);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0750));
  EXPECT_EQ(JournalAccessAdvice(path), "run with the supplementary group 64321, or as root");
  EXPECT_EQ(JournalAccessAdvice(folder_ / "gone/too"),
            "run with the supplementary group 64321, or as root")
      << "what cannot be looked at is judged by its folder";
  ASSERT_EQ(chown(path.c_str(), static_cast<uid_t>(-1), 65534), 0);
  EXPECT_NE(JournalAccessAdvice(path).find("systemd-journal"), std::string::npos)
      << "in a user namespace the number is hidden";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_TRUE(JournalAccessAdvice(path).starts_with("no group but root's may read " + path));
}

TEST_F(JournalSourceTest, AWrongUnitIsToldWithTheRightOne) {
  Write("a.journal", {{"one", kStart, kBootA, "k3s.service"}});
  const auto advice = [&](const std::vector<std::string>& units) {
    auto source = JournalSource::Open({folder_.path(), {}, units, StartAt::kAll});
    return source ? (*source)->Health().advice : source.error().message();
  };
  EXPECT_EQ(advice({"kublet"}),
            "--journal.unit names another unit than the journal's kubelet, which is k3s.service");
  EXPECT_EQ(advice({"k3s"}), "");
  EXPECT_EQ(advice({}), "");
}

TEST_F(JournalSourceTest, AMissingFolderIsAnError) {
  auto source = JournalSource::Open({folder_ / "missing", {}, {}, StartAt::kBoot});
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().message().find("No such file"), std::string::npos);
  EXPECT_EQ(source.error().message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace kle
