// SPDX-License-Identifier: Apache-2.0
#include "exporter/http_server.h"

#include <utility>

#include "exporter/log.h"

namespace kle {
namespace {

bool Tls(const HttpOptions& options) {
  return options.web != nullptr && options.web->Get()->tls != nullptr;
}

}  // namespace

// All addresses share civetweb's threads.
Result<void> HttpServer::StartPlainIpv4(const HttpOptions& options) {
  std::vector<Endpoint> endpoints;
  std::vector<size_t> of_address;
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    for (const Endpoint& endpoint : options.addresses[i].endpoints) {
      if (endpoint.ipv6() || Tls(options)) continue;
      endpoints.push_back(endpoint);
      of_address.push_back(i);
    }
  }
  if (endpoints.empty()) return {};
  auto backend = StartCivetweb(endpoints, responder_);
  if (!backend) return backend.error();
  const auto ports = (*backend)->ports();
  for (size_t i = 0; i < ports.size(); ++i) ports_[of_address[i]] = ports[i];
  backends_.push_back(std::move(*backend));
  return {};
}

Result<void> HttpServer::StartOthers(const HttpOptions& options) {
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    const ListenAddress& address = options.addresses[i];
    for (Endpoint endpoint : address.endpoints) {
      if (!endpoint.ipv6() && !Tls(options)) continue;
      if (endpoint.ipv6() && address.endpoints.size() > 1 && !HasIpv6()) {
        Log(LogLevel::kInfo, "no IPv6 on this node: listening on IPv4 alone",
            {{"address", address.text}});
        continue;
      }
      if (endpoint.port() == 0) endpoint.set_port(ports_[i]);  // IPv4's, if that was first
      auto backend = StartMicrohttpd(endpoint, address.text, responder_);
      if (!backend) return backend.error();
      ports_[i] = (*backend)->ports().front();
      backends_.push_back(std::move(*backend));
    }
  }
  return {};
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                      const SnapshotBox& snapshots) {
  std::unique_ptr<HttpServer> server(new HttpServer(options, snapshots));
  server->ports_.resize(options.addresses.size());
  if (auto started = server->StartPlainIpv4(options); !started) return started.error();
  if (auto started = server->StartOthers(options); !started) return started.error();
  return server;
}

}  // namespace kle
