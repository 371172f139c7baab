// SPDX-License-Identifier: Apache-2.0
// Built (printf) messages as patterns: literal text with placeholders, matched without a regex.
//
//   {uid}      up to the next literal text of the pattern (the first place where that occurs)
//   {uid:q}    a Go-quoted string "..."; the quotes are dropped, escapes kept
//   {error:*}  all the rest, newlines included
//   {_}        dropped
//   {{ }}      a brace of the message itself
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace kle {

struct Capture {
  std::string_view role;
  std::string_view value;
};

struct Captures {
  std::array<Capture, 12> items;
  size_t count = 0;
};

// True when the whole text follows the pattern; trailing blanks of the text are ignored.
bool MatchTemplate(std::string_view pattern, std::string_view text, Captures& captures);

// Whether a catalogue message is a pattern at all.
bool IsTemplate(std::string_view message);

// The literal text before the first placeholder, braces unescaped.
std::string LiteralPrefix(std::string_view pattern);

}  // namespace kle
