// SPDX-License-Identifier: Apache-2.0
// What an HTTP library has to do for us: listen, and ask the responder. Ends when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exporter/http_responder.h"
#include "exporter/listen_address.h"
#include "exporter/result.h"

namespace kle {

class HttpBackend {
 public:
  HttpBackend() = default;
  virtual ~HttpBackend() = default;  // waits for the requests under way
  HttpBackend(const HttpBackend&) = delete;
  HttpBackend& operator=(const HttpBackend&) = delete;

  // In the order of the endpoints; tells which port a 0 became.
  virtual std::vector<uint16_t> ports() const = 0;
};

// Plain HTTP over IPv4, by civetweb. The responder must outlive the backend, here and below.
[[nodiscard]] Result<std::unique_ptr<HttpBackend>> StartCivetweb(
    const std::vector<Endpoint>& endpoints, const HttpResponder& responder);

// Whatever civetweb as Debian builds it cannot, IPv6 and TLS, by libmicrohttpd. `text` is the
// address as the operator wrote it.
[[nodiscard]] Result<std::unique_ptr<HttpBackend>> StartMicrohttpd(const Endpoint& endpoint,
                                                                   const std::string& text,
                                                                   const HttpResponder& responder);

}  // namespace kle
