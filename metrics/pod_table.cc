// SPDX-License-Identifier: Apache-2.0
#include "metrics/pod_table.h"

#include "metrics/state_fields.h"

namespace kle {

namespace {

NameKey NameOf(const PodFacts& pod) { return {pod.namespace_, pod.name}; }

}  // namespace

PodFacts* PodTable::FindByUid(std::string_view uid) {
  // The lines of one pod mostly come together.
  if (latest_ != nullptr && latest_->uid == uid) return latest_;
  PodFacts* const pod = by_uid_.Find({uid});
  if (pod != nullptr) latest_ = pod;
  return pod;
}

void PodTable::LearnUid(PodFacts& pod) {
  by_uid_.Set({pod.uid}, pod);
  latest_ = nullptr;
}

PodFacts* PodTable::FindByName(std::string_view namespace_, std::string_view name) {
  return by_name_.Find({namespace_, name});
}

PodFacts* PodTable::FindByContainer(std::string_view id) { return by_container_.Find({id}); }

PodFacts* PodTable::FindBySerial(uint64_t serial) {
  const auto it = by_serial_.find(serial);
  return it == by_serial_.end() ? nullptr : &*it->second;
}

PodFacts* PodTable::Create(const PodRef& ref) {
  PodFacts& pod = pods_.emplace_back();
  pod.serial = next_serial_++;
  pod.namespace_ = ref.namespace_;
  pod.name = ref.name;
  pod.uid = ref.uid;
  by_serial_[pod.serial] = std::prev(pods_.end());
  if (!pod.uid.empty()) LearnUid(pod);
  if (!pod.name.empty()) by_name_.Set(NameOf(pod), pod);
  return &pod;
}

PodFacts* PodTable::Resolve(const PodRef& ref, bool create) {
  if (ref.uid.empty()) {
    if (ref.name.empty()) return nullptr;
    PodFacts* pod = FindByName(ref.namespace_, ref.name);
    return pod != nullptr || !create ? pod : Create(ref);
  }
  if (PodFacts* pod = FindByUid(ref.uid)) {
    if (pod->is_static && pod->removed) {
      // A static pod whose manifest came back has the UID of its former life.
      PodFacts* next = FindByName(pod->namespace_, pod->name);
      if (next != nullptr && next != pod && next->uid.empty()) {
        next->uid = ref.uid;
        LearnUid(*next);
        return next;
      }
    }
    if (pod->name.empty() && !ref.name.empty() && !ref.namespace_.empty()) {
      pod->namespace_ = ref.namespace_;
      pod->name = ref.name;
      // A SyncLoop line may have made a pod of that name already: nothing is lost by keeping it,
      // it had no UID and so no life of its own.
      if (by_name_.Find(NameOf(*pod)) == nullptr) by_name_.Set(NameOf(*pod), *pod);
    }
    return pod;
  }
  if (!ref.name.empty()) {
    PodFacts* named = FindByName(ref.namespace_, ref.name);
    if (named != nullptr && named->uid.empty()) {
      named->uid = ref.uid;
      LearnUid(*named);
      return named;
    }
    // A mirror pod has its static pod's name and a UID of its own: it must not take the name over.
    if (create && named != nullptr && named->is_static) {
      PodFacts* mirror = Create({{}, {}, ref.uid});
      return mirror;
    }
  }
  return create ? Create(ref) : nullptr;
}

void PodTable::LearnContainer(std::string_view id, PodFacts& pod) { by_container_.Set({id}, pod); }

void PodTable::ForgetContainer(std::string_view id, const PodFacts& pod) {
  by_container_.Erase({id}, pod);
}

void PodTable::Erase(PodFacts& pod) {
  latest_ = nullptr;
  by_uid_.Erase({pod.uid}, pod);
  by_name_.Erase(NameOf(pod), pod);
  for (const ContainerFacts& container : pod.containers) ForgetContainer(container.id, pod);
  const auto it = by_serial_.find(pod.serial);
  pods_.erase(it->second);
  by_serial_.erase(it);
}

void PodTable::Save(Encoder& encoder) const {
  encoder(next_serial_, pods_.size());
  for (const PodFacts& pod : pods_) {
    encoder(pod, by_uid_.Leads({pod.uid}, pod), by_name_.Leads(NameOf(pod), pod));
    for (const ContainerFacts& container : pod.containers) {
      encoder(by_container_.Leads({container.id}, pod));
    }
  }
}

bool PodTable::Restore(Decoder& decoder) {
  size_t size = 0;
  decoder(next_serial_, size);
  for (; size > 0 && decoder.ok(); --size) {
    PodFacts& pod = pods_.emplace_back();
    bool by_uid = false;
    bool by_name = false;
    decoder(pod, by_uid, by_name);
    if (pod.serial >= next_serial_ ||
        !by_serial_.emplace(pod.serial, std::prev(pods_.end())).second)
      return false;
    if (by_uid) LearnUid(pod);
    if (by_name) by_name_.Set(NameOf(pod), pod);
    for (const ContainerFacts& container : pod.containers) {
      bool by_id = false;
      decoder(by_id);
      if (by_id) LearnContainer(container.id, pod);
    }
  }
  return decoder.ok();
}

}  // namespace kle
