// SPDX-License-Identifier: Apache-2.0
// A resolver that does not answer holds up nobody: neither the timeout nor a stop.
#include "exporter/http_post.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <cstring>

namespace {

constexpr char kSilent[] = "silent.example";
std::atomic<bool> answers{false};

}  // namespace

// This program's resolver.
extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* wanted,
                           addrinfo** found) {
  if (host != nullptr && std::strcmp(host, kSilent) == 0) {
    answers.wait(false);
    return EAI_AGAIN;
  }
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(host, port, wanted, found);
}

namespace kle {
namespace {

using namespace std::chrono_literals;

TEST(HttpPost, ASilentResolverEndsWithTheTimeoutAndWithAStop) {
  const HttpEndpoint endpoint{kSilent, "4318", "/v1/traces"};
  const std::atomic<bool> go_on{false};
  const auto timed_out = HttpPost(endpoint, "text/plain", "x", 50ms, go_on);
  ASSERT_FALSE(timed_out);
  EXPECT_EQ(timed_out.error().message(),
            "cannot find silent.example: the resolver does not answer");
  const std::atomic<bool> stop{true};
  EXPECT_FALSE(HttpPost(endpoint, "text/plain", "x", 1h, stop));
  answers = true;
  answers.notify_all();
  const auto answered = HttpPost(endpoint, "text/plain", "x", 1h, go_on);
  ASSERT_FALSE(answered);
  EXPECT_NE(answered.error().message(), timed_out.error().message());
}

}  // namespace
}  // namespace kle
