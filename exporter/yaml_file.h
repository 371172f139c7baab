// SPDX-License-Identifier: Apache-2.0
// Reads one YAML document from a file.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

#include "exporter/result.h"

namespace kle {

[[nodiscard]] Result<YAML::Node> ReadYaml(const std::string& path);

}  // namespace kle
