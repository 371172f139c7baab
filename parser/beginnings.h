// SPDX-License-Identifier: Apache-2.0
// What is known of lines by how they begin. A kubelet writes a few hundred kinds of lines, and all
// of one kind are the same from "kubelet.go:2490]" on to what varies in them: what the first told
// of header and message holds for each further one with the same bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "parser/bytes.h"

namespace kle {

struct CatalogueRow;

class Beginnings {
 public:
  // So many bytes are read from where a line's file begins, and may be what a beginning takes.
  static constexpr size_t kLongest = 96;

  struct Told {
    bool event = false;  // false: no row can take it
    const CatalogueRow* row =
        nullptr;         // of an event: whose message it is, all of it, if that is known
    size_t message = 0;  // where that begins
    size_t size = 0;     // of the bytes that tell this; 0: nothing is known
  };

  // What the bytes at `file` tell; null when nothing is known of them.
  const Told* Find(const char* file) const {
    const Kind& kind = kinds_[Place(file)];
    const unsigned char* const mask = kMask.data() + kLongest - kind.told.size;
    bytes::Block differs{};
    for (size_t i = 0; i < kLongest; i += sizeof differs) {
      differs |=
          (bytes::Load(file + i) & bytes::Load(mask + i)) ^ bytes::Load(kind.text.data() + i);
    }
    return bytes::IsZero(differs) && kind.told.size > 0 ? &kind.told : nullptr;
  }

  // The latest of two that share a place is kept. Ignored when it takes too many bytes.
  void Learn(const char* file, const Told& told) {
    if (told.size > kLongest) return;
    Kind& kind = kinds_[Place(file)];
    kind.told = told;
    kind.text = {};
    std::memcpy(kind.text.data(), file, told.size);
  }

 private:
  static constexpr size_t kKinds = 512;

  struct Kind {
    alignas(16) std::array<unsigned char, kLongest> text{};  // zeros behind told.size
    Told told;
  };

  static constexpr std::array<unsigned char, 2 * kLongest> kMask = [] {
    std::array<unsigned char, 2 * kLongest> mask{};
    std::fill_n(mask.begin(), kLongest, 0xFF);
    return mask;
  }();

  // By what nearly always lies before what varies.
  static size_t Place(const char* file) {
    constexpr uint64_t kOdd[] = {0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                                 0xD6E8FEB86659FD93};
    uint64_t sum = 0;
    for (size_t i = 0; i < std::size(kOdd); ++i) {
      uint64_t word = 0;
      std::memcpy(&word, file + i * sizeof word, sizeof word);
      sum += word * kOdd[i];
    }
    return (sum ^ sum >> 32) * kOdd[0] >> 55;
  }
  static_assert(kKinds == size_t{1} << (64 - 55));

  std::vector<Kind> kinds_{kKinds};
};

}  // namespace kle
