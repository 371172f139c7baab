// SPDX-License-Identifier: Apache-2.0
#include "parser/time.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "parser/digits.h"

namespace kle {
namespace {

// The number in `count` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int>(digit);
  }
  return value;
}

bool At(std::string_view text, size_t at, char wanted) {
  return at < text.size() && text[at] == wanted;
}

// ".123456789" to microseconds; moves `at` past it. -1 when a dot has no digits.
int Fraction(std::string_view text, size_t& at) {
  if (!At(text, at, '.')) return 0;
  int micros = 0;
  int scale = 100000;
  size_t i = at + 1;
  if (text.size() - i >= 8) {
    if (const auto eight = digits::Shaped<"nnnnnnnn">(text.data() + i)) {
      micros = static_cast<int>(digits::Number(*eight) / 100);
      scale = 0;
      i += 8;
    }
  }
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    micros += (text[i] - '0') * scale;
    scale /= 10;
  }
  if (i == at + 1) return -1;
  at = i;
  return micros;
}

// "Z", "+02:00", "+0200"; moves `at` past it.
std::optional<std::chrono::minutes> Offset(std::string_view text, size_t& at) {
  if (At(text, at, 'Z')) {
    ++at;
    return std::chrono::minutes(0);
  }
  if (!At(text, at, '+') && !At(text, at, '-')) return std::nullopt;
  const int hours = Digits(text, at + 1, 2);
  const size_t colon = At(text, at + 3, ':') ? 1 : 0;
  const int minutes = Digits(text, at + 3 + colon, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int sign = text[at] == '-' ? -1 : 1;
  at += 5 + colon;
  return std::chrono::minutes(sign * (hours * 60 + minutes));
}

// The number in decimal, with zeroes in front up to `width`.
void Put(uint64_t number, size_t width, char*& out) {
  size_t size = 1;
  for (uint64_t rest = number / 10; rest > 0; rest /= 10) ++size;
  size = std::max(size, width);
  for (size_t i = size; i > 0; --i, number /= 10) out[i - 1] = static_cast<char>('0' + number % 10);
  out += size;
}

}  // namespace

void AppendTimestamp(std::string& out, Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> buffer{};
  char* end = buffer.data();
  const int year = static_cast<int>(date.year());
  if (year < 0) *end++ = '-';
  Put(static_cast<uint64_t>(std::abs(year)), 4, end);
  const auto part = [&end](char before, auto value, size_t width) {
    *end++ = before;
    Put(static_cast<uint64_t>(value), width, end);
  };
  part('-', static_cast<unsigned>(date.month()), 2);
  part('-', static_cast<unsigned>(date.day()), 2);
  part('T', time.hours().count(), 2);
  part(':', time.minutes().count(), 2);
  part(':', time.seconds().count(), 2);
  part('.', time.subseconds().count(), 6);
  *end++ = 'Z';
  out.append(buffer.data(), end);
}

std::string FormatTimestamp(Timestamp at) {
  std::string text;
  AppendTimestamp(text, at);
  return text;
}

std::optional<Timestamp> ConsumeTimestamp(std::string_view& text) {
  constexpr size_t kSecondEnds = std::string_view("2026-11-23T23:01:26").size();
  if (text.size() <= kSecondEnds) return std::nullopt;
  const auto month = digits::Shaped<"nnnn-nn-">(text.data());
  const auto day = digits::Shaped<"nnTnn:nn">(text.data() + 8);
  const auto time = digits::Shaped<"nn:nn:nn">(text.data() + kSecondEnds - 8);
  if (!month || !day || !time) return std::nullopt;
  const uint32_t hour = digits::Pair(*time, 0);
  const uint32_t minute = digits::Pair(*time, 3);
  const uint32_t second = digits::Pair(*time, 6);
  const uint32_t year = digits::Pair(*month, 0) * 100 + digits::Pair(*month, 2);
  const auto date = std::chrono::year(static_cast<int>(year)) /
                    std::chrono::month(digits::Pair(*month, 5)) /
                    std::chrono::day(digits::Pair(*day, 0));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  size_t at = kSecondEnds;
  const int micros = Fraction(text, at);
  if (micros < 0) return std::nullopt;
  const auto offset = Offset(text, at);
  if (!offset) return std::nullopt;
  text.remove_prefix(at);
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::microseconds(micros) - *offset;
}

std::optional<Timestamp> ParseTimestamp(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  const bool colon = text.back() == 'Z' || text[text.size() - 3] == ':';
  const auto at = ConsumeTimestamp(text);
  return colon && text.empty() ? at : std::nullopt;
}

}  // namespace kle
