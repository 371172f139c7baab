// SPDX-License-Identifier: Apache-2.0
// The container runtime's lines as a further stream: from the journal, and from a log of its own.
#include <gtest/gtest.h>

#include "exporter/file_source.h"
#include "exporter/follow_source.h"
#include "exporter/live_merge.h"
#include "exporter/merged_source.h"
#include "journal_writer.h"

namespace kle {
namespace {

constexpr const char* kContainerd = "containerd.service";

// A runtime's line of the same day as KubeletLine's.
std::string RuntimeLine(int second, std::string_view message) {
  char time[64];
  std::snprintf(time, sizeof time, "time=\"2026-11-23T10:%02d:%02d.000000000Z\"", second / 60,
                second % 60);
  return std::string(time) + " level=info msg=\"" + std::string(message) + "\"";
}

class RuntimeInJournal : public JournalTest {
 protected:
  // The kubelet's lines and the runtime's, as serve reads them.
  std::unique_ptr<LiveMerge> Open(const std::string& position = {},
                                  const Lines& names = {"journal", "runtime journal"}) {
    auto sources = LiveMerge::SourcesAt(position, names);
    for (LiveMerge::Source& source : sources) {
      JournalOptions options{folder_.path(), {}, {}, StartAt::kAll, source.position};
      source.needed = &source == sources.data();
      if (!source.needed) options.part = JournalPart::kRuntime;
      auto opened = JournalSource::Open(options);
      EXPECT_TRUE(opened);
      source.lines = std::move(*opened);
    }
    return std::make_unique<LiveMerge>(std::move(sources), ZoneOptions{});
  }

  static Lines ReadAll(LiveMerge& source, size_t most = SIZE_MAX) {
    Lines texts;
    LogLine line;
    while (texts.size() < most) {
      const ReadStatus status = *source.Next(line, milliseconds(0));
      if (status == ReadStatus::kIdle) break;
      if (status == ReadStatus::kGap) {
        texts.emplace_back("gap");
      } else {
        constexpr const char* kWriters[] = {"?", "kubelet", "runtime", "kernel"};
        texts.push_back(kWriters[static_cast<size_t>(line.writer)] + std::string(" ") +
                        std::string(line.text));
      }
    }
    return texts;
  }

  static Entry Of(std::string_view text, int at, const std::string& unit = kContainerd,
                  const std::string& transport = "stdout") {
    return {std::string(text),          kStart + static_cast<unsigned>(at), kBootA, unit, {}, 9,
            {"_TRANSPORT=" + transport}};
  }
};

TEST_F(RuntimeInJournal, ComesWithTheKubeletsLinesInTheirOrder) {
  const std::string file = Write("a.journal", {{"one", kStart},
                                               Of("two", 1),
                                               {"noise", kStart + 2, kBootA, "sshd.service"},
                                               {"three", kStart + 3}});
  EXPECT_EQ(ReadAll(*Open()), (Lines{"kubelet one", "runtime two", "kubelet three"}));
  EXPECT_EQ(ReadFiles({file}), (Lines{"one", "three"})) << "the kubelet's reader pays for none";
}

TEST_F(RuntimeInJournal, WhatContainersPrintIsNotItsOwn) {
  // Docker's log driver sends a container's output to the journal from its own unit.
  Write("a.journal",
        {Of("forged", 0, "docker.service", "journal"), Of("own", 1, "docker.service")});
  EXPECT_EQ(ReadAll(*Open()), Lines{"runtime own"});
}

TEST_F(RuntimeInJournal, TheKernelsLinesAreVouchedFor) {
  const std::string nfs = "nfs: server x not responding, still trying";
  Entry forged = Of(nfs, 2, "web.service", "syslog");
  forged.fields.emplace_back("SYSLOG_IDENTIFIER=kernel");
  Write("a.journal", {{"one", kStart}, Of(nfs, 1, "init.scope", "kernel"), forged});
  EXPECT_EQ(ReadAll(*Open()), (Lines{"kubelet one", "kernel " + nfs}));
}

TEST_F(RuntimeInJournal, ARuntimeThatPrintsLaterIsRead) {
  Write("a.journal", {{"one", kStart}});
  auto source = Open();
  EXPECT_EQ(ReadAll(*source), Lines{"kubelet one"});
  Write("b.journal", {Of("two", 1), {"three", kStart + 2}});
  LogLine line;
  ASSERT_EQ(*source->Next(line, milliseconds(3000)), ReadStatus::kLine);
  Lines texts{std::string(line.text)};
  for (int tries = 0; tries < 50 && texts.size() < 2; ++tries) {
    if (*source->Next(line, milliseconds(100)) == ReadStatus::kLine) texts.emplace_back(line.text);
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (Lines{"three", "two"}));
}

TEST_F(RuntimeInJournal, AnotherProcessGoesOnWhereverItWasLeft) {
  std::vector<Entry> entries;
  Lines expected;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "n" + std::to_string(i);
    entries.push_back(i % 3 == 0 ? Of(name, i) : Entry{name, kStart + static_cast<unsigned>(i)});
    expected.push_back((i % 3 == 0 ? "runtime " : "kubelet ") + name);
  }
  Write("a.journal", entries);
  for (size_t cut = 0; cut <= entries.size(); ++cut) {
    auto first = Open();
    Lines all = ReadAll(*first, cut);
    const Lines rest = ReadAll(*Open(first->Position()));
    all.insert(all.end(), rest.begin(), rest.end());
    EXPECT_EQ(all, expected) << "cut after " << cut;
  }
}

// The state of a version that read the kubelet's unit only: nothing is read twice, no line is
// missing, and that the runtime's reader never was there is no gap.
TEST_F(RuntimeInJournal, TheStateOfTheKubeletsReaderAloneIsStillRead) {
  Write("a.journal", {Of("zero", 0), {"one", kStart + 1}, Of("two", 2), {"three", kStart + 3}});
  auto alone = JournalSource::Open({folder_.path(), {}, {}, StartAt::kAll});
  ASSERT_TRUE(alone);
  LogLine line;
  ASSERT_EQ(*(*alone)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(ReadAll(*Open((*alone)->Position())), (Lines{"runtime two", "kubelet three"}));
}

// --runtime.source=none on the state of both: the kubelet's lines go on, and no gap is told.
TEST_F(RuntimeInJournal, TheStateOfBothIsReadByTheKubeletsReaderAlone) {
  Write("a.journal", {{"one", kStart}, Of("two", 1), {"three", kStart + 2}, Of("four", 3)});
  for (size_t cut = 0; cut <= 4; ++cut) {
    auto both = Open();
    Lines all = ReadAll(*both, cut);
    std::erase_if(all, [](const std::string& line) { return line.starts_with("runtime"); });
    const Lines rest = ReadAll(*Open(both->Position(), {"journal"}));
    all.insert(all.end(), rest.begin(), rest.end());
    EXPECT_EQ(all, (Lines{"kubelet one", "kubelet three"})) << "cut after " << cut;
  }
}

TEST(Merged, TwoLogsInTheOrderOfTime) {
  const TempFolder folder;
  const ZoneOptions zone{"UTC", 2026, std::nullopt};
  folder.Write("kubelet.log", KubeletLine(1, "one") + "\nof one\n" + KubeletLine(5, "five") + "\n");
  folder.Write("runtime.log", RuntimeLine(0, "zero") + "\n" + RuntimeLine(2, "two") + "\n" +
                                  RuntimeLine(9, "nine") + "\n");
  auto inputs = OpenFileInputs({folder / "kubelet.log", folder / "runtime.log"}, zone);
  ASSERT_TRUE(inputs) << inputs.error().message();
  std::vector<std::unique_ptr<LineSource>> sources;
  int runtimes = 0;
  for (InputFile& file : inputs->files) {
    runtimes += file.runtime ? 1 : 0;
    std::vector<InputFile> one;
    one.push_back(std::move(file));
    sources.push_back(std::make_unique<FileSource>(std::move(one)));
  }
  EXPECT_EQ(runtimes, 1) << "told by what is in them";
  MergedSource merged(std::move(sources), zone);
  std::string all;
  LogLine line;
  while (*merged.Next(line, milliseconds(0)) == ReadStatus::kLine) {
    all += line.text.substr(line.text.find_last_of(" \"", line.text.size() - 2) + 1);
    all += ' ';
  }
  EXPECT_EQ(all, "zero\" one one two\" five nine\" ") << "a further line stays with its first";
}

class LiveMergeTest : public testing::Test {
 protected:
  std::unique_ptr<LiveMerge> Open(const std::string& position = {}) {
    const std::vector<std::string> names{folder_ / "kubelet.log", folder_ / "runtime.log"};
    auto sources = LiveMerge::SourcesAt(position, names);
    for (LiveMerge::Source& source : sources) {
      auto log = FollowSource::Open({source.name}, StartAt::kAll, source.position);
      EXPECT_TRUE(log);
      source.lines = std::move(*log);
    }
    return std::make_unique<LiveMerge>(std::move(sources), ZoneOptions{"UTC", 2026, std::nullopt});
  }

  static std::string Last(std::string_view text) {
    while (text.ends_with('"')) text.remove_suffix(1);
    return std::string(text.substr(text.find_last_of(" \"") + 1));
  }

  static std::string Drain(LiveMerge& source) {
    std::string all;
    LogLine line;
    while (*source.Next(line, milliseconds(0)) == ReadStatus::kLine) all += Last(line.text) + " ";
    return all;
  }

  TempFolder folder_;
};

TEST_F(LiveMergeTest, GrowingLogsInTheOrderOfTime) {
  folder_.Write("kubelet.log", KubeletLine(1, "one") + "\n" + KubeletLine(3, "three") + "\n");
  folder_.Write("runtime.log", RuntimeLine(2, "two") + "\n");
  auto source = Open();
  EXPECT_EQ(Drain(*source), "one two three ");
  folder_.Append("runtime.log", RuntimeLine(4, "four") + "\n");
  EXPECT_EQ(Drain(*source), "four ") << "nothing waits for the other log";
}

TEST_F(LiveMergeTest, AnotherProcessGoesOnWhereverItWasLeft) {
  std::string kubelet, runtime, expected;
  for (int i = 0; i < 20; ++i) {
    (i % 3 == 0 ? runtime : kubelet) += (i % 3 == 0 ? RuntimeLine(i, "n" + std::to_string(i))
                                                    : KubeletLine(i, "n" + std::to_string(i))) +
                                        "\n";
    expected += "n" + std::to_string(i) + " ";
  }
  folder_.Write("kubelet.log", kubelet);
  folder_.Write("runtime.log", runtime);
  for (int cut = 0; cut <= 20; ++cut) {
    auto first = Open();
    std::string all;
    LogLine line;
    for (int i = 0; i < cut; ++i) {
      ASSERT_EQ(*first->Next(line, milliseconds(0)), ReadStatus::kLine);
      all += Last(line.text) + " ";
    }
    auto second = Open(first->Position());
    EXPECT_EQ(all + Drain(*second), expected) << "cut after " << cut;
  }
}

TEST_F(LiveMergeTest, TheTroubleOfALogBesideIsNobodys) {
  folder_.Write("kubelet.log", KubeletLine(1, "one") + "\n");
  folder_.Write("runtime.log", RuntimeLine(2, "two") + "\n");
  auto before = Open();
  EXPECT_EQ(Drain(*before), "one two ");
  const std::string position = before->Position();
  std::filesystem::remove(folder_ / "runtime.log");
  folder_.Append("kubelet.log", KubeletLine(3, "three") + "\n");
  for (const bool needed : {true, false}) {
    auto sources =
        LiveMerge::SourcesAt(position, {folder_ / "kubelet.log", folder_ / "runtime.log"});
    for (LiveMerge::Source& source : sources) {
      auto log = FollowSource::Open({source.name}, StartAt::kAll, source.position);
      ASSERT_TRUE(log);
      source.lines = std::move(*log);
    }
    sources[1].needed = needed;
    LiveMerge after(std::move(sources), ZoneOptions{"UTC", 2026, std::nullopt});
    LogLine line;
    bool gap = false;
    std::string all;
    for (int i = 0; i < 4; ++i) {
      const ReadStatus status = *after.Next(line, milliseconds(0));
      gap = gap || status == ReadStatus::kGap;
      if (status == ReadStatus::kLine) all += Last(line.text);
    }
    EXPECT_EQ(all, "three");
    EXPECT_EQ(gap, needed);
    EXPECT_EQ(!after.Health().trouble.empty(), needed) << after.Health().trouble;
  }
}

TEST_F(LiveMergeTest, TheStateOfASingleLogIsStillRead) {
  folder_.Write("kubelet.log", KubeletLine(1, "one") + "\n");
  folder_.Write("runtime.log", RuntimeLine(2, "two") + "\n");
  auto single = FollowSource::Open({folder_ / "kubelet.log"}, StartAt::kAll);
  ASSERT_TRUE(single);
  LogLine line;
  ASSERT_EQ(*(*single)->Next(line, milliseconds(0)), ReadStatus::kLine);
  EXPECT_EQ(Drain(*Open((*single)->Position())), "two ");
}

}  // namespace
}  // namespace kle
