// SPDX-License-Identifier: Apache-2.0
// The HTTP server: each address by the library that can, our own handlers behind all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exporter/http_backend.h"
#include "exporter/http_responder.h"
#include "exporter/listen_address.h"
#include "exporter/live_web_config.h"
#include "exporter/result.h"
#include "exporter/snapshot.h"

namespace kle {

struct HttpOptions {
  std::vector<ListenAddress> addresses;
  std::string telemetry_path = "/metrics";
  // May be null: plain and open to all. Must outlive the server. Whether it has TLS when the
  // server starts decides for as long as that lives.
  const LiveWebConfig* web = nullptr;
  // Only /-/healthy and /-/ready, by few threads of their own: stalled scrapers cannot take them.
  bool probes_only = false;
};

class HttpServer {
 public:
  // Listens when this returns. `snapshots` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options,
                                                                 const SnapshotBox& snapshots);

  // In the order of the addresses; tells which port a 0 became.
  const std::vector<uint16_t>& ports() const { return ports_; }

 private:
  HttpServer(const HttpOptions& options, const SnapshotBox& snapshots)
      : responder_(snapshots, options.web, options.telemetry_path, options.probes_only) {}
  Result<void> StartPlainIpv4(const HttpOptions& options);
  Result<void> StartOthers(const HttpOptions& options);

  HttpResponder responder_;
  std::vector<uint16_t> ports_;
  std::vector<std::unique_ptr<HttpBackend>> backends_;  // last: they use the responder
};

}  // namespace kle
