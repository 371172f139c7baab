// SPDX-License-Identifier: Apache-2.0
// A thread per connection, as many as there may be connections. Each TLS session gets the
// certificate, the versions and the client CA as they are when it begins.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "exporter/deadlines.h"
#include "exporter/http_backend.h"
#include "exporter/tls_libraries.h"

namespace kle {
namespace {

// Fifty stalled clients must leave some for the rest.
constexpr unsigned kConnections = 128;
constexpr unsigned kProbeConnections = 16;
constexpr size_t kRequestBytes = 16 << 10;
constexpr size_t kStackBytes = 256 << 10;
constexpr std::chrono::seconds kGoodbye(2);

// One connection, from its accept to its close.
struct Connection {
  int fd = -1;
  std::shared_ptr<const WebState> web;  // what its session was set up with
};

int FdOf(MHD_Connection* connection) {
  const auto* info = Tls().MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

std::string ClientOf(MHD_Connection* connection) {
  const auto* info = Tls().MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  std::array<char, NI_MAXHOST> host{};
  if (info == nullptr || info->client_addr == nullptr) return "";
  const socklen_t size =
      info->client_addr->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  getnameinfo(info->client_addr, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return host.data();
}

// Without an own certificate no handshake can succeed.
int NoCertificate(gnutls_session_t, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int,
                  gnutls_pcert_st**, unsigned*, gnutls_privkey_t*) {
  return -1;
}

class Microhttpd : public HttpBackend {
 public:
  explicit Microhttpd(const HttpResponder& responder)
      : responder_(responder),
        connections_(responder.probes_only() ? kProbeConnections : kConnections),
        deadlines_(connections_ / 2),
        tls_(responder.web() != nullptr && responder.web()->Get()->tls != nullptr) {}

  Result<void> Start(const Endpoint& endpoint, const std::string& text) {
    auto listening = Listen(endpoint, text);
    if (!listening) return listening.error();
    Endpoint bound = endpoint;
    if (getsockname(*listening, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) == 0) {
      port_ = bound.port();
    }
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC;
    if (tls_) flags |= MHD_USE_TLS;
    std::array<MHD_OptionItem, 2> tls{{{tls_ ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0,
                                        reinterpret_cast<void*>(&NoCertificate)},
                                       {MHD_OPTION_END, 0, nullptr}}};
    errno = 0;
    // clang-format off
    daemon_ = Tls().MHD_start_daemon(
        flags, 0, nullptr, nullptr, &Microhttpd::OnRequest, this,
        MHD_OPTION_LISTEN_SOCKET, *listening,
        MHD_OPTION_CONNECTION_LIMIT, connections_,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, kRequestBytes,
        MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,
        MHD_OPTION_NOTIFY_CONNECTION, &Microhttpd::OnConnection, this,
        MHD_OPTION_URI_LOG_CALLBACK, &Microhttpd::OnTarget, this,
        MHD_OPTION_NOTIFY_COMPLETED, &Microhttpd::OnCompleted, this,
        MHD_OPTION_ARRAY, tls.data(),
        MHD_OPTION_END);
    // clang-format on
    if (daemon_ != nullptr) return {};
    return SystemError("cannot serve on", text, errno, "raise the limits of threads and memory");
  }

  ~Microhttpd() override {
    if (daemon_ == nullptr) return;
    const int listening = Tls().MHD_quiesce_daemon(daemon_);
    if (listening >= 0) close(listening);
    deadlines_.WaitForNone(kGoodbye);
    Tls().MHD_stop_daemon(daemon_);
  }

  std::vector<uint16_t> ports() const override { return {port_}; }

 private:
  static void OnConnection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code) noexcept {
    auto& server = *static_cast<Microhttpd*>(self);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      try {
        *context = server.Begin(connection).release();
      } catch (const std::exception&) {  // memory ran out
        *context = nullptr;
        server.deadlines_.Remove(FdOf(connection));
        shutdown(FdOf(connection), SHUT_RDWR);
      }
      return;
    }
    const std::unique_ptr<Connection> state(static_cast<Connection*>(*context));
    if (state) server.deadlines_.Remove(state->fd);
  }

  std::unique_ptr<Connection> Begin(MHD_Connection* connection) {
    auto state = std::make_unique<Connection>();
    state->fd = FdOf(connection);
    deadlines_.Add(state->fd);
    if (!tls_) return state;
    state->web = responder_.web()->Get();
    const auto* info =
        Tls().MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    auto* session = info == nullptr ? nullptr : static_cast<gnutls_session_t>(info->tls_session);
    if (session == nullptr || !state->web->tls->Apply(session, !responder_.probes_only())) {
      shutdown(state->fd, SHUT_RDWR);
    }
    return state;
  }

  // The request's target as it was sent: the library would decode it.
  static void* OnTarget(void*, const char* target, MHD_Connection*) noexcept {
    try {
      return new std::string(target);
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  static void OnCompleted(void*, MHD_Connection*, void** request,
                          MHD_RequestTerminationCode) noexcept {
    delete static_cast<std::string*>(std::exchange(*request, nullptr));
  }

  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char*,
                              const char* method, const char*, const char*, size_t*,
                              void** request) noexcept {
    const auto* target = static_cast<const std::string*>(*request);
    if (target == nullptr) return MHD_NO;
    try {
      return static_cast<Microhttpd*>(self)->Handle(connection, method, *target);
    } catch (const std::exception&) {  // memory ran out
      return MHD_NO;
    }
  }

  MHD_Result Handle(MHD_Connection* connection, const char* method, const std::string& target) {
    deadlines_.Asked(FdOf(connection));
    HttpRequest request;
    request.method = method;
    const size_t end = target.find('?');
    request.path = std::string_view(target).substr(0, end);
    if (end != std::string::npos) request.query = std::string_view(target).substr(end + 1);
    const auto header = [connection](const char* name) {
      const char* value = Tls().MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
      return std::string_view(value != nullptr ? value : "");
    };
    request.if_none_match = header("If-None-Match");
    request.accept_encoding = header("Accept-Encoding");
    auto response = std::make_unique<HttpResponse>(responder_.Respond(
        request, Tls().MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"),
        ClientOf(connection)));
    const int status = response->status;
    std::string& body = response->body;
    MHD_Response* made = Tls().MHD_create_response_from_buffer_with_free_callback_cls(
        body.size(), body.data(), [](void* done) { delete static_cast<HttpResponse*>(done); },
        response.get());
    if (made == nullptr) return MHD_NO;
    const HttpResponse& content = *response.release();  // the library's now
    if (status != 304) {
      Tls().MHD_add_response_header(made, "Content-Type", content.content_type.c_str());
    }
    Tls().MHD_add_response_header(made, "Connection", "close");
    for (const auto& [name, value] : content.headers) {
      Tls().MHD_add_response_header(made, name.c_str(), value.c_str());
    }
    const MHD_Result queued =
        Tls().MHD_queue_response(connection, static_cast<unsigned>(status), made);
    Tls().MHD_destroy_response(made);
    return queued;
  }

  const HttpResponder& responder_;
  const unsigned connections_;
  Deadlines deadlines_;
  const bool tls_;
  uint16_t port_ = 0;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<HttpBackend>> StartMicrohttpd(const Endpoint& endpoint,
                                                     const std::string& text,
                                                     const HttpResponder& responder) {
  if (auto loaded = LoadTlsLibraries(); !loaded) return loaded.error();
  auto backend = std::make_unique<Microhttpd>(responder);
  if (auto started = backend->Start(endpoint, text); !started) return started.error();
  return std::unique_ptr<HttpBackend>(std::move(backend));
}

}  // namespace kle
