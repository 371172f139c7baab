// SPDX-License-Identifier: Apache-2.0
// Where a byte of some few is next: sixteen at a time, by what the compiler makes of its vectors on
// each processor.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kle::bytes {

using Block = unsigned char __attribute__((vector_size(16)));

template <typename Byte>
Block Load(const Byte* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  return block;
}

namespace detail {

using Halves = uint64_t __attribute__((vector_size(16)));

// The first byte of eight that is not zero; there is one.
inline int FirstSet(uint64_t bytes) {
  return (std::endian::native == std::endian::little ? std::countr_zero(bytes)
                                                     : std::countl_zero(bytes)) /
         8;
}

}  // namespace detail

inline bool IsZero(const Block& block) {
  const auto halves = reinterpret_cast<const detail::Halves&>(block);
  return (halves[0] | halves[1]) == 0;
}

// Where the search is: [0] is the byte there or the sixteen from there on, [-1] those one before.
template <typename Bytes>
struct Here {
  const char* at;
  Bytes operator[](ptrdiff_t offset) const {
    Bytes bytes;
    std::memcpy(&bytes, at + offset, sizeof bytes);
    return bytes;
  }
};

// The first place from `at` on that is `wanted`, or `end`. `wanted` is asked of one place and of
// sixteen at once: comparisons of what is here with unsigned chars, joined by | and &.
template <typename Wanted>
const char* Find(const char* at, const char* const end, Wanted wanted) {
  for (; end - at >= 16; at += 16) {
    const auto is_wanted = wanted(Here<Block>{at});
    const auto halves = reinterpret_cast<const detail::Halves&>(is_wanted);
    if (halves[0] != 0) return at + detail::FirstSet(halves[0]);
    if (halves[1] != 0) return at + 8 + detail::FirstSet(halves[1]);
  }
  while (at != end && !wanted(Here<unsigned char>{at})) ++at;
  return at;
}

// The first of these bytes from `at` on, or `end`.
template <unsigned char... kWanted>
const char* FindAny(const char* at, const char* const end) {
  return Find(at, end, [](auto here) { return ((here[0] == kWanted) | ...); });
}

}  // namespace kle::bytes
