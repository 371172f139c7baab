// SPDX-License-Identifier: Apache-2.0
#include "parser/time.h"

#include <gtest/gtest.h>

namespace kle {
namespace {

struct TimeCase {
  const char* name;
  const char* text;
  const char* want;  // "" when it is no time stamp
};

class ParseTimestampTest : public testing::TestWithParam<TimeCase> {};

TEST_P(ParseTimestampTest, Reads) {
  const auto at = ParseTimestamp(GetParam().text);
  EXPECT_EQ(at ? FormatTimestamp(*at) : "", GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ParseTimestampTest,
    testing::Values(TimeCase{"Utc", "2026-11-23T23:01:26Z", "2026-11-23T23:01:26.000000Z"},
                    TimeCase{"NanosAreCut", "2026-11-23T23:01:26.473120786Z",
                             "2026-11-23T23:01:26.473120Z"},
                    TimeCase{"OneDigit", "2026-11-23T23:01:26.4Z", "2026-11-23T23:01:26.400000Z"},
                    TimeCase{"East", "2026-11-23T23:01:26+02:00", "2026-11-23T21:01:26.000000Z"},
                    TimeCase{"West", "2026-12-31T20:30:00-05:30", "2027-01-01T02:00:00.000000Z"},
                    TimeCase{"LeapDay", "2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000000Z"},
                    TimeCase{"NoLeapDay", "2026-02-29T00:00:00Z", ""},
                    TimeCase{"Month13", "2026-13-01T00:00:00Z", ""},
                    TimeCase{"Hour24", "2026-11-23T24:00:00Z", ""},
                    TimeCase{"NoZone", "2026-11-23T23:01:26", ""},
                    TimeCase{"NoColonInOffset", "2026-11-23T23:01:26+0200", ""},
                    TimeCase{"DotWithoutDigits", "2026-11-23T23:01:26.Z", ""},
                    TimeCase{"Blank", "2026-11-23 23:01:26Z", ""},
                    TimeCase{"Trailing", "2026-11-23T23:01:26Z ", ""}, TimeCase{"Empty", "", ""}),
    [](const auto& row) { return row.param.name; });

TEST(ConsumeTimestampTest, TakesJournalctlsOffsetAndLeavesTheRest) {
  std::string_view text = "2026-11-23T23:01:26.161509+0100 host kubelet[1]: x";
  const auto at = ConsumeTimestamp(text);
  ASSERT_TRUE(at);
  EXPECT_EQ(FormatTimestamp(*at), "2026-11-23T22:01:26.161509Z");
  EXPECT_EQ(text, " host kubelet[1]: x");
}

TEST(ConsumeTimestampTest, LeavesOtherTextAlone) {
  std::string_view text = "2026-11-23 no stamp at all";
  EXPECT_FALSE(ConsumeTimestamp(text));
  EXPECT_EQ(text, "2026-11-23 no stamp at all");
}

}  // namespace
}  // namespace kle
