// SPDX-License-Identifier: Apache-2.0
#include "parser/time_zone.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace kle {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : text_(text) {}

  std::optional<Rule> Parse() {
    Rule rule;
    if (!Name() || !Time(rule.standard)) return std::nullopt;
    rule.standard = -rule.standard;  // POSIX counts west of Greenwich
    if (text_.empty()) return rule;
    if (!Name()) return std::nullopt;
    rule.has_summer = true;
    rule.summer = rule.standard + hours(1);
    if (!text_.empty() && text_[0] != ',') {
      if (!Time(rule.summer)) return std::nullopt;
      rule.summer = -rule.summer;
    }
    if (text_.empty()) text_ = ",M3.2.0,M11.1.0";
    if (!Day(rule.begin) || !Day(rule.end) || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool Take(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  // CET or <+03>
  bool Name() {
    size_t size = 0;
    if (Take('<')) {
      size = text_.find('>');
      if (size == std::string_view::npos) return false;
      text_.remove_prefix(size + 1);
      return true;
    }
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    while (size < text_.size() && letter(text_[size])) ++size;
    text_.remove_prefix(size);
    return size >= 3;
  }

  bool Number(int least, int most, int& value) {
    size_t size = 0;
    value = 0;
    while (size < text_.size() && size < 3 && text_[size] >= '0' && text_[size] <= '9') {
      value = value * 10 + (text_[size++] - '0');
    }
    text_.remove_prefix(size);
    return size > 0 && value >= least && value <= most;
  }

  // [+-]h[hh][:mm[:ss]]
  bool Time(seconds& time) {
    const bool negative = Take('-');
    if (!negative) Take('+');
    int hour = 0, minute = 0, second = 0;
    if (!Number(0, 167, hour)) return false;
    if (Take(':') && !Number(0, 59, minute)) return false;
    if (Take(':') && !Number(0, 59, second)) return false;
    time = hours(hour) + minutes(minute) + seconds(second);
    if (negative) time = -time;
    return true;
  }

  bool Day(RuleDay& day) {
    if (!Take(',')) return false;
    if (Take('M')) {
      if (!Number(1, 12, day.month) || !Take('.') || !Number(1, 5, day.week) || !Take('.') ||
          !Number(0, 6, day.day)) {
        return false;
      }
    } else {
      day.kind = Take('J') ? RuleDay::Kind::kJulian : RuleDay::Kind::kDay;
      if (!Number(day.kind == RuleDay::Kind::kJulian ? 1 : 0, 365, day.day)) return false;
    }
    return !Take('/') || Time(day.time);
  }

  std::string_view text_;
};

// Big-endian integers of a TZif file; reads past the end give 0 and clear ok().
class Bytes {
 public:
  explicit Bytes(std::string_view data) : data_(data) {}

  int64_t Take(size_t size) {
    if (size > data_.size()) {
      ok_ = false;
      return 0;
    }
    uint64_t value = size > 0 && (data_[0] & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(data_[i]);
    data_.remove_prefix(size);
    return static_cast<int64_t>(value);
  }

  std::string_view TakeText(uint64_t size) {
    if (size > data_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view text = data_.substr(0, size);
    data_.remove_prefix(size);
    return text;
  }

  std::string_view rest() const { return data_; }
  bool ok() const { return ok_; }

 private:
  std::string_view data_;
  bool ok_ = true;
};

// The counts in the header of each of a file's two parts.
struct TzifHeader {
  uint64_t utc_flags = 0, standard_flags = 0, leaps = 0, times = 0, types = 0, letters = 0;

  static std::optional<TzifHeader> Read(Bytes& bytes, char& version) {
    if (bytes.TakeText(4) != "TZif") return std::nullopt;
    const std::string_view rest = bytes.TakeText(16);
    if (!bytes.ok()) return std::nullopt;
    version = rest[0];
    TzifHeader header;
    for (uint64_t* count : {&header.utc_flags, &header.standard_flags, &header.leaps, &header.times,
                            &header.types, &header.letters}) {
      *count = static_cast<uint64_t>(bytes.Take(4)) & 0xFFFFFFFF;
    }
    if (!bytes.ok()) return std::nullopt;
    return header;
  }

  uint64_t Size(uint64_t time_size) const {
    return times * (time_size + 1) + types * 6 + letters + leaps * (time_size + 4) +
           standard_flags + utc_flags;
  }
};

// "+02:00", "-0330", "+2"
std::optional<seconds> ParseOffset(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  std::array<int, 2> parts{};
  size_t digits = 0;
  for (const char c : text.substr(1)) {
    if (c == ':' && digits == 2) continue;
    if (c < '0' || c > '9' || digits == 4) return std::nullopt;
    int& part = parts[digits++ / 2];
    part = part * 10 + (c - '0');
  }
  if (digits == 0 || digits == 3 || parts[0] > 14 || parts[1] > 59) return std::nullopt;
  return sign * (hours(parts[0]) + minutes(parts[1]));
}

std::optional<Zone> NamedZone(const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
  if (!plain || name.empty() || name.front() == '/') return std::nullopt;
  return Zone::FromFile("/usr/share/zoneinfo/" + name);
}

// TZ as libc reads it, else the machine's zone.
std::optional<Zone> LocalZone() {
  const char* const set = std::getenv("TZ");
  if (set == nullptr) {
    std::optional<Zone> zone = Zone::FromFile("/etc/localtime");
    return zone ? std::move(zone) : Zone::Fixed(seconds(0));
  }
  std::string name = set;
  if (name.starts_with(':')) name.erase(0, 1);
  if (name.empty()) return Zone::Fixed(seconds(0));
  if (name.front() == '/') return Zone::FromFile(name);
  std::optional<Zone> zone = NamedZone(name);
  return zone ? std::move(zone) : Zone::FromRule(name);
}

}  // namespace

LocalSeconds RuleDay::In(std::chrono::year year) const {
  using std::chrono::local_days;
  if (kind == Kind::kMonth) {
    const std::chrono::month in(static_cast<unsigned>(month));
    const std::chrono::weekday weekday(static_cast<unsigned>(day));
    if (week == 5) return local_days(year / in / weekday[std::chrono::last]) + time;
    return local_days(year / in / weekday[static_cast<unsigned>(week)]) + time;
  }
  const local_days first(year / std::chrono::January / 1);
  if (kind == Kind::kDay) return first + days(day) + time;
  // Jn never counts February 29.
  const bool past_leap = year.is_leap() && day >= 60;
  return first + days(day - (past_leap ? 0 : 1)) + time;
}

seconds Rule::OffsetAt(UtcSeconds at) const {
  if (!has_summer) return standard;
  const std::chrono::year_month_day date(std::chrono::floor<days>(at + standard));
  const auto utc = [](LocalSeconds local, seconds offset) {
    return UtcSeconds(local.time_since_epoch() - offset);
  };
  const UtcSeconds from = utc(begin.In(date.year()), standard);
  const UtcSeconds to = utc(end.In(date.year()), summer);
  const bool in_summer = from < to ? at >= from && at < to : at >= from || at < to;
  return in_summer ? summer : standard;
}

Zone Zone::Fixed(seconds offset) {
  Zone zone;
  zone.rule_.standard = offset;
  return zone;
}

std::optional<Zone> Zone::FromRule(std::string_view text) {
  const std::optional<Rule> rule = RuleParser(text).Parse();
  if (!rule) return std::nullopt;
  Zone zone;
  zone.rule_ = *rule;
  return zone;
}

seconds Zone::OffsetAt(UtcSeconds at) const {
  if (changes_.empty() || at >= changes_.back().at) {
    if (rule_known_) return rule_.OffsetAt(at);
    return changes_.empty() ? first_ : changes_.back().offset;
  }
  const auto next = std::ranges::upper_bound(changes_, at, {}, &Change::at);
  return next == changes_.begin() ? first_ : std::prev(next)->offset;
}

std::optional<Zone> Zone::FromFile(const std::string& path) {
  constexpr size_t kLargest = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string data(kLargest, '\0');
  file.read(data.data(), static_cast<std::streamsize>(data.size()));
  data.resize(static_cast<size_t>(file.gcount()));

  Bytes bytes(data);
  char version = 0;
  std::optional<TzifHeader> header = TzifHeader::Read(bytes, version);
  if (!header) return std::nullopt;
  uint64_t width = 4;
  if (version >= '2') {  // the second part repeats all with 64 bits
    bytes.TakeText(header->Size(width));
    header = TzifHeader::Read(bytes, version);
    if (!header) return std::nullopt;
    width = 8;
  }
  if (header->Size(width) > bytes.rest().size() || header->types == 0) return std::nullopt;

  Zone zone;
  zone.changes_.resize(header->times);
  for (Change& change : zone.changes_) change.at = UtcSeconds(seconds(bytes.Take(width)));
  const std::string_view kinds = bytes.TakeText(header->times);
  std::vector<seconds> offsets(header->types);
  for (seconds& offset : offsets) {
    offset = seconds(bytes.Take(4));
    bytes.Take(2);
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    const auto kind = static_cast<unsigned char>(kinds[i]);
    if (kind >= offsets.size()) return std::nullopt;
    zone.changes_[i].offset = offsets[kind];
  }
  zone.first_ = offsets[0];
  bytes.TakeText(header->letters + header->leaps * (width + 4) + header->standard_flags +
                 header->utc_flags);
  if (!bytes.ok() || !std::ranges::is_sorted(zone.changes_, {}, &Change::at)) return std::nullopt;

  zone.rule_known_ = false;
  std::string_view footer = bytes.rest();
  if (width == 8 && footer.size() > 2 && footer.front() == '\n') {
    footer.remove_prefix(1);
    footer = footer.substr(0, footer.find('\n'));
    if (const std::optional<Rule> rule = RuleParser(footer).Parse()) {
      zone.rule_ = *rule;
      zone.rule_known_ = true;
    }
  }
  return zone;
}

std::optional<Zone> Zone::Find(const std::string& name) {
  if (name.empty() || name == "UTC" || name == "Z") return Fixed(seconds(0));
  if (name == "local") return LocalZone();
  if (const std::optional<seconds> offset = ParseOffset(name)) return Fixed(*offset);
  return NamedZone(name);
}

}  // namespace kle
