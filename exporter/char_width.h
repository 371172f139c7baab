// SPDX-License-Identifier: Apache-2.0
// How many columns a character takes on a terminal, whatever locales this machine has.
#pragma once

#include <cstddef>

namespace kle {

// 0 for what combines with the character before it, 2 for CJK and emoji, else 1.
size_t CharWidth(char32_t code);

}  // namespace kle
