// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "exporter/http_backend.h"

namespace kle {
namespace {

// A stalled client holds a thread until its time is out: fifty of them must leave some for the
// rest. An idle thread costs some 12 KB.
constexpr const char* kThreads = "96";
constexpr const char* kProbeThreads = "4";
constexpr const char* kTimeoutMs = "1500";
constexpr const char* kRequestBytes = "4096";

void Touch(const Endpoint& endpoint) {
  const int fd = socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  std::ignore = connect(fd, endpoint.address(), endpoint.size);
  close(fd);
}

class Civetweb : public HttpBackend {
 public:
  Civetweb(std::vector<Endpoint> endpoints, const HttpResponder& responder)
      : endpoints_(std::move(endpoints)), responder_(responder) {
    mg_init_library(0);  // counted: each backend takes its own back
  }

  Result<void> Start() {
    std::string listening;
    for (const Endpoint& endpoint : endpoints_) {
      // civetweb tells only that a port failed, not why: try it first.
      auto tried = Listen(endpoint, endpoint.Text());
      if (!tried) return tried.error();
      close(*tried);
      listening.append(listening.empty() ? "" : ",").append(endpoint.Text());
    }
    // clang-format off
    std::array<const char*, 13> settings{
        "listening_ports", listening.c_str(),
        "num_threads", responder_.probes_only() ? kProbeThreads : kThreads,
        "request_timeout_ms", kTimeoutMs,
        "max_request_size", kRequestBytes,
        "enable_keep_alive", "no",
        "decode_url", "no",  // /metrics%00 is not /metrics
        nullptr};
    // clang-format on
    mg_callbacks callbacks{};
    callbacks.begin_request = &Civetweb::OnRequest;
    callbacks.log_message = &Civetweb::OnLog;
    mg_init_data init{&callbacks, this, settings.data()};
    std::array<char, 256> text{};
    // By name, and without its code: these differ between civetweb's versions.
    mg_error_data error{};
    error.text = text.data();
    error.text_buffer_size = text.size();
    context_ = mg_start2(&init, &error);
    if (context_ != nullptr) return {};
    return Error("cannot listen on " + listening + ": " + text.data());
  }

  ~Civetweb() override {
    if (context_ != nullptr) Stop();
    mg_exit_library();
  }

  std::vector<uint16_t> ports() const override {
    std::vector<mg_server_port> open(endpoints_.size());
    const int count = mg_get_server_ports(context_, static_cast<int>(open.size()), open.data());
    std::vector<uint16_t> ports;
    for (int i = 0; i < count; ++i) {
      ports.push_back(static_cast<uint16_t>(open[static_cast<size_t>(i)].port));
    }
    return ports;
  }

 private:
  static int OnRequest(mg_connection* connection) noexcept {
    const mg_request_info* info = mg_get_request_info(connection);
    try {
      return static_cast<Civetweb*>(info->user_data)->Handle(connection, *info);
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
    const auto header = [connection](const char* name) {
      const char* value = mg_get_header(connection, name);
      return std::string_view(value != nullptr ? value : "");
    };
    request.if_none_match = header("If-None-Match");
    request.accept_encoding = header("Accept-Encoding");
    const HttpResponse response =
        responder_.Respond(request, mg_get_header(connection, "Authorization"), info.remote_addr);
    Send(connection, response, request.method == "HEAD");
    return response.status;
  }

  // "Sun, 06 Nov 1994 08:49:37 GMT"; in whatever locale.
  static std::string Date() {
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                  kDays[static_cast<size_t>(utc.tm_wday)], utc.tm_mday,
                  kMonths[static_cast<size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    return text.data();
  }

  static void Send(mg_connection* connection, const HttpResponse& response, bool head_only) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head.append(StatusText(response.status)).append("\r\nDate: ").append(Date());
    head.append("\r\nConnection: close\r\n");
    if (response.status != 304) {  // has no body, and would tell another length than the 200 had
      head.append("Content-Type: ").append(response.content_type).append("\r\nContent-Length: ");
      head.append(std::to_string(response.body.size())).append("\r\n");
    }
    for (const auto& [name, value] : response.headers) {
      head.append(name).append(": ").append(value).append("\r\n");
    }
    head += "\r\n";
    if (mg_write(connection, head.data(), head.size()) <= 0 || head_only) return;
    mg_write(connection, response.body.data(), response.body.size());
  }

  // civetweb looks at its stop flag only after a connection, or two seconds: connect until it did.
  void Stop() {
    const auto open = ports();
    std::jthread waker([&](const std::stop_token& done) {
      while (!done.stop_requested() && !open.empty()) {
        Endpoint endpoint = endpoints_.front();
        endpoint.set_port(open.front());
        auto& ipv4 = reinterpret_cast<sockaddr_in&>(endpoint.storage).sin_addr.s_addr;
        if (ipv4 == 0) ipv4 = htonl(INADDR_LOOPBACK);
        Touch(endpoint);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    mg_stop(context_);
  }

  std::vector<Endpoint> endpoints_;
  const HttpResponder& responder_;
  mg_context* context_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<HttpBackend>> StartCivetweb(const std::vector<Endpoint>& endpoints,
                                                   const HttpResponder& responder) {
  auto backend = std::make_unique<Civetweb>(endpoints, responder);
  if (auto started = backend->Start(); !started) return started.error();
  return std::unique_ptr<HttpBackend>(std::move(backend));
}

}  // namespace kle
