// SPDX-License-Identifier: Apache-2.0
// HTTP basic authentication against bcrypt hashes.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace kle {

// Any thread.
class BasicAuth {
 public:
  explicit BasicAuth(std::map<std::string, std::string> users) : users_(std::move(users)) {}

  bool required() const { return !users_.empty(); }
  // `header` is the Authorization header's value.
  bool Allows(std::string_view header);

 private:
  bool Matches(const std::string& password, const std::string& hash) const;

  const std::map<std::string, std::string> users_;
  std::mutex mutex_;
  // Headers that were right: bcrypt takes a tenth of a second, a scraper comes again and again.
  std::set<std::string, std::less<>> allowed_;
};

}  // namespace kle
