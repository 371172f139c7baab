// SPDX-License-Identifier: Apache-2.0
// What systemd is told when it runs the exporter as a service of Type=notify; nothing otherwise.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace kle {

class Notifier {
 public:
  Notifier();

  void Ready();
  void Stopping();
  // One line for `systemctl status`; any thread. Told only when it changes.
  void Status(std::string text);
  // From the thread that does the work, while it does: systemd restarts a service that stops saying
  // so (WatchdogSec=).
  void Alive();

  // How often Alive is wanted; 0 when it is not.
  std::chrono::milliseconds alive_every() const { return alive_every_; }

 private:
  std::chrono::milliseconds alive_every_{0};
  std::mutex mutex_;
  std::string status_;
};

}  // namespace kle
