// SPDX-License-Identifier: Apache-2.0
// Pods by something that each of them holds itself. The table keeps hashes and pointers alone, side
// by side: of ten thousand pods a look-up touches one line of it and then the pod that it is for,
// where std::unordered_map goes by bucket, node and key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/pod.h"

namespace kle {

// `Key` is what pods are looked for by: Key::hash(), and Key::IsOf(pod), which must stay true as
// long as the pod is found by it.
template <typename Key>
class PodIndex {
 public:
  PodFacts* Find(const Key& key) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[Place(key, key.hash())];
    return slot.pod;
  }

  // Whether `key` leads to this very pod.
  bool Leads(const Key& key, const PodFacts& pod) const { return Find(key) == &pod; }

  // From now on `key` leads to `pod`, whatever it led to before.
  void Set(const Key& key, PodFacts& pod) {
    if ((used_ + 1) * 4 > slots_.size() * 3) Grow();
    const size_t hash = key.hash();
    Slot& slot = slots_[Place(key, hash)];
    if (slot.pod == nullptr) ++used_;
    slot = {hash, &pod};
  }

  // Unless it leads to another pod.
  void Erase(const Key& key, const PodFacts& pod) {
    if (slots_.empty()) return;
    size_t hole = Place(key, key.hash());
    if (slots_[hole].pod != &pod) return;
    --used_;
    // What was put behind it for want of room moves up.
    for (size_t at = Next(hole); slots_[at].pod != nullptr; at = Next(at)) {
      const size_t home = slots_[at].hash & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }

 private:
  struct Slot {
    size_t hash = 0;
    PodFacts* pod = nullptr;
  };
  static constexpr size_t kFirst = 64;

  size_t mask() const { return slots_.size() - 1; }
  size_t Next(size_t at) const { return (at + 1) & mask(); }

  // Where the key's pod is, or would be put.
  size_t Place(const Key& key, size_t hash) const {
    size_t at = hash & mask();
    while (slots_[at].pod != nullptr && (slots_[at].hash != hash || !key.IsOf(*slots_[at].pod))) {
      at = Next(at);
    }
    return at;
  }

  void Grow() {
    const std::vector<Slot> before =
        std::exchange(slots_, std::vector<Slot>(slots_.empty() ? kFirst : slots_.size() * 2));
    for (const Slot& slot : before) {
      if (slot.pod == nullptr) continue;
      size_t at = slot.hash & mask();
      while (slots_[at].pod != nullptr) at = Next(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two, or none
  size_t used_ = 0;
};

// UIDs, names and ids are short: eight bytes at a time, the last of them once more at the end.
inline size_t HashOf(std::string_view text) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  constexpr size_t kWord = sizeof(uint64_t);
  uint64_t hash = text.size() * kOdd;
  const auto add = [&hash](const char* at, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, at, size);
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 32;
  };
  if (text.size() < kWord) {
    if (!text.empty()) add(text.data(), text.size());
    return hash;
  }
  const char* const last = text.data() + text.size() - kWord;
  for (const char* at = text.data(); at < last; at += kWord) add(at, kWord);
  add(last, kWord);
  return hash;
}

struct UidKey {
  std::string_view uid;
  size_t hash() const { return HashOf(uid); }
  bool IsOf(const PodFacts& pod) const { return pod.uid == uid; }
};

struct NameKey {
  std::string_view namespace_;
  std::string_view name;
  size_t hash() const { return HashOf(name) ^ HashOf(namespace_) * 31; }
  bool IsOf(const PodFacts& pod) const { return pod.name == name && pod.namespace_ == namespace_; }
};

// A container's or a sandbox's id.
struct ContainerKey {
  std::string_view id;
  size_t hash() const { return HashOf(id); }
  bool IsOf(const PodFacts& pod) const {
    for (const ContainerFacts& container : pod.containers) {
      if (container.id == id) return true;
    }
    return false;
  }
};

}  // namespace kle
