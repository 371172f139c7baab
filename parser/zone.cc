// SPDX-License-Identifier: Apache-2.0
#include "parser/zone.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "parser/time_zone.h"

namespace kle {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The first year from `from` on, `step` by `step`, in which the stamp's day exists. Only February
// 29 has to look.
std::optional<std::chrono::year> YearWith(const HeaderStamp& stamp, std::chrono::year from,
                                          int step) {
  const auto fits = [&](std::chrono::year year) {
    return (year / std::chrono::month(stamp.month) / std::chrono::day(stamp.day)).ok();
  };
  for (int tries = 0; tries < 9; ++tries, from += std::chrono::years(step)) {
    if (fits(from)) return from;
  }
  return std::nullopt;
}

LocalSeconds LocalHour(const HeaderStamp& stamp, std::chrono::year year) {
  const std::chrono::year_month_day date(year, std::chrono::month(stamp.month),
                                         std::chrono::day(stamp.day));
  return std::chrono::local_days(date) + hours(stamp.hour);
}

Duration WithinHour(const HeaderStamp& stamp) {
  return minutes(stamp.minute) + seconds(stamp.second) +
         std::chrono::microseconds(stamp.microsecond);
}

// As if it were UTC.
Timestamp LocalTime(const HeaderStamp& stamp, std::chrono::year year) {
  return Timestamp(LocalHour(stamp, year).time_since_epoch() + WithinHour(stamp));
}

std::chrono::year YearOf(Timestamp at) {
  return std::chrono::year_month_day(std::chrono::floor<days>(at)).year();
}

constexpr Duration kSlack = days(1);  // how far a reference may lie before the last line
constexpr Duration kHalfYear = days(183);
// Between lines of one kubelet, without a clock change. Goroutines make it seconds; were it longer,
// a pause in the second of two equal hours would pass for a step back into the first.
constexpr Duration kStepBack = minutes(5);
constexpr Duration kStep = minutes(15);    // all zones of today are multiples of it
constexpr Duration kEarly = minutes(1);    // a stamp after its receive time: not from delay
constexpr Duration kFarthest = hours(14);  // the zones' widest offset

}  // namespace

struct HeaderClock::State {
  explicit State(ZoneOptions given) : options(std::move(given)) {
    if (std::optional<Zone> found = Zone::Find(options.timezone)) zone = std::move(*found);
  }

  std::optional<Timestamp> ByReceiveTime(const HeaderStamp& stamp, Timestamp received);
  std::optional<Timestamp> ByZone(const HeaderStamp& stamp);
  std::optional<std::chrono::year> PickYear(const HeaderStamp& stamp) const;
  Timestamp ToUtc(LocalSeconds hour, Duration within, bool& unique) const;
  Timestamp Remember(const HeaderStamp& stamp, Timestamp at, bool keep_hour);

  ZoneOptions options;
  Zone zone = Zone::Fixed(seconds(0));
  std::optional<Duration> learnt;  // the offset that receive times showed
  std::optional<Timestamp> last;   // the stamp resolved before
  // The hour of that stamp, where every minute of it has the same offset.
  std::array<uint8_t, 3> hour{};
  std::optional<Timestamp> hour_at;
};

Timestamp HeaderClock::State::Remember(const HeaderStamp& stamp, Timestamp at, bool keep_hour) {
  last = at;
  hour = {stamp.month, stamp.day, stamp.hour};
  hour_at.reset();
  if (keep_hour) hour_at = at - WithinHour(stamp);
  return at;
}

// The year that brings the stamp nearest to the receive time, then the offset that does.
std::optional<Timestamp> HeaderClock::State::ByReceiveTime(const HeaderStamp& stamp,
                                                           Timestamp received) {
  std::optional<Duration> delay;
  Timestamp local;
  for (int step = -1; step <= 1; ++step) {
    const std::chrono::year year = YearOf(received) + std::chrono::years(step);
    if (YearWith(stamp, year, 1) != year) continue;
    const Timestamp one = LocalTime(stamp, year);
    const Duration distance = received - one;
    if (!delay || std::chrono::abs(distance) < std::chrono::abs(*delay)) {
      delay = distance;
      local = one;
    }
  }
  // No zone explains so much: the line was received long after it was written.
  if (!delay || std::chrono::abs(*delay) > kFarthest + kStep) return std::nullopt;
  if (!learnt) {
    const seconds expected =
        zone.OffsetAt(std::chrono::floor<seconds>(local));  // near enough: the delay test decides
    if (!options.timezone.empty()) learnt = expected;
  }
  // *delay is minus the offset plus the real delay.
  const Duration late = learnt ? *delay + *learnt : Duration::max();
  if (late < -kEarly || late >= kStep) {
    const auto steps = (-*delay + Duration(kStep / 2)) / kStep -
                       ((-*delay + Duration(kStep / 2)) % kStep < Duration(0) ? 1 : 0);
    const Duration found = steps * kStep;
    // A log that arrives late does not change its zone; a zone changes by all of the difference.
    const Duration rest = *delay + found;
    const bool changed = !learnt || late < -kEarly || std::chrono::abs(rest) < kEarly;
    if (changed) learnt = found;
  }
  return Remember(stamp, local - *learnt, true);
}

// The year nearest to the line before; for the first line that of the options.
std::optional<std::chrono::year> HeaderClock::State::PickYear(const HeaderStamp& stamp) const {
  const auto at = [&](std::chrono::year year) {
    const UtcSeconds hour_of(LocalHour(stamp, year).time_since_epoch());
    return LocalTime(stamp, year) - zone.OffsetAt(hour_of);
  };
  const auto too_late = [&](std::chrono::year year) {
    return options.reference && at(year) > *options.reference + kSlack;
  };
  if (!last) {
    if (options.year != 0) return YearWith(stamp, std::chrono::year(options.year), 1);
    if (!options.reference) return YearWith(stamp, std::chrono::year(1970), 1);
    std::optional<std::chrono::year> year =
        YearWith(stamp, YearOf(*options.reference) + std::chrono::years(1), -1);
    for (int tries = 0; tries < 2 && year && too_late(*year); ++tries) {
      year = YearWith(stamp, *year - std::chrono::years(1), -1);
    }
    return year;
  }
  const std::chrono::year current =
      YearOf(*last + zone.OffsetAt(std::chrono::floor<seconds>(*last)));
  std::optional<std::chrono::year> year = YearWith(stamp, current, 1);
  if (!year) return year;
  const Duration step = at(*year) - *last;
  if (step < -kHalfYear) {
    const std::optional<std::chrono::year> next =
        YearWith(stamp, current + std::chrono::years(1), 1);
    if (next && !too_late(*next)) return next;
  } else if (step > kHalfYear) {
    // Just after midnight on New Year's Eve, lines of the old year still come.
    const std::optional<std::chrono::year> previous =
        YearWith(stamp, current - std::chrono::years(1), -1);
    if (previous && (too_late(*year) || std::chrono::abs(at(*previous) - *last) < hours(12))) {
      return previous;
    }
  }
  return year;
}

Timestamp HeaderClock::State::ToUtc(LocalSeconds hour_of, Duration within, bool& unique) const {
  const UtcSeconds as_utc(hour_of.time_since_epoch());
  const auto zone_at = [&](Timestamp at) { return zone.OffsetAt(std::chrono::floor<seconds>(at)); };
  const seconds before = zone.OffsetAt(as_utc - days(1));
  const seconds after = zone.OffsetAt(as_utc + days(1));
  const Timestamp local = as_utc + within;
  unique = before == after;
  const Timestamp first = local - before;
  if (unique) return first;
  const Timestamp second = local - after;
  const bool first_holds = zone_at(first) == before;
  const bool second_holds = zone_at(second) == after;
  if (first_holds && second_holds) {
    // The hour that a clock shows twice: the later reading once the earlier one would go back.
    return last && first < *last - kStepBack ? second : first;
  }
  // A skipped hour holds neither: read as if the clock had not been put forward.
  return second_holds ? second : first;
}

std::optional<Timestamp> HeaderClock::State::ByZone(const HeaderStamp& stamp) {
  const std::optional<std::chrono::year> year = PickYear(stamp);
  if (!year) return std::nullopt;
  if (learnt) {
    return Remember(stamp, LocalTime(stamp, *year) - *learnt, false);
  }
  bool unique = false;
  const Timestamp at = ToUtc(LocalHour(stamp, *year), WithinHour(stamp), unique);
  return Remember(stamp, at, unique);
}

HeaderClock::HeaderClock() : HeaderClock(ZoneOptions()) {}

HeaderClock::HeaderClock(ZoneOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

HeaderClock::~HeaderClock() = default;
HeaderClock::HeaderClock(HeaderClock&&) noexcept = default;
HeaderClock& HeaderClock::operator=(HeaderClock&&) noexcept = default;

std::optional<Timestamp> HeaderClock::Resolve(const HeaderStamp& stamp,
                                              std::optional<Timestamp> received) {
  State& state = *state_;
  const std::array<uint8_t, 3> hour = {stamp.month, stamp.day, stamp.hour};
  if (state.hour_at && state.hour == hour) {
    const Timestamp at = *state.hour_at + WithinHour(stamp);
    const bool fits = !received || (*received - at >= -kEarly && *received - at < kStep);
    if (fits) {
      state.last = at;
      return at;
    }
  }
  if (received) {
    if (const std::optional<Timestamp> at = state.ByReceiveTime(stamp, *received)) return at;
  }
  return state.ByZone(stamp);
}

HeaderClock::Learnt HeaderClock::learnt() const { return {state_->learnt, state_->last}; }

void HeaderClock::Restore(const Learnt& learnt) {
  std::tie(state_->learnt, state_->last) = learnt;
  state_->hour_at.reset();
}

bool HeaderClock::KnownZone(const std::string& timezone) {
  return Zone::Find(timezone).has_value();
}

}  // namespace kle
