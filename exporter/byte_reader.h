// SPDX-License-Identifier: Apache-2.0
// Bytes of a file, gzip and zstd undone on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace kle {

class ByteReader {
 public:
  virtual ~ByteReader() = default;

  // Fills `room` from its start; 0 at the end. A plain file may grow: a later call may give more.
  // Compressed input that ends too early is an error.
  [[nodiscard]] virtual Result<size_t> Read(std::span<char> room) = 0;

  // Bytes taken from the file itself, before decompression.
  virtual uint64_t consumed() const = 0;
  virtual bool compressed() const = 0;
};

// Opens `path` ("-" is standard input) and looks at its first bytes for a compression.
[[nodiscard]] Result<std::unique_ptr<ByteReader>> OpenBytes(const std::string& path);

// The same of a file that is open and regular, from where `fd` stands; `fd` stays the caller's.
// `path` is for messages.
[[nodiscard]] Result<std::unique_ptr<ByteReader>> BytesOf(int fd, const std::string& path);

// Whether the name alone says that the file is packed, as OpenBytes would unpack it.
bool NamedAsPacked(std::string_view path);

// Opens `path` without any decompression, from `offset` on.
[[nodiscard]] Result<std::unique_ptr<ByteReader>> OpenPlain(const std::string& path,
                                                            uint64_t offset);

}  // namespace kle
