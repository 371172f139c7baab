// SPDX-License-Identifier: Apache-2.0
// Plain data to bytes and back, for the state file. What is written is listed once, beneath the
// struct:
//   KLE_FIELDS(Type, a, b)
// and Encoder and Decoder both go through it (a class writes the function itself, where
// Archive::kDecodes tells which of the two it is). An enum names its last value by
//   constexpr Kind LastOf(Kind) { return Kind::kLast; }
// and a type whose values must fit together, or be in a range, has
//   bool IsSound(const Type& value);
// Bytes: integers and sizes as LEB128 (signed ones zigzag), doubles as their 8 bytes.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// All fields of a struct in the order of their declaration: it does not compile while one is
// missing.
#define KLE_FIELDS(Type, ...)                    \
  template <typename Archive>                    \
  void Fields(Archive& archive_, Type& value_) { \
    auto& [__VA_ARGS__] = value_;                \
    archive_(__VA_ARGS__);                       \
  }

namespace kle {

template <typename T>
concept KeyedContainer = requires {
  typename T::key_type;
};
template <typename T>
concept MapContainer = KeyedContainer<T> && requires {
  typename T::mapped_type;
};
template <typename T>
concept SequenceContainer =
    !KeyedContainer<T> && !std::same_as<T, std::string> && requires(T & values) {
  values.emplace_back();
};

class Encoder {
 public:
  static constexpr bool kDecodes = false;

  // Takes what was written so far away, now and then: what is encoded need not fit in memory twice.
  using Drain = std::function<void(std::string& out)>;

  explicit Encoder(std::string& out, Drain drain = {}) : out_(out), drain_(std::move(drain)) {}

  template <typename... T>
  void operator()(const T&... values) {
    (Put(values), ...);
    if (drain_ && out_.size() >= kDrainAt) drain_(out_);
  }

 private:
  static constexpr size_t kDrainAt = size_t{1} << 16;

  void Number(uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    out_ += static_cast<char>(value);
  }

  template <typename T>
  void Put(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      Number(static_cast<uint64_t>(value));
    } else if constexpr (std::signed_integral<T>) {
      const auto wide = static_cast<int64_t>(value);
      Number((static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63));
    } else if constexpr (std::unsigned_integral<T>) {
      Number(value);
    } else if constexpr (std::same_as<T, double>) {
      const auto bytes = std::bit_cast<std::array<char, sizeof value>>(value);
      out_.append(bytes.data(), bytes.size());
    } else if constexpr (std::same_as<T, std::string>) {
      Number(value.size());
      out_ += value;
    } else if constexpr (KeyedContainer<T> || SequenceContainer<T>) {
      Number(value.size());
      for (const auto& element : value) Put(element);
    } else {
      PutOther(value);
    }
  }

  template <typename T, size_t N>
  void PutOther(const std::array<T, N>& values) {
    for (const T& value : values) Put(value);
  }
  template <typename A, typename B>
  void PutOther(const std::pair<A, B>& value) {
    Put(value.first);
    Put(value.second);
  }
  template <typename T>
  void PutOther(const std::optional<T>& value) {
    Put(value.has_value());
    if (value) Put(*value);
  }
  template <typename T>
  void PutOther(const std::unique_ptr<T>& value) {
    Put(value != nullptr);
    if (value) Put(*value);
  }
  template <typename Rep, typename Period>
  void PutOther(const std::chrono::duration<Rep, Period>& value) {
    Put(value.count());
  }
  template <typename Clock, typename Unit>
  void PutOther(const std::chrono::time_point<Clock, Unit>& value) {
    Put(value.time_since_epoch());
  }
  template <typename T>
  void PutOther(const T& value) {
    Fields(*this, const_cast<T&>(value));  // an Encoder only reads
  }

  std::string& out_;
  Drain drain_;
};

// Never reads past the end nor makes a value that its type does not have: the first wrong byte
// makes it fail, and all that follows is left as it is.
class Decoder {
 public:
  static constexpr bool kDecodes = true;

  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  template <typename... T>
  void operator()(T&... values) {
    (Get(values), ...);
  }

  bool ok() const { return ok_; }
  // Everything was read, and nothing was wrong.
  bool done() const { return ok_ && rest_.empty(); }
  // What has not been read yet.
  std::string_view rest() const { return rest_; }
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  uint64_t Number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }

  // A size that the bytes left could hold: memory stays bounded by the input.
  size_t Size() {
    const uint64_t size = Number();
    if (size > rest_.size()) Fail();
    return ok_ ? static_cast<size_t>(size) : 0;
  }

  template <typename T>
  void Get(T& value) {
    if (!ok_) return;
    if constexpr (std::is_enum_v<T>) {
      const uint64_t number = Number();
      if (number > static_cast<uint64_t>(LastOf(T{}))) return Fail();
      value = static_cast<T>(number);
    } else if constexpr (std::same_as<T, bool>) {
      const uint64_t number = Number();
      if (number > 1) return Fail();
      value = number == 1;
    } else if constexpr (std::signed_integral<T>) {
      const uint64_t number = Number();
      const auto wide = static_cast<int64_t>((number >> 1) ^ (~(number & 1) + 1));
      if (!std::in_range<T>(wide)) return Fail();
      value = static_cast<T>(wide);
    } else if constexpr (std::unsigned_integral<T>) {
      const uint64_t number = Number();
      if (!std::in_range<T>(number)) return Fail();
      value = static_cast<T>(number);
    } else if constexpr (std::same_as<T, double>) {
      if (rest_.size() < sizeof value) return Fail();
      std::memcpy(&value, rest_.data(), sizeof value);
      rest_.remove_prefix(sizeof value);
    } else if constexpr (std::same_as<T, std::string>) {
      const size_t size = Size();
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if constexpr (MapContainer<T>) {
      value.clear();
      for (size_t left = Size(); left > 0 && ok_; --left) {
        typename T::key_type key{};
        typename T::mapped_type mapped{};
        Get(key);
        Get(mapped);
        value.emplace(std::move(key), std::move(mapped));
      }
    } else if constexpr (KeyedContainer<T>) {
      value.clear();
      for (size_t left = Size(); left > 0 && ok_; --left) {
        typename T::key_type key{};
        Get(key);
        value.insert(std::move(key));
      }
    } else if constexpr (SequenceContainer<T>) {
      value.clear();
      for (size_t left = Size(); left > 0 && ok_; --left) Get(value.emplace_back());
    } else {
      GetOther(value);
    }
  }

  template <typename T, size_t N>
  void GetOther(std::array<T, N>& values) {
    for (T& value : values) Get(value);
  }
  template <typename A, typename B>
  void GetOther(std::pair<A, B>& value) {
    Get(value.first);
    Get(value.second);
  }
  template <typename T>
  void GetOther(std::optional<T>& value) {
    bool has = false;
    Get(has);
    if (has) {
      Get(value.emplace());
    } else {
      value.reset();
    }
  }
  template <typename T>
  void GetOther(std::unique_ptr<T>& value) {
    bool has = false;
    Get(has);
    value = has ? std::make_unique<T>() : nullptr;
    if (value) Get(*value);
  }
  template <typename Rep, typename Period>
  void GetOther(std::chrono::duration<Rep, Period>& value) {
    // Far from where a sum or a difference would overflow.
    constexpr Rep kFar = std::numeric_limits<Rep>::max() / 4;
    Rep count{};
    Get(count);
    if (count > kFar || count < -kFar) return Fail();
    value = std::chrono::duration<Rep, Period>(count);
  }
  template <typename Clock, typename Unit>
  void GetOther(std::chrono::time_point<Clock, Unit>& value) {
    Unit since{};
    Get(since);
    value = std::chrono::time_point<Clock, Unit>(since);
  }
  template <typename T>
  void GetOther(T& value) {
    Fields(*this, value);
    if constexpr (requires { IsSound(value); }) {
      if (!IsSound(value)) Fail();
    }
  }

  std::string_view rest_;
  bool ok_ = true;
};

// The bytes of one value, and the value of all of the bytes.
template <typename T>
std::string Encoded(const T& value) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder(value);
  return bytes;
}
template <typename T>
bool Decode(std::string_view bytes, T& value) {
  Decoder decoder(bytes);
  decoder(value);
  return decoder.done();
}

}  // namespace kle
