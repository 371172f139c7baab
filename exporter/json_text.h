// SPDX-License-Identifier: Apache-2.0
// JSON as text.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/time.h"

namespace kle {

// In one line. Bytes that are no UTF-8 are replaced, never thrown at.
std::string JsonText(const nlohmann::ordered_json& json);

// An object that is text from the start, for what is written by the thousand: member by member in
// the order of the calls, without a tree of values in between (docs/decisions/0033). It ends with
// this one's life. Names are written as they are. A time is RFC 3339 in UTC, a duration its
// seconds.
class JsonObject {
 public:
  // Appends to `out`.
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonObject() { out_ += '}'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  void Add(std::string_view name, std::string_view text);
  void Add(std::string_view name, const std::same_as<bool> auto& truth) {
    Begin(name).append(truth ? "true" : "false");
  }
  void Add(std::string_view name, int64_t number);
  void Add(std::string_view name, Timestamp at);
  void Add(std::string_view name, Duration duration);

  // Null when there is none.
  template <typename Value>
  void Add(std::string_view name, const std::optional<Value>& value) {
    if (value) {
      Add(name, *value);
    } else {
      Begin(name).append("null");
    }
  }

  // `fill(JsonObject&, value)` adds the inner object's members.
  template <typename Value>
  void Add(std::string_view name, const Value& value, void (*fill)(JsonObject&, const Value&)) {
    Begin(name);
    JsonObject object(out_);
    fill(object, value);
  }

  template <typename Value>
  void Add(std::string_view name, const std::optional<Value>& value,
           void (*fill)(JsonObject&, const Value&)) {
    if (value) {
      Add(name, *value, fill);
    } else {
      Begin(name).append("null");
    }
  }

  // A list of objects.
  template <typename Value>
  void Add(std::string_view name, const std::vector<Value>& values,
           void (*fill)(JsonObject&, const Value&)) {
    Begin(name) += '[';
    for (const Value& value : values) {
      if (&value != values.data()) out_ += ',';
      JsonObject object(out_);
      fill(object, value);
    }
    out_ += ']';
  }

 private:
  std::string& Begin(std::string_view name);

  std::string& out_;
  bool empty_ = true;
};

}  // namespace kle
