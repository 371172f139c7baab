// SPDX-License-Identifier: Apache-2.0
// The web configuration as it is now: read again when it, or a certificate that it names, changes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporter/basic_auth.h"
#include "exporter/problem.h"
#include "exporter/tls_context.h"
#include "exporter/web_config.h"

namespace kle {

// One good reading of it; immutable but for what `auth` remembers.
struct WebState {
  WebConfig config;
  std::shared_ptr<BasicAuth> auth;
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
};

// Reads the file and what it names; "" is no file: plain and open to all. Null when something is
// wrong, added to `problems`.
std::shared_ptr<const WebState> LoadWebState(const std::string& path, Problems& problems);

// Any thread.
class LiveWebConfig {
 public:
  // `state` as read from `path`. Unless that is empty, a thread of its own looks at the files
  // every second from now on, until this is destroyed.
  LiveWebConfig(std::string path, std::shared_ptr<const WebState> state);
  ~LiveWebConfig();
  LiveWebConfig(const LiveWebConfig&) = delete;
  LiveWebConfig& operator=(const LiveWebConfig&) = delete;

  std::shared_ptr<const WebState> Get() const;

  // Reads it now, from `path` from now on. False: what was there before goes on; it is logged.
  bool Reload(const std::string& path);

  struct Health {
    bool good = true;  // the files as they are could be read
    std::chrono::system_clock::time_point last_success = std::chrono::system_clock::now();
  };
  Health health() const;

 private:
  using Fingerprint = std::string;

  void StartToWatch();
  void Watch();
  // Once the files are seen to have changed.
  void Look();
  bool Read(bool say);
  void WarnOfExpiry();
  Fingerprint FingerprintOf(const WebState& state) const;

  mutable std::mutex mutex_;  // of what follows
  std::shared_ptr<const WebState> state_;
  Health health_;

  std::mutex reading_;  // of what follows
  std::string path_;
  Fingerprint seen_;
  bool retried_ = true;  // after the last failure
  std::string said_;
  std::string expiry_said_;

  std::mutex ending_mutex_;
  std::condition_variable ending_changed_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kle
