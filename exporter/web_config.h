// SPDX-License-Identifier: Apache-2.0
// The web configuration file in the format of Prometheus's exporter-toolkit.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exporter/result.h"

namespace kle {

struct WebConfig {
  std::map<std::string, std::string> users;                  // name to bcrypt hash
  std::vector<std::pair<std::string, std::string>> headers;  // added to every response
};

[[nodiscard]] Result<WebConfig> ReadWebConfig(const std::string& path);

}  // namespace kle
