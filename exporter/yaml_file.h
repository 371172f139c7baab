// SPDX-License-Identifier: Apache-2.0
// Reads one YAML document from a file, and tells where things stand in it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

#include "exporter/problem.h"

namespace kle {

Place PlaceOf(const YAML::Node& node);

// The document: a map, or null for an empty file. Nothing, and one more problem, when it is no
// YAML or something else.
std::optional<YAML::Node> ReadYamlMap(const std::string& path, Problems& problems);

// "" unless the node is a plain value.
std::string Scalar(const YAML::Node& node);

}  // namespace kle
