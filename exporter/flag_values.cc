// SPDX-License-Identifier: Apache-2.0
#include "exporter/flag_values.h"

#include <strings.h>

#include <algorithm>
#include <utility>

#include "exporter/text.h"
#include "parser/values.h"
#include "parser/zone.h"

namespace kle {
namespace {

// What a clock on a wall of `zone` showed.
std::optional<Timestamp> InZone(Timestamp shown, const std::string& zone) {
  if (zone.empty()) return shown;
  const auto day = std::chrono::floor<std::chrono::days>(shown);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> time(shown - day);
  HeaderStamp stamp;
  stamp.month = static_cast<decltype(stamp.month)>(static_cast<unsigned>(date.month()));
  stamp.day = static_cast<decltype(stamp.day)>(static_cast<unsigned>(date.day()));
  stamp.hour = static_cast<decltype(stamp.hour)>(time.hours().count());
  stamp.minute = static_cast<decltype(stamp.minute)>(time.minutes().count());
  stamp.second = static_cast<decltype(stamp.second)>(time.seconds().count());
  stamp.microsecond = static_cast<decltype(stamp.microsecond)>(time.subseconds().count());
  HeaderClock clock({zone, static_cast<int>(date.year()), std::nullopt});
  return clock.Resolve(stamp, std::nullopt);
}

}  // namespace

Error Quoted(const std::string& text, std::string_view message) {
  return Error("\"" + text + "\" " + std::string(message));
}

Result<Duration> DurationNamed(const std::string& text) {
  const auto seconds = ParseGoDuration(text);
  if (!seconds || *seconds < 0) return Quoted(text, "is no duration: try 60s or 5m");
  return FromSeconds(*seconds);
}

Result<std::string> ZoneNamed(const std::string& text) {
  for (const char* name : {"UTC", "local"}) {
    if (strcasecmp(text.c_str(), name) == 0) return std::string(name);
  }
  if (HeaderClock::KnownZone(text)) return text;
  return Quoted(text, "is no known time zone: try Europe/Berlin or +02:00");
}

Result<Moment> MomentNamed(const std::string& text, const std::string& zone) {
  Moment moment{text, {}, {}};
  std::string form = text;
  if (form.size() > 10 && form[10] == ' ') form[10] = 'T';
  moment.at = ParseTimestamp(form);
  for (const char* rest : {"Z", ":00Z", "T00:00:00Z"}) {
    if (moment.at) break;
    if (const auto shown = ParseTimestamp(form + rest)) moment.at = InZone(*shown, zone);
  }
  if (moment.at) return moment;
  const auto seconds = ParseGoDuration(text);
  if (!seconds || *seconds < 0)
    return Quoted(text, "is no time: try 2026-11-23T23:00:00Z, 2h or 30m");
  moment.before_end = FromSeconds(*seconds);
  return moment;
}

Result<std::string> OneOf(const std::vector<std::string>& words, const std::string& text) {
  if (std::ranges::find(words, text) != words.end()) return text;
  return Quoted(text, "is none of " + Joined(words, ", "));
}

}  // namespace kle
