// SPDX-License-Identifier: Apache-2.0
#include "exporter/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "exporter/char_width.h"

namespace kle {
namespace {

struct Glyph {
  char32_t code = 0;
  size_t bytes = 1;
  bool valid = false;
};

Glyph Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  char32_t code = first & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, length, true};
}

bool Control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

size_t Columns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Glyph glyph = Decode(text);
    columns += glyph.valid ? CharWidth(glyph.code) : 1;
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string Fit(std::string_view text, size_t columns) {
  std::string fitted;
  size_t used = 0;
  size_t room_for_dots = 0;  // where to cut so that "…" still fits
  while (!text.empty()) {
    const Glyph glyph = Decode(text);
    const bool shown = glyph.valid && !Control(glyph.code);
    const size_t width = shown ? CharWidth(glyph.code) : 1;
    if (used + width > columns) {
      fitted.resize(room_for_dots);
      return columns == 0 ? std::string() : fitted + "…";
    }
    used += width;
    fitted += shown ? text.substr(0, glyph.bytes) : std::string_view("?");
    if (used + 1 <= columns) room_for_dots = fitted.size();
    text.remove_prefix(glyph.bytes);
  }
  return fitted;
}

std::string Cell(std::string_view text, size_t columns) {
  std::string cell = Fit(text, columns);
  cell.append(columns - std::min(columns, Columns(cell)), ' ');
  return cell;
}

std::string CellRight(std::string_view text, size_t columns) {
  const std::string fitted = Fit(text, columns);
  return std::string(columns - std::min(columns, Columns(fitted)), ' ') + fitted;
}

std::string Wrap(std::string_view text, size_t columns, size_t indent) {
  const size_t room = columns > indent + 10 ? columns - indent : 10;
  const std::string margin(indent, ' ');
  std::string wrapped;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) wrapped.append(margin).append(Fit(line, room)).append("\n");
    line.clear();
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && Columns(line) + 1 + Columns(word) > room) flush();
    if (!line.empty()) line += ' ';
    line += word;
  }
  flush();
  return wrapped;
}

std::vector<std::string> Fold(std::string_view text, size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  size_t used = 0;
  size_t blank = 0;  // after the last one of the line; 0: none
  while (!text.empty()) {
    const Glyph glyph = Decode(text);
    const bool shown = glyph.valid && !Control(glyph.code);
    const size_t width = shown ? CharWidth(glyph.code) : 1;
    if (used > 0 && used + width > columns) {
      const size_t cut = blank > 0 ? blank : line.size();
      lines.push_back(line.substr(0, blank > 0 ? blank - 1 : cut));
      line.erase(0, cut);
      used = Columns(line);
      blank = 0;
    }
    line += shown ? text.substr(0, glyph.bytes) : std::string_view("?");
    used += width;
    if (glyph.code == ' ') blank = line.size();
    text.remove_prefix(glyph.bytes);
  }
  lines.push_back(line);
  return lines;
}

std::string InAscii(std::string_view text) {
  std::string ascii;
  while (!text.empty()) {
    const Glyph glyph = Decode(text);
    const bool plain = glyph.valid && glyph.code < 0x80;
    const size_t width = plain || !glyph.valid ? 1 : CharWidth(glyph.code);
    char shown = plain ? text.front() : '?';
    if (glyph.code == U'█') shown = '#';
    if (glyph.code == U'≤') shown = '<';
    if (glyph.code == U'…') shown = '>';
    ascii.append(width, shown);
    text.remove_prefix(glyph.bytes);
  }
  return ascii;
}

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (&word != &words.front()) text.append(separator);
    text.append(word);
  }
  return text;
}

std::string ShortSeconds(double seconds) {
  std::array<char, 48> text{};
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (seconds < 0.9995) {
    std::snprintf(text.data(), text.size(), "%.0fms", seconds * 1000);
  } else if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%.1fs", seconds);
  } else if (whole < 3600) {
    std::snprintf(text.data(), text.size(), "%lldm%02llds", whole / 60, whole % 60);
  } else if (whole < 86400) {
    std::snprintf(text.data(), text.size(), "%lldh%02lldm", whole / 3600, whole % 3600 / 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lldd%lldh", whole / 86400, whole % 86400 / 3600);
  }
  return text.data();
}

std::string ShortBytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.95 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text.data();
}

std::string Grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string ShortTime(Timestamp at) {
  std::string text = FormatTimestamp(at);  // 2026-11-23T23:01:26.161509Z
  text[10] = ' ';
  return text.substr(0, 19) + "Z";
}

}  // namespace kle
