// SPDX-License-Identifier: Apache-2.0
// Time zones, read from their TZif files (RFC 8536): localtime() knows one zone per process only,
// and C++20's own database is not in GCC 12.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kle {

using LocalSeconds = std::chrono::local_seconds;
using UtcSeconds = std::chrono::sys_seconds;

// Day of a POSIX rule: Mm.w.d, Jn or n, and the local time of the change.
struct RuleDay {
  enum class Kind : uint8_t { kMonth, kJulian, kDay } kind = Kind::kMonth;
  int month = 0, week = 0, day = 0;
  std::chrono::seconds time = std::chrono::hours(2);

  LocalSeconds In(std::chrono::year year) const;
};

// The rule for the years after a zone file's table, e.g. CET-1CEST,M3.5.0,M10.5.0/3.
struct Rule {
  std::chrono::seconds standard{0};
  std::chrono::seconds summer{0};
  bool has_summer = false;
  RuleDay begin, end;

  std::chrono::seconds OffsetAt(UtcSeconds at) const;
};

// Offsets from UTC over time.
class Zone {
 public:
  static Zone Fixed(std::chrono::seconds offset);
  // As a POSIX rule spells it. Nothing when it is none.
  static std::optional<Zone> FromRule(std::string_view text);
  // Of a TZif file. Nothing when there is none, or it cannot be read.
  static std::optional<Zone> FromFile(const std::string& path);
  // IANA name, "UTC", "local" (the machine's, or TZ's), or an offset ("+02:00"); "" is UTC.
  static std::optional<Zone> Find(const std::string& name);

  std::chrono::seconds OffsetAt(UtcSeconds at) const;

 private:
  struct Change {
    UtcSeconds at;
    std::chrono::seconds offset;
  };

  std::vector<Change> changes_;
  std::chrono::seconds first_{0};  // before the first change
  Rule rule_;                      // after the last one
  bool rule_known_ = true;
};

}  // namespace kle
