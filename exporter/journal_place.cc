// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_place.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace kle {
namespace {

// "s=...;i=...;b=...;m=...;t=...;x=...": what stands after one of the letters.
std::string_view Part(std::string_view cursor, char letter) {
  while (!cursor.empty()) {
    const std::string_view part = cursor.substr(0, cursor.find(';'));
    if (part.size() > 1 && part[0] == letter && part[1] == '=') return part.substr(2);
    cursor.remove_prefix(std::min(part.size() + 1, cursor.size()));
  }
  return {};
}

}  // namespace

std::string BootText(sd_id128_t boot) {
  std::array<char, SD_ID128_STRING_MAX> text{};
  return sd_id128_to_string(boot, text.data());
}

std::string CursorOf(sd_journal* journal) {
  char* text = nullptr;
  if (sd_journal_get_cursor(journal, &text) < 0) return {};
  std::string cursor(text);
  free(text);
  return cursor;
}

bool SameEntry(std::string_view cursor, std::string_view other) {
  return std::ranges::all_of(std::string_view("bmtx"), [&](char letter) {
    const std::string_view part = Part(cursor, letter);
    return !part.empty() && part == Part(other, letter);
  });
}

}  // namespace kle
