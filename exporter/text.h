// SPDX-License-Identifier: Apache-2.0
// Text for terminals: widths, cuts that respect UTF-8, and short forms of numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/time.h"

namespace kle {

// Columns that `text` takes on a terminal.
size_t Columns(std::string_view text);

// `text` in at most `columns`, ending in "…" where it was cut. Control characters and bytes that
// are no UTF-8 become "?": log text must not steer the terminal.
std::string Fit(std::string_view text, size_t columns);

// Fitted, then filled up with blanks to exactly `columns`.
std::string Cell(std::string_view text, size_t columns);
std::string CellRight(std::string_view text, size_t columns);

// Breaks at blanks into lines of at most `columns`, each with `indent` blanks in front.
std::string Wrap(std::string_view text, size_t columns, size_t indent);

// All of `text` in lines of at most `columns`, broken at blanks where there are some. What Fit
// makes "?" is so here too. At least one line.
std::vector<std::string> Fold(std::string_view text, size_t columns);

// The same columns without a character beyond ASCII: "█≤…" become "#<>", others "?".
std::string InAscii(std::string_view text);

// "a, b, c"
std::string Joined(const std::vector<std::string>& words, std::string_view separator);

// 0.12s 4.5s 45.2s 2m03s 1h04m 3d2h
std::string ShortSeconds(double seconds);
// 999 B 1.5 kB 210.0 MB
std::string ShortBytes(double bytes);
// 12,345
std::string Grouped(uint64_t number);
// 2026-11-23 23:01:26Z
std::string ShortTime(Timestamp at);

}  // namespace kle
