// SPDX-License-Identifier: Apache-2.0
// Values of flags as people write them. An error tells what is wrong with the value and what to
// try, not which flag it was given to.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/options.h"
#include "exporter/result.h"

namespace kle {

// "\"soon\" is no duration: try 60s"
Error Quoted(const std::string& text, std::string_view message);

// Not below zero.
[[nodiscard]] Result<Duration> DurationNamed(const std::string& text);

// As the parser knows it.
[[nodiscard]] Result<std::string> ZoneNamed(const std::string& text);

// RFC 3339; the same without a zone, or with a blank for the T, in `zone` ("": UTC); or a duration
// before the log's end.
[[nodiscard]] Result<Moment> MomentNamed(const std::string& text, const std::string& zone);

// `text`, if it is one of the words.
[[nodiscard]] Result<std::string> OneOf(const std::vector<std::string>& words,
                                        const std::string& text);

template <typename Number>
[[nodiscard]] Result<Number> NumberNamed(const std::string& text, Number least, Number most) {
  const char* end = text.data() + text.size();
  Number number = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end && number >= least && number <= most) return number;
  return Quoted(text, "is no number from " + std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace kle
