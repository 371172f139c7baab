// SPDX-License-Identifier: Apache-2.0
// A value or the reason why the environment did not give it. Odd log lines are never an Error.
#pragma once

#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kle {

// One line for the operator: what failed, on what, why, and what to do about it.
class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  // Of an input that ends too early, and is sound up to there.
  static Error CutShort(std::string message) {
    Error error(std::move(message));
    error.cut_short_ = true;
    return error;
  }
  const std::string& message() const { return message_; }
  bool cut_short() const { return cut_short_; }

 private:
  std::string message_;
  bool cut_short_ = false;
};

// "cannot open /x: Permission denied: run as a user who may read it"
inline Error SystemError(std::string_view what, std::string_view path, int error_number,
                         std::string_view advice = {}) {
  std::string message(what);
  if (!path.empty()) message.append(" ").append(path);
  message.append(": ").append(std::strerror(error_number));
  if (!advice.empty()) message.append(": ").append(advice);
  return Error(std::move(message));
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok.
  T& value() {
    if (!ok()) std::abort();
    return *std::get_if<0>(&content_);
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }

  // Only when not ok.
  const Error& error() const {
    if (ok()) std::abort();
    return *std::get_if<1>(&content_);
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    if (ok()) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace kle
