// SPDX-License-Identifier: Apache-2.0
#include "exporter/http_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <thread>
#include <tuple>
#include <utility>

#include "exporter/basic_auth.h"
#include "exporter/web_handlers.h"

namespace kle {
namespace {

// A stalled client holds a thread until its time is out: fifty of them must leave some for the
// rest. An idle thread costs some 12 KB.
constexpr const char* kThreads = "96";
constexpr const char* kProbeThreads = "4";
constexpr const char* kTimeoutMs = "1500";
constexpr const char* kRequestBytes = "4096";

std::string Numeric(const ListenAddress& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const in_addr ip{address.ipv4};
  inet_ntop(AF_INET, &ip, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(address.port);
}

sockaddr_in SocketAddress(const ListenAddress& address) {
  sockaddr_in socket_address{};
  socket_address.sin_family = AF_INET;
  socket_address.sin_port = htons(address.port);
  socket_address.sin_addr.s_addr = address.ipv4;
  return socket_address;
}

void Touch(const ListenAddress& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const sockaddr_in target = SocketAddress(address);
  std::ignore = connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target);
  close(fd);
}

// civetweb tells only that a port failed, not why: try it first.
Result<void> CheckFree(const ListenAddress& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return SystemError("cannot make a socket", "", errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in socket_address = SocketAddress(address);
  const bool bound =
      bind(fd, reinterpret_cast<const sockaddr*>(&socket_address), sizeof socket_address) == 0 &&
      listen(fd, 1) == 0;
  const int error = errno;
  close(fd);
  if (bound) return {};
  const char* advice = "give another --web.listen-address";
  if (error == EADDRINUSE)
    advice = "stop the program that listens there or give another --web.listen-address";
  if (error == EACCES)
    advice = "ports below 1024 need CAP_NET_BIND_SERVICE: give another --web.listen-address";
  return SystemError("cannot listen on", address.text, error, advice);
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpOptions given, const SnapshotBox& box)
      : options(std::move(given)), snapshots(box), auth(options.web.users) {}

  static int OnRequest(mg_connection* connection) noexcept {
    const mg_request_info* info = mg_get_request_info(connection);
    try {
      return static_cast<Impl*>(info->user_data)->Handle(connection, *info);
    } catch (const std::exception&) {  // memory ran out
      mg_send_http_error(connection, 503, "%s", "");
      return 503;
    }
  }

  static int OnLog(const mg_connection*, const char*) { return 1; }  // says nothing of its own

  int Handle(mg_connection* connection, const mg_request_info& info) {
    HttpRequest request;
    request.method = info.request_method;
    request.path = info.local_uri_raw != nullptr ? info.local_uri_raw : "";
    request.query = info.query_string != nullptr ? info.query_string : "";
    const char* if_none_match = mg_get_header(connection, "If-None-Match");
    request.if_none_match = if_none_match != nullptr ? if_none_match : "";
    HttpResponse response;
    const char* authorization = mg_get_header(connection, "Authorization");
    if (auth.required() && (authorization == nullptr || !auth.Allows(authorization))) {
      response.status = 401;
      response.body = "Unauthorized\n";
      response.headers.emplace_back("WWW-Authenticate", "Basic");
    } else {
      response = options.probes_only ? AnswerProbe(request, *snapshots.Get())
                                     : Answer(request, *snapshots.Get(), options.telemetry_path);
    }
    Send(connection, response, request.method == "HEAD");
    return response.status;
  }

  void Send(mg_connection* connection, const HttpResponse& response, bool head_only) const {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head.append(StatusText(response.status)).append("\r\nContent-Type: ");
    head.append(response.content_type).append("\r\nContent-Length: ");
    head.append(std::to_string(response.body.size()));
    head +=
        "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    for (const auto& headers : {response.headers, options.web.headers}) {
      for (const auto& [name, value] : headers) {
        head.append(name).append(": ").append(value).append("\r\n");
      }
    }
    head += "\r\n";
    if (mg_write(connection, head.data(), head.size()) <= 0 || head_only) return;
    mg_write(connection, response.body.data(), response.body.size());
  }

  HttpOptions options;
  const SnapshotBox& snapshots;
  BasicAuth auth;
  mg_context* context = nullptr;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  if (impl_->context != nullptr) Stop();
  mg_exit_library();
}

// civetweb looks at its stop flag only after a connection, or two seconds: connect until it did.
void HttpServer::Stop() {
  const auto open = ports();
  std::jthread waker([&](const std::stop_token& done) {
    while (!done.stop_requested() && !open.empty()) {
      ListenAddress address = impl_->options.addresses.front();
      address.port = open.front();
      if (address.ipv4 == 0) address.ipv4 = htonl(INADDR_LOOPBACK);
      Touch(address);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  mg_stop(impl_->context);
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpOptions options,
                                                      const SnapshotBox& snapshots) {
  std::string listening;
  for (const ListenAddress& address : options.addresses) {
    if (auto free = CheckFree(address); !free) return free.error();
    if (!listening.empty()) listening += ",";
    listening += Numeric(address);
  }
  auto impl = std::make_unique<Impl>(std::move(options), snapshots);
  mg_init_library(0);
  // clang-format off
  std::array<const char*, 13> settings{
      "listening_ports", listening.c_str(),
      "num_threads", impl->options.probes_only ? kProbeThreads : kThreads,
      "request_timeout_ms", kTimeoutMs,
      "max_request_size", kRequestBytes,
      "enable_keep_alive", "no",
      "decode_url", "no",  // /metrics%00 is not /metrics
      nullptr};
  // clang-format on
  mg_callbacks callbacks{};
  callbacks.begin_request = &Impl::OnRequest;
  callbacks.log_message = &Impl::OnLog;
  mg_init_data init{&callbacks, impl.get(), settings.data()};
  std::array<char, 256> text{};
  mg_error_data error{};  // by name, and without its code: these differ between civetweb's versions
  error.text = text.data();
  error.text_buffer_size = text.size();
  impl->context = mg_start2(&init, &error);
  if (impl->context == nullptr) {
    mg_exit_library();
    return Error("cannot listen on " + listening + ": " + text.data() +
                 ": give another --web.listen-address");
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::vector<uint16_t> HttpServer::ports() const {
  std::vector<mg_server_port> open(impl_->options.addresses.size());
  const int count = mg_get_server_ports(impl_->context, static_cast<int>(open.size()), open.data());
  std::vector<uint16_t> ports;
  for (int i = 0; i < count; ++i) {
    ports.push_back(static_cast<uint16_t>(open[static_cast<size_t>(i)].port));
  }
  return ports;
}

}  // namespace kle
