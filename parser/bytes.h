// SPDX-License-Identifier: Apache-2.0
// Where a byte of some few is next: sixteen at a time, by what the compiler makes of its vectors on
// each processor.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kle::bytes {

using Block = unsigned char __attribute__((vector_size(16)));

// Where the first byte is that is all ones, of sixteen that are that or zero; 16 for none.
inline int FirstSet(const Block& block) {
#ifdef __SSE2__
  using Signed = char __attribute__((vector_size(16)));
  const int bits = __builtin_ia32_pmovmskb128(reinterpret_cast<const Signed&>(block));
  return bits != 0 ? std::countr_zero(static_cast<unsigned>(bits)) : 16;
#else
  constexpr bool kLittle = std::endian::native == std::endian::little;
  uint64_t halves[2];
  std::memcpy(halves, &block, sizeof halves);
  for (int i = 0; i < 2; ++i) {
    if (halves[i] == 0) continue;
    return i * 8 + (kLittle ? std::countr_zero(halves[i]) : std::countl_zero(halves[i])) / 8;
  }
  return 16;
#endif
}

// Where a search is: at one byte, or at sixteen. What it tells of them is all ones or zero, for
// each.
template <typename Bytes>
struct Here {
  const char* at;

  auto Is(unsigned char byte, ptrdiff_t offset = 0) const { return Truth(Read(offset) == byte); }
  auto IsAtMost(unsigned char byte) const { return Truth(Read(0) <= byte); }

 private:
  Bytes Read(ptrdiff_t offset) const {
    Bytes bytes;
    std::memcpy(&bytes, at + offset, sizeof bytes);
    return bytes;
  }
  template <typename Compared>
  static auto Truth(const Compared& compared) {
    if constexpr (std::is_same_v<Compared, bool>) {
      return compared ? -1 : 0;
    } else {
      return compared;
    }
  }
};

// The first place from `at` on that is `wanted`, or `end`. `wanted` is asked of one place and of
// sixteen at once: what Here tells, joined by |, & and ~.
template <typename Wanted>
const char* Find(const char* at, const char* const end, Wanted wanted) {
  for (; end - at >= 16; at += 16) {
    const auto is_wanted = wanted(Here<Block>{at});
    const int first = FirstSet(reinterpret_cast<const Block&>(is_wanted));
    if (first < 16) return at + first;
  }
  while (at != end && wanted(Here<unsigned char>{at}) == 0) ++at;
  return at;
}

// The first of these bytes from `at` on, or `end`.
template <unsigned char... kWanted>
const char* FindAny(const char* at, const char* const end) {
  return Find(at, end, [](auto here) { return (here.Is(kWanted) | ...); });
}

}  // namespace kle::bytes
