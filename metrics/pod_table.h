// SPDX-License-Identifier: Apache-2.0
// Finds a pod by whatever a line names: UID, namespace/name, container or sandbox id.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string_view>
#include <unordered_map>

#include "metrics/pod.h"
#include "metrics/pod_index.h"
#include "parser/codec.h"
#include "parser/values.h"

namespace kle {

// Owns the pods. A pod may be known by its name alone, and by its UID alone, until a line brings
// the two together. A name without a namespace leads to a pod only where no other may be meant.
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

  // Makes `id`, which is one of its containers', lead to `pod`.
  void LearnContainer(std::string_view id, PodFacts& pod);
  // Before the container goes.
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
  // The only pod of that name in any namespace that is there and has no UID yet.
  PodFacts* FindUnidentified(std::string_view name);
  void NoteUnidentified(const PodFacts& pod);
  void LearnUid(PodFacts& pod);
  // `pod`, known by its UID, is called that: it is one with what was known by this name alone.
  PodFacts* LearnName(PodFacts& pod, const PodRef& ref);
  // What is left of the two.
  PodFacts* Unite(PodFacts& named, PodFacts& identified);

  std::list<PodFacts> pods_;
  std::unordered_map<uint64_t, std::list<PodFacts>::iterator> by_serial_;
  PodIndex<UidKey> by_uid_;
  PodIndex<NameKey> by_name_;
  PodIndex<ContainerKey> by_container_;
  std::deque<uint64_t> unidentified_;  // the last pods that a name alone made known, by serial
  PodFacts* latest_ = nullptr;         // what FindByUid found last; null once that may have changed
  uint64_t next_serial_ = 1;
};

}  // namespace kle
