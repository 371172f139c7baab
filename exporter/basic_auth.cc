// SPDX-License-Identifier: Apache-2.0
#include "exporter/basic_auth.h"

#include <crypt.h>
#include <strings.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "exporter/tls_libraries.h"

namespace kle {
namespace {

constexpr size_t kMostRemembered = 100;
constexpr int kMostWaiting = 16;
constexpr int kMostWaitingOfOne = 2;

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

BasicAuth::BasicAuth(std::map<std::string, std::string> users) : users_(std::move(users)) {
  if (users_.empty()) return;
  if (Tls().gnutls_rnd(GNUTLS_RND_KEY, secret_.data(), secret_.size()) != 0) std::abort();
  const auto cost = [](const std::string& hash) { return hash.substr(4, 2); };
  for (const auto& [name, hash] : users_) {
    if (slowest_hash_.empty() || cost(hash) > cost(slowest_hash_)) slowest_hash_ = hash;
  }
}

BasicAuth::Digest BasicAuth::DigestOf(std::string_view header) const {
  Digest digest{};
  Tls().gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), header.data(),
                         header.size(), digest.data());
  return digest;
}

bool BasicAuth::Remembered(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  return allowed_.contains(digest);
}

bool BasicAuth::Enter(const std::string& client) {
  const std::lock_guard lock(mutex_);
  int& of_one = waiting_[client];
  if (all_waiting_ >= kMostWaiting || of_one >= kMostWaitingOfOne) {
    if (of_one == 0) waiting_.erase(client);
    return false;
  }
  ++of_one;
  ++all_waiting_;
  return true;
}

void BasicAuth::Leave(const std::string& client) {
  const std::lock_guard lock(mutex_);
  --all_waiting_;
  if (--waiting_[client] == 0) waiting_.erase(client);
}

bool BasicAuth::Try(const std::string& user, const std::string& password) const {
  const auto found = users_.find(user);
  const bool known = found != users_.end();
  // A user that does not exist takes as long as a wrong password.
  const std::string& hash = known ? found->second : slowest_hash_;
  const auto data = std::make_unique<crypt_data>();  // 32 KB
  const char* made = crypt_r(password.c_str(), hash.c_str(), data.get());
  return made != nullptr && SameInConstantTime(made, hash) && known;
}

AuthVerdict BasicAuth::Check(std::string_view header, const std::string& client) {
  constexpr std::string_view kScheme = "Basic ";
  if (header.size() <= kScheme.size() ||
      strncasecmp(header.data(), kScheme.data(), kScheme.size()) != 0) {
    return AuthVerdict::kDenied;
  }
  const auto plain = Base64Decoded(header.substr(kScheme.size()));
  if (!plain || plain->find('\0') != std::string::npos) return AuthVerdict::kDenied;
  const size_t colon = plain->find(':');
  if (colon == std::string::npos) return AuthVerdict::kDenied;
  const Digest digest = DigestOf(header);
  if (Remembered(digest)) return AuthVerdict::kAllowed;
  if (!Enter(client)) return AuthVerdict::kBusy;
  bool right = false;
  {
    const std::lock_guard lock(trying_);
    right = Remembered(digest) || Try(plain->substr(0, colon), plain->substr(colon + 1));
  }
  Leave(client);
  if (!right) return AuthVerdict::kDenied;
  const std::lock_guard lock(mutex_);
  if (allowed_.size() < kMostRemembered) allowed_.insert(digest);
  return AuthVerdict::kAllowed;
}

}  // namespace kle
