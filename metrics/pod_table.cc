// SPDX-License-Identifier: Apache-2.0
#include "metrics/pod_table.h"

#include <algorithm>
#include <utility>

namespace kle {

namespace {

// A node's pods, when a restarted kubelet names them all.
constexpr size_t kMaxUnidentified = 256;

NameKey NameOf(const PodFacts& pod) { return {pod.namespace_, pod.name}; }

// The kubelet makes a static pod's UID itself: a hash, without the dashes of the API's.
bool IsStaticUid(std::string_view uid) {
  return uid.size() == 32 && uid.find('-') == std::string_view::npos;
}

// `other`, which has no termination, is the same pod.
void Absorb(PodFacts& pod, const PodFacts& other) {
  const auto learn = [](auto& fact, const auto& told) {
    if (!fact) fact = told;
  };
  learn(pod.is_static, other.is_static);
  learn(pod.removed, other.removed);
  learn(pod.finished, other.finished);
  learn(pod.ended, other.ended);
  learn(pod.readded, other.readded);
  learn(pod.named_at, other.named_at);
  learn(pod.delete_at, other.delete_at);
  learn(pod.remove_at, other.remove_at);
  learn(pod.announced, other.announced);
  learn(pod.announced_at, other.announced_at);
  learn(pod.mount_failed_at, other.mount_failed_at);
  learn(pod.pull_failed_at, other.pull_failed_at);
  for (const ContainerFacts& container : other.containers) {
    if (std::ranges::find(pod.containers, container.id, &ContainerFacts::id) ==
        pod.containers.end()) {
      pod.containers.push_back(container);
    }
  }
  if (pod.failed.failures.empty()) pod.failed = other.failed;
  pod.volumes.insert(pod.volumes.end(), other.volumes.begin(), other.volumes.end());
  learn(pod.startup.added_at, other.startup.added_at);
  learn(pod.startup.sandbox_needed_at, other.startup.sandbox_needed_at);
  learn(pod.startup.pulling_at, other.startup.pulling_at);
  pod.startup.starts_seen += other.startup.starts_seen;
  for (size_t i = 0; i < pod.startup.done.size(); ++i) {
    learn(pod.startup.done[i], other.startup.done[i]);
  }
  pod.last_event_at = std::max(pod.last_event_at, other.last_event_at);
}

}  // namespace

PodFacts* PodTable::FindByUid(std::string_view uid) {
  // The lines of one pod mostly come together.
  if (latest_ != nullptr && latest_->uid == uid) return latest_;
  PodFacts* const pod = by_uid_.Find({uid});
  if (pod != nullptr) latest_ = pod;
  return pod;
}

void PodTable::LearnUid(PodFacts& pod) {
  pod.is_static = pod.is_static || IsStaticUid(pod.uid);
  by_uid_.Set({pod.uid}, pod);
  latest_ = nullptr;
}

PodFacts* PodTable::FindByName(std::string_view namespace_, std::string_view name) {
  return by_name_.Find({namespace_, name});
}

PodFacts* PodTable::FindUnidentified(std::string_view name) {
  PodFacts* only = nullptr;
  bool several = false;
  std::erase_if(unidentified_, [&](uint64_t serial) {
    PodFacts* const pod = FindBySerial(serial);
    if (pod == nullptr || !pod->uid.empty() || pod->removed) return true;
    if (pod->name == name) several = std::exchange(only, pod) != nullptr || several;
    return false;
  });
  return several ? nullptr : only;
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
  if (pod.uid.empty()) {
    NoteUnidentified(pod);
  } else {
    LearnUid(pod);
  }
  if (!pod.namespace_.empty()) by_name_.Set(NameOf(pod), pod);
  return &pod;
}

void PodTable::NoteUnidentified(const PodFacts& pod) {
  if (unidentified_.size() >= kMaxUnidentified) unidentified_.pop_front();
  unidentified_.push_back(pod.serial);
}

PodFacts* PodTable::LearnName(PodFacts& pod, const PodRef& ref) {
  PodFacts* const named = FindByName(ref.namespace_, ref.name);
  if (named != nullptr && named->uid.empty() && !(named->termination && pod.termination)) {
    return Unite(*named, pod);
  }
  pod.namespace_ = ref.namespace_;
  pod.name = ref.name;
  // The next pod of that name takes it over, but no mirror pod from its static pod.
  const bool is_next = named != nullptr && named->serial < pod.serial && !named->is_static &&
                       !IsStaticUid(named->uid);
  if (named == nullptr || is_next) by_name_.Set(NameOf(pod), pod);
  return &pod;
}

PodFacts* PodTable::Unite(PodFacts& named, PodFacts& identified) {
  // Timers lead to what has a termination.
  PodFacts& kept = identified.termination ? identified : named;
  PodFacts& gone = identified.termination ? named : identified;
  kept.namespace_ = named.namespace_;
  kept.name = named.name;
  kept.uid = identified.uid;
  Absorb(kept, gone);
  LearnUid(kept);
  by_name_.Set(NameOf(kept), kept);
  for (const ContainerFacts& container : gone.containers) LearnContainer(container.id, kept);
  Erase(gone);
  return &kept;
}

PodFacts* PodTable::Resolve(const PodRef& ref, bool create) {
  if (ref.uid.empty()) {
    if (ref.namespace_.empty()) return nullptr;
    PodFacts* pod = FindByName(ref.namespace_, ref.name);
    return pod != nullptr || !create ? pod : Create(ref);
  }
  if (PodFacts* pod = FindByUid(ref.uid)) {
    if (pod->is_static && pod->removed && !pod->terminating()) {
      // A static pod whose manifest came back has the UID of its former life, once that is over.
      PodFacts* next = FindByName(pod->namespace_, pod->name);
      if (next != nullptr && next != pod && next->uid.empty()) {
        next->uid = ref.uid;
        LearnUid(*next);
        return next;
      }
    }
    if (pod->namespace_.empty() && !ref.namespace_.empty() && !ref.name.empty()) {
      return LearnName(*pod, ref);
    }
    return pod;
  }
  if (!ref.name.empty()) {
    PodFacts* named =
        ref.namespace_.empty() ? FindUnidentified(ref.name) : FindByName(ref.namespace_, ref.name);
    if (named != nullptr && named->uid.empty()) {
      named->uid = ref.uid;
      LearnUid(*named);
      return named;
    }
    // A mirror pod has its static pod's name and a UID of its own: it must not take the name over.
    if (create && named != nullptr && named->is_static && !IsStaticUid(ref.uid)) {
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
    if (pod.uid.empty()) NoteUnidentified(pod);
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
