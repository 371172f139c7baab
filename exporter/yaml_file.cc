// SPDX-License-Identifier: Apache-2.0
#include "exporter/yaml_file.h"

#include "exporter/small_file.h"

namespace kle {
namespace {

Place PlaceOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

}  // namespace

Place PlaceOf(const YAML::Node& node) { return PlaceOf(node.Mark()); }

std::string Scalar(const YAML::Node& node) {
  return node.IsScalar() ? node.Scalar() : std::string();
}

std::optional<YAML::Node> ReadYamlMap(const std::string& path, Problems& problems) {
  auto text = ReadSmallFile(path);
  if (!text) {
    problems.push_back({"", {}, text.error().message()});
    return std::nullopt;
  }
  try {
    YAML::Node root = YAML::Load(*text);
    if (root.IsMap() || root.IsNull()) return root;
    problems.push_back({path, PlaceOf(root), "not a map: write `key: value` lines"});
  } catch (const YAML::Exception& error) {
    problems.push_back({path, PlaceOf(error.mark), "no YAML: " + error.msg});
  }
  return std::nullopt;
}

}  // namespace kle
