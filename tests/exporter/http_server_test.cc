// SPDX-License-Identifier: Apache-2.0
#include "exporter/http_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <ctime>

namespace kle {
namespace {

struct Listening {
  const char* name;
  const char* address;
  const char* connect;  // to that address
  int family;
};

class Connection {
 public:
  Connection(const Listening& to, uint16_t port)
      : fd_(socket(to.family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    Endpoint endpoint = ParseListenAddress(to.connect)->endpoints.front();
    endpoint.set_port(port);
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd_, endpoint.address(), endpoint.size) != 0) {
      ADD_FAILURE() << "cannot connect to port " << port;
    }
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::string Ask(const std::string& request) {
    EXPECT_EQ(send(fd_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char block[4096];
    for (ssize_t got = 0; (got = recv(fd_, block, sizeof block, 0)) > 0;) {
      answer.append(block, static_cast<size_t>(got));
    }
    return answer;
  }

 private:
  int fd_;
};

std::string Unpacked(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(1 << 20, '\0');
  std::string input = packed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

// Both libraries answer alike.
class HttpServerTest : public testing::TestWithParam<Listening> {
 protected:
  void SetUp() override {
    if (GetParam().family == AF_INET6 && !HasIpv6()) GTEST_SKIP() << "no IPv6 here";
    Start({});
  }

  void Start(WebConfig web) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->metrics = "up 1\n";
    snapshot->ready = true;
    snapshots_.Set(std::move(snapshot));
    server_.reset();
    auto state = std::make_shared<WebState>();
    state->auth = std::make_shared<BasicAuth>(web.users);
    state->config = std::move(web);
    web_ = std::make_unique<LiveWebConfig>("", std::move(state));
    HttpOptions options;
    options.addresses = {*ParseListenAddress(GetParam().address)};
    options.web = web_.get();
    auto server = HttpServer::Start(std::move(options), snapshots_);
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
    ASSERT_EQ(server_->ports().size(), 1U);
    port_ = server_->ports().front();
    ASSERT_NE(port_, 0);
  }

  std::string Get(const std::string& path, const std::string& method = "GET",
                  const std::string& headers = {}) {
    return Connection(GetParam(), port_)
        .Ask(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
  }

  SnapshotBox snapshots_;
  std::unique_ptr<LiveWebConfig> web_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
};

TEST_P(HttpServerTest, ServesTheSnapshot) {
  const std::string answer = Get("/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nup 1\n")) << answer;

  auto next = std::make_shared<Snapshot>();
  next->metrics = "up 2\n";
  snapshots_.Set(std::move(next));
  EXPECT_TRUE(Get("/metrics").ends_with("up 2\n"));
  EXPECT_TRUE(Get("/-/ready").starts_with("HTTP/1.1 503 "));
}

TEST_P(HttpServerTest, MetricsArePackedForWhoTakesThem) {
  std::string metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics += "kubelet_lifecycle_series{i=\"" + std::to_string(i) + "\"} 1\n";
  }
  auto next = std::make_shared<Snapshot>();
  next->metrics = metrics;
  snapshots_.Set(std::move(next));
  const auto body = [](const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  };
  for (const char* accepted : {"gzip", "deflate, GZIP;q=0.5", "br,gzip"}) {
    const std::string answer =
        Get("/metrics", "GET", "Accept-Encoding: " + std::string(accepted) + "\r\n");
    EXPECT_NE(answer.find("\r\nContent-Encoding: gzip\r\n"), std::string::npos) << accepted;
    EXPECT_NE(answer.find("\r\nVary: Accept-Encoding\r\n"), std::string::npos) << accepted;
    EXPECT_LT(answer.size(), metrics.size() / 4);
    EXPECT_NE(answer.find("Content-Length: " + std::to_string(body(answer).size()) + "\r\n"),
              std::string::npos);
    EXPECT_EQ(Unpacked(body(answer)), metrics) << accepted;
  }
  for (const char* header :
       {"", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: gzipx, br\r\n"}) {
    const std::string answer = Get("/metrics", "GET", header);
    EXPECT_EQ(answer.find("Content-Encoding"), std::string::npos) << header;
    EXPECT_NE(answer.find("\r\nVary: Accept-Encoding\r\n"), std::string::npos) << header;
    EXPECT_EQ(body(answer), metrics) << header;
  }
  const std::string page = Get("/", "GET", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(page.find("Content-Encoding"), std::string::npos);
}

TEST_P(HttpServerTest, AnswersTellTheDate) {
  const std::string answer = Get("/-/healthy");
  const size_t at = answer.find("\r\nDate: ");
  ASSERT_NE(at, std::string::npos) << answer;
  std::tm told{};
  ASSERT_NE(strptime(answer.c_str() + at + 8, "%a, %d %b %Y %H:%M:%S GMT", &told), nullptr);
  EXPECT_NEAR(static_cast<double>(timegm(&told)), static_cast<double>(std::time(nullptr)), 5);
  EXPECT_EQ(answer.find("\r\nDate: ", at + 1), std::string::npos) << answer;
}

TEST_P(HttpServerTest, HeadHasTheLengthButNoBody) {
  const std::string answer = Get("/metrics", "HEAD");
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_P(HttpServerTest, OtherPathsAndMethods) {
  for (const char* path : {"/metricsX", "/metrics/x", "//metrics", "/metrics%00", "/%6detrics",
                           "/../metrics", "/metrics/."}) {
    EXPECT_TRUE(Get(path).starts_with("HTTP/1.1 404 ")) << path;
  }
  const std::string post = Get("/metrics", "POST", "Content-Length: 0\r\n");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405 ")) << post;
  EXPECT_NE(post.find("Allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_TRUE(Get("/metrics?x=1").starts_with("HTTP/1.1 200 "));
}

TEST_P(HttpServerTest, AHugeHeadIsRefused) {
  const std::string answer = Get("/metrics", "GET", "X: " + std::string(20'000, 'a') + "\r\n");
  EXPECT_FALSE(answer.starts_with("HTTP/1.1 200")) << answer.substr(0, 100);
  EXPECT_TRUE(Get("/metrics").starts_with("HTTP/1.1 200 "));
}

TEST_P(HttpServerTest, SilentClientsDoNotBlockTheOthers) {
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(std::make_unique<Connection>(GetParam(), port_));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(Get("/metrics").starts_with("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_P(HttpServerTest, ABusyPortNamesItself) {
  HttpOptions options;
  options.addresses = {*ParseListenAddress(GetParam().connect)};
  options.addresses.front().endpoints.front().set_port(port_);
  auto second = HttpServer::Start(options, snapshots_);
  ASSERT_FALSE(second);
  const std::string& message = second.error().message();
  EXPECT_NE(message.find(":" + std::to_string(port_)), std::string::npos) << message;
  EXPECT_NE(message.find("in use"), std::string::npos) << message;
  EXPECT_NE(message.find("ss -ltnp"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_TRUE(Get("/metrics").starts_with("HTTP/1.1 200 ")) << "the first one goes on";
}

TEST_P(HttpServerTest, BasicAuthenticationAndHeaders) {
  WebConfig web;
  web.users["prom"] = "$2b$04$Mwf52YekAfHjpAO2iKxmGuEYom5oE.MVvdj.gVU7oMoFjZzo1cP4.";
  web.headers = {{"X-Frame-Options", "DENY"}};
  Start(std::move(web));
  const std::string without = Get("/-/healthy");
  EXPECT_TRUE(without.starts_with("HTTP/1.1 401 ")) << without;
  EXPECT_NE(without.find("WWW-Authenticate: Basic\r\n"), std::string::npos);
  EXPECT_NE(without.find("X-Frame-Options: DENY\r\n"), std::string::npos);
  // prom:secret
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Get("/metrics", "GET", "Authorization: Basic cHJvbTpzZWNyZXQ=\r\n")
                    .starts_with("HTTP/1.1 200 "));
  }
  EXPECT_TRUE(Get("/metrics", "GET", "Authorization: Basic cHJvbTp3cm9uZw==\r\n")
                  .starts_with("HTTP/1.1 401 "));
}

INSTANTIATE_TEST_SUITE_P(Addresses, HttpServerTest,
                         testing::Values(Listening{"Ipv4", "127.0.0.1:0", "127.0.0.1:0", AF_INET},
                                         Listening{"Ipv6", "[::1]:0", "[::1]:0", AF_INET6},
                                         Listening{"EveryByIpv4", ":0", "127.0.0.1:0", AF_INET},
                                         Listening{"EveryByIpv6", ":0", "[::1]:0", AF_INET6}),
                         [](const auto& listening) { return std::string(listening.param.name); });

}  // namespace
}  // namespace kle
