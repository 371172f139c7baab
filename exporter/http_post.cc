// SPDX-License-Identifier: Apache-2.0
#include "exporter/http_post.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "exporter/build_info.h"
#include "exporter/descriptor.h"

namespace kle {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostOfAnAnswer = 4096;
constexpr int kSliceMillis = 100;

struct Patience {
  Clock::time_point until;
  const std::atomic<bool>& stop;

  bool over() const { return Clock::now() >= until || stop.load(std::memory_order_relaxed); }
};

Error Trouble(const HttpEndpoint& endpoint, std::string_view what, int error) {
  return SystemError(what, endpoint.host + ":" + endpoint.port, error);
}

// What a resolver finds, in its own time.
struct Lookup {
  ~Lookup() {
    if (addresses != nullptr) freeaddrinfo(addresses);
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  int code = 0;
  addrinfo* addresses = nullptr;
};

// getaddrinfo knows no end of patience: it runs on a thread of its own, which is left to itself
// then.
Result<std::shared_ptr<Lookup>> Find(const HttpEndpoint& endpoint, const Patience& patience) {
  const auto lookup = std::make_shared<Lookup>();
  const auto look = [lookup, host = endpoint.host, port = endpoint.port] {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int code = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
    const std::lock_guard lock(lookup->mutex);
    lookup->code = code;
    lookup->addresses = found;
    lookup->done = true;
    lookup->changed.notify_all();
  };
  try {
    std::thread(look).detach();
  } catch (const std::system_error& error) {  // no room for a thread
    return Error("cannot find " + endpoint.host + ": " + error.what());
  }
  std::unique_lock lock(lookup->mutex);
  while (!lookup->done && !patience.over()) {
    lookup->changed.wait_for(lock, std::chrono::milliseconds(kSliceMillis));
  }
  if (!lookup->done)
    return Error("cannot find " + endpoint.host + ": the resolver does not answer");
  if (lookup->code != 0) {
    return Error("cannot find " + endpoint.host + ": " + gai_strerror(lookup->code));
  }
  return lookup;
}

// Whether the socket is ready for `events` before patience ends.
Result<void> Await(const Descriptor& socket, short events, const HttpEndpoint& endpoint,
                   const Patience& patience) {
  while (true) {
    if (patience.over()) return Trouble(endpoint, "no answer from", ETIMEDOUT);
    pollfd wait{*socket, events, 0};
    const int ready = poll(&wait, 1, kSliceMillis);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Trouble(endpoint, "cannot wait for", errno);
  }
}

Result<void> Connect(const Descriptor& socket, const addrinfo& address,
                     const HttpEndpoint& endpoint, const Patience& patience) {
  if (connect(*socket, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return Trouble(endpoint, "cannot connect to", errno);
  if (auto ready = Await(socket, POLLOUT, endpoint, patience); !ready) return ready;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(*socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Trouble(endpoint, "cannot connect to", error);
  return {};
}

Result<void> Send(const Descriptor& socket, std::string_view bytes, const HttpEndpoint& endpoint,
                  const Patience& patience) {
  while (!bytes.empty()) {
    const ssize_t sent = send(*socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ready = Await(socket, POLLOUT, endpoint, patience); !ready) return ready;
    } else {
      return Trouble(endpoint, "cannot write to", errno);
    }
  }
  return {};
}

// Of "HTTP/1.1 200 OK".
Result<int> Status(const Descriptor& socket, const HttpEndpoint& endpoint,
                   const Patience& patience) {
  std::string answer;
  while (answer.find("\r\n") == answer.npos && answer.size() < kMostOfAnAnswer) {
    if (auto ready = Await(socket, POLLIN, endpoint, patience); !ready) return ready.error();
    std::array<char, 1024> room{};
    const ssize_t got = recv(*socket, room.data(), room.size(), 0);
    if (got > 0) {
      answer.append(room.data(), static_cast<size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return Trouble(endpoint, "no answer from", got == 0 ? ECONNRESET : errno);
    }
  }
  const size_t blank = answer.find(' ');
  if (answer.starts_with("HTTP/1.") && answer.size() >= blank + 4) {
    const int status = std::atoi(answer.c_str() + blank + 1);
    if (status >= 100 && status < 600) return status;
  }
  return Error(endpoint.host + ":" + endpoint.port + " does not answer as HTTP does");
}

}  // namespace

Result<HttpEndpoint> ParseEndpoint(std::string_view url) {
  const std::string advice = ": try http://localhost:4318/v1/traces";
  if (url.starts_with("https://")) {
    return Error(std::string(url) +
                 ": TLS is not spoken here: give a collector on this node by http://");
  }
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return Error("\"" + std::string(url) + "\" is no URL" + advice);
  const std::string_view rest = url.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find('/'));
  HttpEndpoint endpoint;
  endpoint.path = authority.size() < rest.size() ? rest.substr(authority.size()) : "/";
  size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == authority.npos) return Error(std::string(url) + " lacks a ]" + advice);
    endpoint.host = authority.substr(1, end - 1);
    colon = end + 1 < authority.size() ? end + 1 : authority.npos;
  } else {
    endpoint.host = authority.substr(0, colon);
  }
  endpoint.port = colon == authority.npos ? "80" : authority.substr(colon + 1);
  uint16_t port = 0;
  const char* const port_end = endpoint.port.data() + endpoint.port.size();
  const auto parsed = std::from_chars(endpoint.port.data(), port_end, port);
  const bool port_known = parsed.ec == std::errc() && parsed.ptr == port_end && port > 0;
  const bool odd = std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' '; });
  if (endpoint.host.empty() || !port_known || odd) {
    return Error("\"" + std::string(url) + "\" is no URL" + advice);
  }
  return endpoint;
}

Result<int> HttpPost(const HttpEndpoint& endpoint, std::string_view type, std::string_view body,
                     std::chrono::milliseconds timeout, const std::atomic<bool>& stop) {
  const Patience patience{Clock::now() + timeout, stop};
  auto found = Find(endpoint, patience);
  if (!found) return found.error();
  const bool bare = endpoint.host.find(':') == std::string::npos;
  const std::string host = bare ? endpoint.host : "[" + endpoint.host + "]";
  std::string head = "POST " + endpoint.path + " HTTP/1.1\r\nHost: " + host + ":" + endpoint.port;
  head.append("\r\nUser-Agent: kubelet-lifecycle-exporter/").append(Version());
  head.append("\r\nContent-Type: ").append(type).append("\r\nConnection: close\r\n");
  head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  Error last("cannot find " + endpoint.host);
  for (const addrinfo* address = (*found)->addresses; address != nullptr;
       address = address->ai_next) {
    const Descriptor socket(::socket(address->ai_family,
                                     address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                     address->ai_protocol));
    if (*socket < 0) continue;
    if (auto connected = Connect(socket, *address, endpoint, patience); !connected) {
      last = connected.error();
      continue;
    }
    if (auto sent = Send(socket, head, endpoint, patience); !sent) return sent.error();
    if (auto sent = Send(socket, body, endpoint, patience); !sent) return sent.error();
    return Status(socket, endpoint, patience);
  }
  return last;
}

}  // namespace kle
