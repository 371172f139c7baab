// SPDX-License-Identifier: Apache-2.0
// "host:port", "[::1]:port" or ":port" as what to listen on.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace kle {

// One address and port, IPv4 or IPv6.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool ipv6() const { return storage.ss_family == AF_INET6; }
  uint16_t port() const;  // 0: any free one
  void set_port(uint16_t port);
  std::string Text() const;  // "127.0.0.1:80", "[::1]:80"
};

struct ListenAddress {
  std::string text;  // as given
  // One; for ":port" two, the second of which is every IPv6 address: left out on a node without.
  std::vector<Endpoint> endpoints;
};

// The error does not say which flag or key it was given to.
[[nodiscard]] Result<ListenAddress> ParseListenAddress(const std::string& text);

// A descriptor that listens. Its error says what to do about a port that is taken.
[[nodiscard]] Result<int> Listen(const Endpoint& endpoint, const std::string& text);

// Whether sockets of IPv6 can be had at all.
bool HasIpv6();

}  // namespace kle
