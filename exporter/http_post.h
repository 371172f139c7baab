// SPDX-License-Identifier: Apache-2.0
// One HTTP POST to a neighbour, with an end to its patience: no TLS, no redirects, no retries.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace kle {

struct HttpEndpoint {
  std::string host;
  std::string port;
  std::string path;
};

// http://HOST[:PORT]/PATH; an IPv6 address in brackets.
[[nodiscard]] Result<HttpEndpoint> ParseEndpoint(std::string_view url);

// The answer's status. Gives up at `timeout`, and soon after `stop` is set.
[[nodiscard]] Result<int> HttpPost(const HttpEndpoint& endpoint, std::string_view type,
                                   std::string_view body, std::chrono::milliseconds timeout,
                                   const std::atomic<bool>& stop);

}  // namespace kle
