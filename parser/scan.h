// SPDX-License-Identifier: Apache-2.0
// Quotes, brackets, blanks and stamps in a line, for whoever reads one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "parser/digits.h"

namespace kle {

struct Record;

namespace scan {

inline constexpr size_t kNone = std::string_view::npos;

// `text[at]` is a double quote: past the one that closes it on the same line, or kNone.
size_t EndOfQuoted(std::string_view text, size_t at);

// Past the bracket that closes the one at `opener`, or kNone when brackets or the quotes between
// them do not balance, or more than 256 are open at once.
size_t EndOfBracketed(std::string_view text, size_t opener);

// A composite value ({..}, [..], &{..}, v1.Type{..}, map[..]) at `from`: the position past it,
// quoted parts skipped, or kNone when quotes or brackets do not balance.
size_t EndOfComposite(std::string_view text, size_t from);

// Appends the inside of a quoted string, Go's and JSON's escapes undone: never more than `inside`.
void AppendUnescaped(std::string_view inside, std::string& out);

// Reads the quoted string at `at`; past its closing quote, or kNone as above. `inside` is unescaped
// into the record's scratch when it has escapes, for which Reserve must have made room.
size_t TakeQuoted(std::string_view text, size_t at, Record& record, std::string_view& inside);

// The same for the inside of a string that ends where `inside` does.
std::string_view Unescape(std::string_view inside, Record& record);

std::string_view TrimRight(std::string_view text);

// Whether the line has the shape of a klog header's stamp, whatever its numbers say.
inline bool HeaderShaped(std::string_view line) {
  constexpr size_t kSize = std::string_view("Lnnnn nn:nn:nn.").size();
  if (line.size() < kSize) return false;
  const char* const at = line.data();
  return (at[0] == 'I' || at[0] == 'E' || at[0] == 'W' || at[0] == 'F') &&
         digits::Shaped<"nnnn nn:">(at + 1) && digits::Shaped<"n:nn:nn.">(at + 7);
}

// The eight characters in which klog prints its process's id; nothing where no header is.
inline std::string_view PidColumn(std::string_view line) {
  constexpr size_t kAt = std::string_view("Lmmdd hh:mm:ss.uuuuuu ").size();
  constexpr size_t kWidth = 8;
  return line.size() >= kAt + kWidth && HeaderShaped(line) ? line.substr(kAt, kWidth)
                                                           : std::string_view();
}

}  // namespace scan
}  // namespace kle
