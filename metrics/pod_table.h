// SPDX-License-Identifier: Apache-2.0
// Finds a pod by whatever a line names: UID, namespace/name, container or sandbox id.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "metrics/pod.h"
#include "parser/codec.h"
#include "parser/values.h"

namespace kle {

// Owns the pods. A pod may be known by its name alone until a line brings name and UID together.
// References stay valid until the pod is erased.
class PodTable {
 public:
  PodFacts* FindByUid(std::string_view uid);
  // The pod that holds the name now, or held it last.
  PodFacts* FindByName(std::string_view namespace_, std::string_view name);
  PodFacts* FindByContainer(std::string_view id);
  PodFacts* FindBySerial(uint64_t serial);

  // By UID, else by name; a known UID learns its name and the other way round. Null when `ref` is
  // empty or nothing is known and `create` is false.
  PodFacts* Resolve(const PodRef& ref, bool create);

  // A new pod that takes the name over from whoever held it.
  PodFacts* Create(const PodRef& ref);

  // Makes `id` lead to `pod`.
  void LearnContainer(std::string_view id, PodFacts& pod);

  void ForgetContainer(std::string_view id, const PodFacts& pod);

  void Erase(PodFacts& pod);
  size_t size() const { return pods_.size(); }
  // For the state file: the pods and what leads to each.
  void Save(Encoder& encoder) const;
  // Into an empty table. False when the bytes make no table; it is of no use then.
  bool Restore(Decoder& decoder);

  // Oldest first.
  std::list<PodFacts>& pods() { return pods_; }
  const std::list<PodFacts>& pods() const { return pods_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <typename Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void LearnUid(PodFacts& pod);
  std::string_view NameKey(std::string_view namespace_, std::string_view name);

  std::list<PodFacts> pods_;
  std::unordered_map<uint64_t, std::list<PodFacts>::iterator> by_serial_;
  Map<PodFacts*> by_uid_;
  Map<PodFacts*> by_name_;
  Map<PodFacts*> by_container_;
  PodFacts* latest_ = nullptr;  // what FindByUid found last; null once that may have changed
  std::string key_;             // reused, so that a look-up allocates nothing
  uint64_t next_serial_ = 1;
};

}  // namespace kle
