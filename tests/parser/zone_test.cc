// SPDX-License-Identifier: Apache-2.0
#include "parser/zone.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kle {
namespace {

// "1123 23:01:26.161509"
HeaderStamp Stamp(const std::string& text) {
  const auto number = [&](size_t at, size_t size) { return std::stoi(text.substr(at, size)); };
  HeaderStamp stamp;
  stamp.month = static_cast<uint8_t>(number(0, 2));
  stamp.day = static_cast<uint8_t>(number(2, 2));
  stamp.hour = static_cast<uint8_t>(number(5, 2));
  stamp.minute = static_cast<uint8_t>(number(8, 2));
  stamp.second = static_cast<uint8_t>(number(11, 2));
  if (text.size() > 14) stamp.microsecond = static_cast<uint32_t>(number(14, 6));
  return stamp;
}

struct Step {
  std::string stamp;
  std::string received;  // "" when the source tells none
  std::string want;      // to the second; "" for no time
};

struct ZoneCase {
  std::string name;
  std::string timezone;
  int year;
  std::string reference;
  std::vector<Step> steps;
};

class HeaderClockTest : public testing::TestWithParam<ZoneCase> {};

TEST_P(HeaderClockTest, Resolves) {
  const ZoneCase& row = GetParam();
  ZoneOptions options;
  options.timezone = row.timezone;
  options.year = row.year;
  if (!row.reference.empty()) options.reference = ParseTimestamp(row.reference);
  HeaderClock clock(options);
  for (const Step& step : row.steps) {
    std::optional<Timestamp> received;
    if (!step.received.empty()) received = ParseTimestamp(step.received);
    const auto at = clock.Resolve(Stamp(step.stamp), received);
    EXPECT_EQ(at ? FormatTimestamp(*at).substr(0, 19) : "", step.want) << step.stamp;
  }
}

INSTANTIATE_TEST_SUITE_P(
    WithoutReceiveTime, HeaderClockTest,
    testing::Values(
        ZoneCase{"YearOfTheOptions", "", 2026, "", {{"1123 23:01:26", "", "2026-11-23T23:01:26"}}},
        ZoneCase{"YearOfTheReference",
                 "",
                 0,
                 "2026-11-24T00:00:00Z",
                 {{"1123 23:01:26", "", "2026-11-23T23:01:26"}}},
        ZoneCase{"YearBeforeTheReference",
                 "",
                 0,
                 "2026-01-02T00:00:00Z",
                 {{"1230 23:01:26", "", "2025-12-30T23:01:26"},
                  {"0101 00:00:00", "", "2026-01-01T00:00:00"}}},
        ZoneCase{"YearsEnd",
                 "",
                 2026,
                 "",
                 {{"1231 23:59:59", "", "2026-12-31T23:59:59"},
                  {"0101 00:00:01", "", "2027-01-01T00:00:01"},
                  {"1231 23:59:59", "", "2026-12-31T23:59:59"},
                  {"0101 00:00:02", "", "2027-01-01T00:00:02"}}},
        ZoneCase{"LongSilenceIsNoNewYear",
                 "",
                 2026,
                 "",
                 {{"0110 00:00:00", "", "2026-01-10T00:00:00"},
                  {"1123 00:00:00", "", "2026-11-23T00:00:00"}}},
        ZoneCase{"LeapDay",
                 "",
                 2028,
                 "",
                 {{"0228 23:59:59", "", "2028-02-28T23:59:59"},
                  {"0229 00:00:01", "", "2028-02-29T00:00:01"},
                  {"0301 00:00:01", "", "2028-03-01T00:00:01"}}},
        ZoneCase{"LeapDayBeforeTheReference",
                 "",
                 0,
                 "2027-05-01T00:00:00Z",
                 {{"0229 12:00:00", "", "2024-02-29T12:00:00"}}},
        ZoneCase{"NoSuchDay", "", 2026, "", {{"0230 12:00:00", "", ""}, {"1332 12:00:00", "", ""}}},
        ZoneCase{"SmallStepsBack",
                 "",
                 2026,
                 "",
                 {{"1123 23:01:26", "", "2026-11-23T23:01:26"},
                  {"1123 23:01:25", "", "2026-11-23T23:01:25"},
                  {"1123 22:59:59", "", "2026-11-23T22:59:59"},
                  {"1123 23:01:27", "", "2026-11-23T23:01:27"}}},
        ZoneCase{"SteppedClock",
                 "",
                 2026,
                 "",
                 {{"1123 23:01:26", "", "2026-11-23T23:01:26"},
                  {"1123 20:00:00", "", "2026-11-23T20:00:00"},
                  {"1124 08:00:00", "", "2026-11-24T08:00:00"}}},
        ZoneCase{"FixedOffset", "+02:00", 2026, "", {{"0101 01:00:00", "", "2025-12-31T23:00:00"}}},
        ZoneCase{"FixedWest", "-03:30", 2026, "", {{"1231 23:00:00", "", "2027-01-01T02:30:00"}}},
        ZoneCase{
            "Winter", "Europe/Berlin", 2026, "", {{"1123 12:00:00", "", "2026-11-23T11:00:00"}}},
        ZoneCase{
            "Summer", "Europe/Berlin", 2026, "", {{"0723 12:00:00", "", "2026-07-23T10:00:00"}}},
        ZoneCase{"SummerAfterTheTable",
                 "Europe/Berlin",
                 2090,
                 "",
                 {{"0723 12:00:00", "", "2090-07-23T10:00:00"},
                  {"1123 12:00:00", "", "2090-11-23T11:00:00"}}},
        ZoneCase{"SouthernSummer",
                 "Australia/Sydney",
                 2090,
                 "",
                 {{"0110 12:00:00", "", "2090-01-10T01:00:00"},
                  {"0710 12:00:00", "", "2090-07-10T02:00:00"}}},
        ZoneCase{"ClockPutForward",
                 "Europe/Berlin",
                 2026,
                 "",
                 {{"0329 01:59:59", "", "2026-03-29T00:59:59"},
                  {"0329 03:00:00", "", "2026-03-29T01:00:00"}}},
        ZoneCase{"SkippedHour",
                 "Europe/Berlin",
                 2026,
                 "",
                 {{"0329 02:30:00", "", "2026-03-29T01:30:00"}}},
        ZoneCase{"ClockPutBack",
                 "Europe/Berlin",
                 2026,
                 "",
                 {{"1025 01:59:59", "", "2026-10-24T23:59:59"},
                  {"1025 02:30:00", "", "2026-10-25T00:30:00"},
                  {"1025 02:59:59", "", "2026-10-25T00:59:59"},
                  {"1025 02:59:58", "", "2026-10-25T00:59:58"},
                  {"1025 02:00:00", "", "2026-10-25T01:00:00"},
                  {"1025 02:10:00", "", "2026-10-25T01:10:00"},
                  {"1025 02:45:00", "", "2026-10-25T01:45:00"},
                  {"1025 03:00:00", "", "2026-10-25T02:00:00"},
                  {"1025 02:59:59", "", "2026-10-25T01:59:59"}}},
        ZoneCase{"AmericaPutBack",
                 "America/New_York",
                 2026,
                 "",
                 {{"1101 01:59:00", "", "2026-11-01T05:59:00"},
                  {"1101 01:01:00", "", "2026-11-01T06:01:00"}}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    WithReceiveTime, HeaderClockTest,
    testing::Values(
        ZoneCase{
            "Utc", "", 0, "", {{"1123 23:01:26", "2026-11-23T23:01:27Z", "2026-11-23T23:01:26"}}},
        ZoneCase{"KubeletInAnotherZone",
                 "",
                 0,
                 "",
                 {{"1124 04:31:26", "2026-11-23T23:01:27Z", "2026-11-23T23:01:26"},
                  {"1124 04:31:28", "2026-11-23T23:01:28Z", "2026-11-23T23:01:28"}}},
        ZoneCase{"QuarterHours",
                 "",
                 0,
                 "",
                 {{"1124 04:46:26", "2026-11-23T23:01:27Z", "2026-11-23T23:01:26"}}},
        ZoneCase{"WestAcrossTheNewYear",
                 "",
                 0,
                 "",
                 {{"1231 20:00:00", "2027-01-01T01:00:01Z", "2027-01-01T01:00:00"}}},
        ZoneCase{"EastAcrossTheNewYear",
                 "",
                 0,
                 "",
                 {{"0101 01:00:00", "2026-12-31T23:00:01Z", "2026-12-31T23:00:00"}}},
        ZoneCase{"YearsEnd",
                 "",
                 0,
                 "",
                 {{"1231 23:59:59", "2026-12-31T23:59:59Z", "2026-12-31T23:59:59"},
                  {"1231 23:59:59", "2027-01-01T00:00:01Z", "2026-12-31T23:59:59"},
                  {"0101 00:00:01", "2027-01-01T00:00:01Z", "2027-01-01T00:00:01"}}},
        ZoneCase{"LeapDay",
                 "",
                 0,
                 "",
                 {{"0229 12:00:00", "2028-02-29T12:00:01Z", "2028-02-29T12:00:00"}}},
        ZoneCase{"LateLinesKeepTheZone",
                 "",
                 0,
                 "",
                 {{"1123 23:00:00", "2026-11-23T22:00:00Z", "2026-11-23T22:00:00"},
                  {"1123 23:00:01", "2026-11-23T22:10:00Z", "2026-11-23T22:00:01"},
                  {"1123 23:00:02", "2026-11-23T22:25:00Z", "2026-11-23T22:00:02"},
                  {"1123 23:30:00", "2026-11-23T22:30:00Z", "2026-11-23T22:30:00"}}},
        ZoneCase{"ClockPutForward",
                 "",
                 0,
                 "",
                 {{"0329 01:59:59", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59"},
                  {"0329 03:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00"}}},
        ZoneCase{"ClockPutBack",
                 "",
                 0,
                 "",
                 {{"1025 02:59:59", "2026-10-25T00:59:59Z", "2026-10-25T00:59:59"},
                  {"1025 02:00:00", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00"},
                  {"1025 02:30:00", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00"}}},
        ZoneCase{"ZoneChanged",
                 "",
                 0,
                 "",
                 {{"1123 12:00:00", "2026-11-23T11:00:00Z", "2026-11-23T11:00:00"},
                  {"1123 06:00:10", "2026-11-23T11:00:10Z", "2026-11-23T11:00:10"}}},
        ZoneCase{"SteppedClock",
                 "",
                 0,
                 "",
                 {{"1123 12:00:00", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00"},
                  {"1123 10:17:00", "2026-11-23T10:17:00Z", "2026-11-23T10:17:00"},
                  {"1124 10:17:00", "2026-11-24T10:17:00Z", "2026-11-24T10:17:00"}}},
        ZoneCase{"NamedZoneSettlesALateFirstLine",
                 "Europe/Berlin",
                 0,
                 "",
                 {{"1123 12:00:00", "2026-11-23T11:12:00Z", "2026-11-23T11:00:00"}}},
        ZoneCase{"ReceiveTimeMayEnd",
                 "",
                 0,
                 "",
                 {{"1123 12:00:00", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00"},
                  {"1123 13:00:00", "", "2026-11-23T11:00:00"}}},
        ZoneCase{"ReplayedLogFallsBackToTheZone",
                 "Europe/Berlin",
                 2026,
                 "",
                 {{"0723 12:00:00", "2026-11-23T10:00:00Z", "2026-07-23T10:00:00"}}}),
    [](const auto& row) { return row.param.name; });

TEST(HeaderClockTest, MicrosecondsSurvive) {
  HeaderClock clock;
  const auto received = ParseTimestamp("2026-11-23T23:01:26.2Z");
  for (int i = 0; i < 2; ++i) {
    const auto at = clock.Resolve(Stamp("1123 23:01:26.161509"), received);
    ASSERT_TRUE(at);
    EXPECT_EQ(FormatTimestamp(*at), "2026-11-23T23:01:26.161509Z");
  }
}

TEST(HeaderClockTest, KnowsItsZones) {
  for (const char* name : {"", "UTC", "Z", "local", "+02:00", "-0330", "+2", "Europe/Berlin"}) {
    EXPECT_TRUE(HeaderClock::KnownZone(name)) << name;
  }
  for (const char* name :
       {"Europe/Nowhere", "../passwd", "/etc/localtime", "+15:00", "+1:2:3", "Eu"}) {
    EXPECT_FALSE(HeaderClock::KnownZone(name)) << name;
  }
}

}  // namespace
}  // namespace kle
