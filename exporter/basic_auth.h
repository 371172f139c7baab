// SPDX-License-Identifier: Apache-2.0
// HTTP basic authentication against bcrypt hashes.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace kle {

enum class AuthVerdict { kAllowed, kDenied, kBusy };

// Any thread. A password that was right costs nothing when it comes again. Others are tried one
// at a time, so that guesses take one core at most; few may wait for that, and of one client
// fewer still, so that guesses from one place do not keep those from another out.
class BasicAuth {
 public:
  // With users, LoadTlsLibraries() must have been ok.
  explicit BasicAuth(std::map<std::string, std::string> users);

  bool required() const { return !users_.empty(); }
  const std::map<std::string, std::string>& users() const { return users_; }

  // `header` is the Authorization header's value; `client` an address, without the port.
  AuthVerdict Check(std::string_view header, const std::string& client);

 private:
  using Digest = std::array<unsigned char, 32>;

  Digest DigestOf(std::string_view header) const;
  bool Remembered(const Digest& digest);
  bool Enter(const std::string& client);
  void Leave(const std::string& client);
  bool Try(const std::string& user, const std::string& password) const;

  const std::map<std::string, std::string> users_;
  Digest secret_{};  // of the digests: headers do not lie about in memory, nor can they be guessed
  std::string slowest_hash_;

  std::mutex mutex_;
  std::set<Digest> allowed_;
  std::map<std::string, int> waiting_;  // by client
  int all_waiting_ = 0;

  std::mutex trying_;
};

}  // namespace kle
