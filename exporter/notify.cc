// SPDX-License-Identifier: Apache-2.0
#include "exporter/notify.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace kle {
namespace {

// A sign of life that is late by half the limit is still in time.
constexpr uint64_t kSignsPerLimit = 4;

}  // namespace

Notifier::Notifier() {
  uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) > 0) {
    alive_every_ =
        std::chrono::milliseconds(std::max<uint64_t>(limit_us / 1000 / kSignsPerLimit, 1));
  }
}

void Notifier::Ready() { sd_notify(0, "READY=1"); }

void Notifier::Stopping() { sd_notify(0, "STOPPING=1"); }

void Notifier::Status(std::string text) {
  // A line break would begin another assignment.
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  const std::lock_guard lock(mutex_);
  if (text == status_) return;
  status_ = std::move(text);
  sd_notify(0, ("STATUS=" + status_).c_str());
}

void Notifier::Alive() {
  if (alive_every_.count() > 0) sd_notify(0, "WATCHDOG=1");
}

}  // namespace kle
