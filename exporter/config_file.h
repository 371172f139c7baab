// SPDX-License-Identifier: Apache-2.0
// The YAML configuration file: the flags of serve as keys, flat ("web.listen-address") or nested.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace kle {

// Flag name without dashes to its values, in the order of the names.
using Settings = std::map<std::string, std::vector<std::string>>;

[[nodiscard]] Result<Settings> ReadConfigFile(const std::string& path);

}  // namespace kle
