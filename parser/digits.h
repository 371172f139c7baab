// SPDX-License-Identifier: Apache-2.0
// Digits, and numbers at known places of a text, eight characters at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace kle::digits {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Eight characters that a number's or a stamp's text must have: `n` is a digit.
struct Shape {
  consteval Shape(const char (&shape)[9]) {
    for (size_t i = 0; i < 8; ++i) {
      const bool digit = shape[i] == 'n';
      const uint64_t c = digit ? '0' : static_cast<unsigned char>(shape[i]);
      text |= c << (8 * i);
      room |= (digit ? uint64_t{0x76} : uint64_t{0x7F}) << (8 * i);
    }
  }
  uint64_t text = 0;
  uint64_t room = 0;  // what may be added to a byte's difference before its top bit shows
};

// The eight characters' digits, the first in the lowest byte, 0 for the others; or nothing when
// they do not have that shape.
template <Shape kShape>
std::optional<uint64_t> Shaped(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  word ^= kShape.text;
  constexpr uint64_t kTops = 0x8080808080808080;
  if ((((word + kShape.room) | word) & kTops) != 0) return std::nullopt;
  return word;
}

// The number in the two digits that begin at that place of eight.
inline uint32_t Pair(uint64_t digits, size_t at) {
  return static_cast<uint32_t>((digits * 10 + (digits >> 8)) >> (8 * at)) & 0xFF;
}

// The number in all eight.
inline uint32_t Number(uint64_t digits) {
  digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FF;
  digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFF;
  return static_cast<uint32_t>(digits * 10000 + (digits >> 32));
}

}  // namespace kle::digits
