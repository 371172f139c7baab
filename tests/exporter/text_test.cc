// SPDX-License-Identifier: Apache-2.0
#include "exporter/text.h"

#include <gtest/gtest.h>

#include "exporter/log.h"
#include "exporter/suggest.h"

namespace kle {
namespace {

TEST(Text, FitCutsBetweenCharacters) {
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdef", 5), "abcd…");
  EXPECT_EQ(Fit("äöüäöü", 4), "äöü…");
  EXPECT_EQ(Fit("日本語", 5), "日本…");
  EXPECT_EQ(Fit("日本語", 6), "日本語");
  EXPECT_EQ(Fit("abc", 1), "…");
  EXPECT_EQ(Fit("abc", 0), "");
}

TEST(Text, LogTextCannotSteerTheTerminal) {
  EXPECT_EQ(Fit("a\x1b[31mb\x07\r\xc2\x9b", 20), "a?[31mb???");
  EXPECT_EQ(Fit("\xff\xc3", 20), "??");
  EXPECT_EQ(Fit("a\xe2\x80\xae"
                "b",
                20),
            "a?b");  // right-to-left override
}

TEST(Text, InAsciiKeepsTheColumns) {
  EXPECT_EQ(InAscii("a ██ ≤1s web-…\n\x1b[1m"), "a ## <1s web->\n\x1b[1m");
  EXPECT_EQ(InAscii("ä日本\xff"), "??????");
}

TEST(Text, CellsAreExactlyAsWideAsAsked) {
  EXPECT_EQ(Cell("ä", 3), "ä  ");
  EXPECT_EQ(CellRight("ä", 3), "  ä");
  EXPECT_EQ(Columns(Cell("日本語", 4)), 4U);
}

TEST(Text, EmojiAndWhatCombines) {
  EXPECT_EQ(Columns("\u2705"), 2U);      // a check mark, of the emoji
  EXPECT_EQ(Columns("\U0001f680"), 2U);  // a rocket
  EXPECT_EQ(Columns("e\u0301"), 1U);     // e and an acute accent
  EXPECT_EQ(Columns("\u2764\ufe0f"), 1U);
  EXPECT_EQ(Columns("\u0e01\u0e33"), 2U);  // Thai
  EXPECT_EQ(Columns("\u8a9e\uff21"), 4U);  // CJK, a full-width A
  EXPECT_EQ(Columns("\u2588"), 1U);        // the bars are made of it
}

TEST(Text, Bytes) {
  EXPECT_EQ(ShortBytes(999), "999 B");
  EXPECT_EQ(ShortBytes(1500), "1.5 kB");
  EXPECT_EQ(ShortBytes(999'960), "1.0 MB");
  EXPECT_EQ(ShortBytes(1.25e9), "1.2 GB");
}

TEST(Text, Wrap) {
  EXPECT_EQ(Wrap("one two three four", 16, 2), "  one two three\n  four\n");
  EXPECT_EQ(Wrap("", 20, 2), "");
}

TEST(Text, Numbers) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(ShortSeconds(0.004), "4ms");
  EXPECT_EQ(ShortSeconds(0.9999), "1.0s");
  EXPECT_EQ(ShortSeconds(4.44), "4.4s");
  EXPECT_EQ(ShortSeconds(123), "2m03s");
  EXPECT_EQ(ShortSeconds(3840), "1h04m");
  EXPECT_EQ(ShortSeconds(266400), "3d2h");
}

TEST(Suggest, Nearest) {
  const std::vector<std::string> names{"--web.listen-address", "--web.telemetry-path", "--start"};
  EXPECT_EQ(Nearest("--web.listen-addres", names), "--web.listen-address");
  EXPECT_EQ(Nearest("--listen-address", names), "--web.listen-address");
  EXPECT_EQ(Nearest("--zzz", names), "");
}

TEST(Log, LogfmtQuotesWhatNeedsIt) {
  EXPECT_EQ(LogfmtLine("T", LogLevel::kWarn, "it \"broke\"",
                       {{"path", "/a"}, {"why", "no such\nfile=1"}, {"empty", ""}}),
            R"(ts=T level=warn msg="it \"broke\"" path=/a why="no such\nfile=1" empty="")");
}

TEST(Log, Json) {
  EXPECT_EQ(JsonLine("T", LogLevel::kError, "a\nb", {{"key", "\xff"}}),
            "{\"ts\":\"T\",\"level\":\"error\",\"msg\":\"a\\nb\",\"key\":\"\xef\xbf\xbd\"}");
}

TEST(Text, FoldKeepsAllOfIt) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(Fold("", 10), Lines{""});
  EXPECT_EQ(Fold("one two three", 100), Lines{"one two three"});
  EXPECT_EQ(Fold("one two three", 8), (Lines{"one two", "three"}));
  EXPECT_EQ(Fold("abcdefghij", 4), (Lines{"abcd", "efgh", "ij"}));
  EXPECT_EQ(Fold("a\x1b[1mb", std::string::npos), Lines{"a?[1mb"});
  EXPECT_EQ(Fold("日本語", 4), (Lines{"日本", "語"}));
}

}  // namespace
}  // namespace kle
