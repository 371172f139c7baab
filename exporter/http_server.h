// SPDX-License-Identifier: Apache-2.0
// The HTTP server: civetweb's sockets and threads, our own handlers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exporter/listen_address.h"
#include "exporter/result.h"
#include "exporter/snapshot.h"
#include "exporter/web_config.h"

namespace kle {

struct HttpOptions {
  std::vector<ListenAddress> addresses;
  std::string telemetry_path = "/metrics";
  WebConfig web;
  // Only /-/healthy and /-/ready, by few threads of their own: stalled scrapers cannot take them.
  bool probes_only = false;
};

class HttpServer {
 public:
  // Listens when this returns. `snapshots` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Start(HttpOptions options,
                                                                 const SnapshotBox& snapshots);
  ~HttpServer();  // waits for the requests under way
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // In the order of the addresses; tells which port a 0 became.
  std::vector<uint16_t> ports() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  void Stop();
  std::unique_ptr<Impl> impl_;
};

}  // namespace kle
