// SPDX-License-Identifier: Apache-2.0
#include "exporter/basic_auth.h"

#include <crypt.h>
#include <strings.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace kle {
namespace {

constexpr size_t kMostRemembered = 100;
// A user that does not exist must take as long as a wrong password.
constexpr const char* kNobody = "$2b$10$abcdefghijklmnopqrstuuMEbpmnEwiSjVTOSxOFg2iS0q9EXXcWG";

std::optional<std::string> Base64Decoded(std::string_view text) {
  std::string plain;
  uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      plain += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return plain;
}

bool SameInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

bool BasicAuth::Matches(const std::string& password, const std::string& hash) const {
  const auto data = std::make_unique<crypt_data>();  // 32 KB
  const char* made = crypt_r(password.c_str(), hash.c_str(), data.get());
  return made != nullptr && SameInConstantTime(made, hash);
}

bool BasicAuth::Allows(std::string_view header) {
  constexpr std::string_view kScheme = "Basic ";
  if (header.size() <= kScheme.size() ||
      strncasecmp(header.data(), kScheme.data(), kScheme.size()) != 0) {
    return false;
  }
  const auto plain = Base64Decoded(header.substr(kScheme.size()));
  if (!plain || plain->find('\0') != std::string::npos) return false;
  const size_t colon = plain->find(':');
  if (colon == std::string::npos) return false;
  const auto user = users_.find(plain->substr(0, colon));
  // One at a time: guesses must not take every core.
  const std::lock_guard lock(mutex_);
  if (allowed_.contains(header)) return true;
  const bool known = user != users_.end();
  const bool matches = Matches(plain->substr(colon + 1), known ? user->second : kNobody);
  if (!known || !matches) return false;
  if (allowed_.size() < kMostRemembered) allowed_.emplace(header);
  return true;
}

}  // namespace kle
