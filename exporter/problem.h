// SPDX-License-Identifier: Apache-2.0
// What is wrong in a configuration file, and where.
#pragma once

#include <string>
#include <vector>

namespace kle {

// Counted from 1; 0 where the file as a whole is meant.
struct Place {
  int line = 0;
  int column = 0;
};

struct Problem {
  std::string path;  // "" for the command line, or where the message names it
  Place place;
  std::string message;

  // "FILE:LINE:COLUMN: message", or "FILE: message".
  std::string Text() const {
    if (path.empty()) return message;
    std::string text = path;
    if (place.line > 0) {
      text.append(":").append(std::to_string(place.line));
      text.append(":").append(std::to_string(place.column));
    }
    return text.append(": ").append(message);
  }
};

using Problems = std::vector<Problem>;

// One line for where only one is wanted. `problems` is not empty.
inline std::string InOneLine(const Problems& problems) {
  std::string text = problems.front().Text();
  if (problems.size() > 1) {
    text.append(" (and ").append(std::to_string(problems.size() - 1));
    text.append(" more: check-config lists them)");
  }
  return text;
}

}  // namespace kle
