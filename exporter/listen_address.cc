// SPDX-License-Identifier: Apache-2.0
#include "exporter/listen_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

namespace kle {

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::string flag = "--web.listen-address=" + text;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Error(flag + " has no port: write host:port or :port");
  const std::string host = text.substr(0, colon);
  ListenAddress address{text, 0, 0};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return Error(flag + " has no valid port: give a number from 0 to 65535");
  }
  if (host.find(':') != std::string::npos) {
    return Error(flag + ": this build's HTTP library has no IPv6: use 0.0.0.0:" +
                 std::to_string(address.port) + " or put a proxy in front");
  }
  if (host.empty()) return address;
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return Error(flag + ": cannot resolve " + host + " to an IPv4 address: " + gai_strerror(code));
  }
  address.ipv4 = reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr.s_addr;
  freeaddrinfo(found);
  return address;
}

}  // namespace kle
