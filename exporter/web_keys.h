// SPDX-License-Identifier: Apache-2.0
// The keys of the web configuration as documented.
#pragma once

#include <span>
#include <string_view>

namespace kle {

struct WebKey {
  std::string_view name;  // "tls_server_config.cert_file"
  std::string_view help;
};
std::span<const WebKey> WebKeys();

}  // namespace kle
