// SPDX-License-Identifier: Apache-2.0
#include "exporter/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "exporter/descriptor.h"

namespace kle {
namespace {

Endpoint EveryIpv4() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, &address, sizeof address);
  endpoint.size = sizeof address;
  return endpoint;
}

Endpoint EveryIpv6() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, &address, sizeof address);
  endpoint.size = sizeof address;
  return endpoint;
}

// As Go does: of a name's addresses the first of IPv4, else the first.
Result<Endpoint> Resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return Error("cannot resolve " + host + ": " + gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const addrinfo* chosen = found;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      chosen = each;
      break;
    }
  }
  Endpoint endpoint;
  if (chosen->ai_addrlen > sizeof endpoint.storage) return Error("cannot use " + host);
  std::memcpy(&endpoint.storage, chosen->ai_addr, chosen->ai_addrlen);
  endpoint.size = chosen->ai_addrlen;
  return endpoint;
}

// Nothing when the brackets are wrong.
std::optional<std::string> Host(const std::string& text) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return std::nullopt;
    return text.substr(1, text.size() - 2);
  }
  if (text.find_first_of(":[]") != std::string::npos) return std::nullopt;
  return text;
}

std::string_view Advice(const Endpoint& endpoint, int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program listens there (`ss -ltnp` names it): stop it or give another address";
    case EACCES:
      return "ports below 1024 need CAP_NET_BIND_SERVICE: give another address";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return endpoint.ipv6()
                 ? "this node has no such address, or no IPv6 (sysctl "
                   "net.ipv6.conf.all.disable_ipv6): "
                   "give another address"
                 : "this node has no such address: `ip address` lists those that it has";
    default:
      return "give another address";
  }
}

}  // namespace

uint16_t Endpoint::port() const {
  return ntohs(ipv6() ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                      : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

void Endpoint::set_port(uint16_t port) {
  if (ipv6()) {
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  }
}

std::string Endpoint::Text() const {
  std::array<char, NI_MAXHOST> host{};
  getnameinfo(address(), size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  const std::string name(host.data());
  return (ipv6() ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::string quoted = "\"" + text + "\"";
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return Error(quoted + " has no port: write host:port or :port");
  }
  const auto host = Host(text.substr(0, colon));
  if (!host) {
    return Error(quoted + " is no address: an IPv6 address stands in brackets, like [::1]:10298");
  }
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return Error(quoted + " has no valid port: give a number from 0 to 65535");
  }
  ListenAddress address;
  address.text = text;
  if (host->empty()) {
    address.endpoints = {EveryIpv4(), EveryIpv6()};
  } else {
    auto endpoint = Resolve(*host);
    if (!endpoint) return endpoint.error();
    address.endpoints = {*endpoint};
  }
  for (Endpoint& endpoint : address.endpoints) endpoint.set_port(port);
  return address;
}

Result<int> Listen(const Endpoint& endpoint, const std::string& text) {
  const std::string what = text == endpoint.Text() ? text : text + " (" + endpoint.Text() + ")";
  const int fd = socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return SystemError("cannot listen on", what, errno, Advice(endpoint, errno));
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // IPv4 has a socket of its own.
  if (endpoint.ipv6()) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, endpoint.address(), endpoint.size) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return SystemError("cannot listen on", what, error, Advice(endpoint, error));
}

bool HasIpv6() {
  const Descriptor tried(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Endpoint any = EveryIpv6();
  return *tried >= 0 && bind(*tried, any.address(), any.size) == 0;
}

}  // namespace kle
