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
#include <vector>

namespace kle {

struct Capture {
  std::string_view role;
  std::string_view value;
};

struct Captures {
  std::array<Capture, 12> items;
  size_t count = 0;
};

// A pattern taken apart once. Views into the pattern: it must outlive this.
class Template {
 public:
  explicit Template(std::string_view pattern);

  // True when the whole text follows the pattern; trailing blanks of the text are ignored. The n-th
  // capture always has the n-th role.
  bool Match(std::string_view text, Captures& captures) const;

  // The literal text before the first placeholder, braces unescaped.
  const std::string& prefix() const { return parts_.front().literal; }
  // Whether a Go-quoted string follows it.
  bool quote_follows() const { return parts_.front().mode == Mode::kQuoted; }
  // Whether all that follows is taken and dropped.
  bool takes_rest() const {
    return parts_.size() == 2 && parts_[0].mode == Mode::kRest && parts_[0].role == "_" &&
           parts_[1].literal.empty();
  }
  // Of its captures, in their order.
  std::vector<std::string_view> roles() const;

 private:
  enum class Mode { kNone, kUpTo, kQuoted, kRest };
  // Literal text, and the placeholder after it.
  struct Part {
    std::string literal;
    std::string_view role;
    Mode mode = Mode::kNone;
  };
  std::vector<Part> parts_;  // one at least
};

// Whether a catalogue message is a pattern at all.
bool IsTemplate(std::string_view message);

}  // namespace kle
