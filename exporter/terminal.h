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

// Whether what is printed may be UTF-8: LC_ALL, LC_CTYPE or LANG names no other charset. Where none
// of them is set, as in a container, nothing is known against it.
bool LocaleTakesUtf8();

}  // namespace kle
