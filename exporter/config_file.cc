// SPDX-License-Identifier: Apache-2.0
#include "exporter/config_file.h"

#include <yaml-cpp/yaml.h>

#include "exporter/yaml_file.h"

namespace kle {
namespace {

Result<void> Flatten(const YAML::Node& node, const std::string& key, const std::string& path,
                     Settings& settings) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      for (const auto& entry : node) {
        const std::string name = entry.first.as<std::string>();
        auto done = Flatten(entry.second, key.empty() ? name : key + "." + name, path, settings);
        if (!done) return done;
      }
      return {};
    case YAML::NodeType::Sequence:
      for (const auto& item : node) {
        if (!item.IsScalar()) return Error(path + ": " + key + ": a list holds plain values only");
        settings[key].push_back(item.as<std::string>());
      }
      return {};
    case YAML::NodeType::Scalar:
      if (key.empty()) return Error(path + ": not a map of flags: write `flag: value` lines");
      settings[key].push_back(node.as<std::string>());
      return {};
    default:
      return {};
  }
}

}  // namespace

Result<Settings> ReadConfigFile(const std::string& path) {
  auto root = ReadYaml(path);
  if (!root) return root.error();
  Settings settings;
  try {
    if (auto done = Flatten(*root, "", path, settings); !done) return done.error();
  } catch (const YAML::Exception& error) {
    return Error(path + ": " + error.what());
  }
  return settings;
}

}  // namespace kle
