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

// The same, read by a Reader; a value of none where that finds no sense in it.
template <typename Reader>
auto ReadYaml(const std::string& path, Problems& problems) {
  using Value = decltype(Reader(path, problems).Read(YAML::Node()));
  const auto root = ReadYamlMap(path, problems);
  if (!root) return Value();
  try {
    return Reader(path, problems).Read(*root);
  } catch (const YAML::Exception& error) {
    problems.push_back({path, {error.mark.line + 1, error.mark.column + 1}, error.msg});
    return Value();
  }
}

// "" unless the node is a plain value.
std::string Scalar(const YAML::Node& node);

}  // namespace kle
