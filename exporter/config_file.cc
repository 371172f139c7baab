// SPDX-License-Identifier: Apache-2.0
#include "exporter/config_file.h"

#include <algorithm>

#include "exporter/serve_flags.h"
#include "exporter/suggest.h"
#include "exporter/web_config.h"
#include "exporter/yaml_file.h"

namespace kle {
namespace {

// Only the command line can say it.
constexpr std::string_view kNotHere = "config.file";

bool BeginsSome(const std::string& prefix) {
  const auto flags = ServeFlags();
  return std::any_of(flags.begin(), flags.end(),
                     [&](const ServeFlag& flag) { return flag.name.starts_with(prefix + "."); });
}

class Reader {
 public:
  Reader(std::string path, Problems& problems) : path_(std::move(path)), problems_(problems) {}

  Settings Read(const YAML::Node& root) {
    Map(root, "");
    return std::move(settings_);
  }

 private:
  void Add(const YAML::Node& node, std::string message) {
    problems_.push_back({path_, PlaceOf(node), std::move(message)});
  }

  void Map(const YAML::Node& node, const std::string& prefix) {
    for (const auto& entry : node) {
      const std::string key = prefix + Scalar(entry.first);
      if (FindServeFlag(key) != nullptr && key != kNotHere && !entry.second.IsMap()) {
        Take(key, entry.first, entry.second);
      } else if (entry.second.IsMap() && BeginsSome(key)) {
        Map(entry.second, key + ".");
      } else {
        Unknown(key, entry.first);
      }
    }
  }

  void Unknown(const std::string& key, const YAML::Node& node) {
    if (key == kNotHere) {
      Add(node, "config.file cannot name another file from here");
      return;
    }
    const auto& web = WebConfigKeys();
    if (std::find(web.begin(), web.end(), key) != web.end()) {
      Add(node, "unknown key " + key + ": it belongs into the file that web.config.file names");
      return;
    }
    auto names = ServeFlagNames();
    std::erase(names, kNotHere);
    Add(node, "unknown key " + key + Suggestion(key, names));
  }

  void Take(const std::string& key, const YAML::Node& key_node, const YAML::Node& value) {
    if (const auto before = settings_.find(key); before != settings_.end()) {
      Add(key_node,
          key + " is given twice, first in line " + std::to_string(before->second.key.line));
      return;
    }
    Setting& setting = settings_[key];
    setting.path = path_;
    setting.key = PlaceOf(key_node);
    if (value.IsScalar()) {
      setting.values.push_back(value.Scalar());
      setting.places.push_back(PlaceOf(value));
    } else if (value.IsSequence() && !FindServeFlag(key)->repeatable) {
      Add(value, key + " takes one value, no list");
    } else if (value.IsSequence() && value.size() > 0) {
      for (const auto& item : value) {
        if (!item.IsScalar()) Add(item, key + ": a list holds plain values only");
        setting.values.push_back(Scalar(item));
        setting.places.push_back(PlaceOf(item));
      }
    } else {
      Add(key_node, key + " has no value: give one or leave it out");
    }
  }

  std::string path_;
  Problems& problems_;
  Settings settings_;
};

}  // namespace

bool BelongsToServe(const std::string& key) {
  return FindServeFlag(key) != nullptr || BeginsSome(key);
}

Settings ReadConfigFile(const std::string& path, Problems& problems) {
  return ReadYaml<Reader>(path, problems);
}

}  // namespace kle
