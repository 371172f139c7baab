// SPDX-License-Identifier: Apache-2.0
// What is known of lines by how they begin. A kubelet writes a few hundred kinds of lines, and all
// of one kind are the same from "kubelet.go:2490]" on to what varies in them: what the first told
// of header and message holds for each further one with the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace kle {

struct CatalogueRow;

class Beginnings {
 public:
  struct Told {
    bool event = false;                 // false: no row can take it
    const CatalogueRow* row = nullptr;  // of an event: whose message it is, if known
    size_t message = 0;                 // where that begins
    size_t size = 0;                    // of the bytes that tell this
    bool whole = false;                 // whether the row's message is among them, with its quote
  };

  // What a line tells by how it goes on from where its file begins; null when nothing is known.
  const Told* Find(std::string_view from_file) const {
    if (from_file.size() < kHashed) return nullptr;
    const Kind& kind = kinds_[Place(from_file.data())];
    const bool same = kind.told.size <= from_file.size() &&
                      std::memcmp(kind.text.data(), from_file.data(), kind.told.size) == 0;
    return same ? &kind.told : nullptr;
  }

  // The latest of two that share a place is kept. Ignored when it takes too many bytes.
  void Learn(std::string_view from_file, const Told& told) {
    if (from_file.size() < kHashed || told.size > kLongest) return;
    Kind& kind = kinds_[Place(from_file.data())];
    kind.told = told;
    from_file.copy(kind.text.data(), told.size);
  }

 private:
  static constexpr size_t kKindBits = 9;
  static constexpr size_t kLongest = 192;
  static constexpr size_t kHashed = 32;

  struct Kind {
    Told told{false, nullptr, 0, SIZE_MAX};
    std::array<char, kLongest> text{};
  };

  // By what nearly always lies before what varies.
  static size_t Place(const char* file) {
    constexpr std::array<uint64_t, kHashed / sizeof(uint64_t)> kOdd{
        0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93};
    uint64_t sum = 0;
    for (size_t i = 0; i < kOdd.size(); ++i) {
      uint64_t word = 0;
      std::memcpy(&word, file + i * sizeof word, sizeof word);
      sum += word * kOdd[i];
    }
    return (sum ^ sum >> 32) * kOdd[0] >> (64 - kKindBits);
  }

  std::vector<Kind> kinds_{size_t{1} << kKindBits};
};

}  // namespace kle
