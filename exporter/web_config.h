// SPDX-License-Identifier: Apache-2.0
// The web configuration file in the format of Prometheus's exporter-toolkit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/problem.h"
#include "exporter/tls_options.h"

namespace kle {

struct WebConfig {
  std::map<std::string, std::string> users;                  // name to bcrypt hash
  std::vector<std::pair<std::string, std::string>> headers;  // added to every response
  std::optional<TlsOptions> tls;                             // where it is asked for
};

// What is wrong is added to `problems`; the result is of use only when nothing was. Files that it
// names are not read yet.
WebConfig ReadWebConfig(const std::string& path, Problems& problems);

// The keys at its top.
const std::vector<std::string>& WebConfigKeys();

}  // namespace kle
