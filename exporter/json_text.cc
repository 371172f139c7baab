// SPDX-License-Identifier: Apache-2.0
#include "exporter/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace kle {
namespace {

// Between its quotes it looks as it is.
bool IsPlain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= c >= ' ' && c <= '~' && c != '"' && c != '\\';
  return plain;
}

void AppendNumber(std::string& out, int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string& JsonObject::Begin(std::string_view name) {
  if (!empty_) out_ += ',';
  empty_ = false;
  return out_.append("\"").append(name).append("\":");
}

void JsonObject::Add(std::string_view name, std::string_view text) {
  Begin(name);
  if (IsPlain(text)) {
    out_.append("\"").append(text).append("\"");
  } else {
    out_.append(JsonText(text));
  }
}

void JsonObject::Add(std::string_view name, int64_t number) { AppendNumber(Begin(name), number); }

void JsonObject::Add(std::string_view name, Timestamp at) {
  Begin(name) += '"';
  AppendTimestamp(out_, at);
  out_ += '"';
}

// "12.5", "0.000024", "3.0"
void JsonObject::Add(std::string_view name, Duration duration) {
  constexpr Duration::rep kMicros = 1'000'000;
  Begin(name);
  if (duration < Duration::zero()) out_ += '-';
  const Duration::rep micros = std::abs(duration.count());
  AppendNumber(out_, micros / kMicros);
  const size_t point = out_.size();
  AppendNumber(out_, kMicros + micros % kMicros);  // a one in the point's place
  out_[point] = '.';
  out_.resize(std::max(out_.find_last_not_of('0'), point + 1) + 1);
}

}  // namespace kle
