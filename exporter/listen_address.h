// SPDX-License-Identifier: Apache-2.0
// "host:port", ":port" or "[::]:port" as an address to listen on.
#pragma once

#include <cstdint>
#include <string>

#include "exporter/result.h"

namespace kle {

struct ListenAddress {
  std::string text;   // as given
  uint32_t ipv4 = 0;  // network byte order; 0 is every address
  uint16_t port = 0;  // 0: any free one
};

[[nodiscard]] Result<ListenAddress> ParseListenAddress(const std::string& text);

}  // namespace kle
