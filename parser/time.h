// SPDX-License-Identifier: Apache-2.0
// The two time types of the project. Parser and tracker have no clock: time comes in as a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kle {

// A moment in UTC, to the microsecond (what klog prints).
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

constexpr double ToSeconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

constexpr Duration FromSeconds(double seconds) {
  return Duration(static_cast<Duration::rep>(seconds * 1e6));
}

// RFC 3339 in UTC with six fraction digits: "2026-11-23T23:01:26.161509Z".
std::string FormatTimestamp(Timestamp at);
void AppendTimestamp(std::string& out, Timestamp at);

// Reads RFC 3339 ("Z" or a numeric offset, any number of fraction digits; cut to microseconds).
// Nothing when `text` is not one.
std::optional<Timestamp> ParseTimestamp(std::string_view text);

// Reads the time stamp that `text` begins with and moves `text` past it. Also takes the offset
// without a colon that journalctl prints ("+0000"). Leaves `text` alone when there is none.
std::optional<Timestamp> ConsumeTimestamp(std::string_view& text);

}  // namespace kle
