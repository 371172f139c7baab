// SPDX-License-Identifier: Apache-2.0
// What a terminal can show.
#pragma once

#include <cstddef>

namespace kle {

// Columns of the terminal that `fd` is; 0 when it is none.
size_t TerminalWidth(int fd);

// Whether the terminal of this process moves its cursor and shows colours: TERM is not "dumb".
bool TerminalIsSmart();

// The same, and its user has nothing against colours (NO_COLOR).
bool TerminalTakesColours();

}  // namespace kle
