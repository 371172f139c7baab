// SPDX-License-Identifier: Apache-2.0
#include "exporter/small_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace kle {
namespace {

constexpr size_t kMostBytes = 1 << 20;

Error CannotRead(const std::string& path, int error) {
  return SystemError(
      "cannot read", path, error,
      error == EACCES ? "let this user read it, by its group or an ACL" : "check the path");
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (!file) return CannotRead(path, errno);
  std::string text;
  std::array<char, 16384> block{};
  while (const size_t got = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), got);
    if (text.size() > kMostBytes) return Error(path + " is too large for what it should be");
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path, errno);
  return text;
}

}  // namespace kle
