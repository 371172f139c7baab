// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_config.h"

#include <algorithm>

#include "exporter/serve_flags.h"
#include "exporter/yaml_file.h"

namespace kle {
namespace {

// A flag is shown as it was given: with dashes on the command line, as a key in a file.
std::string Shown(const std::string& name, const Setting& setting) {
  return setting.path.empty() ? "--" + name : name;
}

void Add(const std::string& name, const Setting& setting, Place place, const std::string& message,
         Problems& problems) {
  problems.push_back({setting.path, place, Shown(name, setting) + ": " + message});
}

void TakeValues(const Settings& settings, ServeOptions& options, Problems& problems) {
  for (const auto& [name, setting] : settings) {
    const ServeFlag* flag = FindServeFlag(name);
    if (flag == nullptr) continue;
    if (!flag->repeatable() && setting.values.size() > 1) {
      Add(name, setting, setting.key, "is given more than once", problems);
      continue;
    }
    for (size_t i = 0; i < setting.values.size(); ++i) {
      if (auto taken = flag->take(options, setting.values[i], i == 0); !taken) {
        const Place place = i < setting.places.size() ? setting.places[i] : Place{};
        Add(name, setting, place, taken.error().message(), problems);
      }
    }
  }
}

// Whether the flags make sense together. `path`: the file that is blamed for what is not there.
void CheckTogether(const Settings& settings, const ServeOptions& options, const std::string& path,
                   Problems& problems) {
  const auto blame = [&](const std::string& name, const std::string& message) {
    const auto setting = settings.find(name);
    if (setting == settings.end()) {
      problems.push_back({path, {}, (path.empty() ? "--" : "") + name + ": " + message});
    } else {
      Add(name, setting->second, setting->second.key, message, problems);
    }
  };
  const bool file = options.source == SourceKind::kFile;
  if (file && options.file_paths.empty()) {
    blame("source", "the source file needs --file.path: name the kubelet's log file");
  }
  if (!file && !options.file_paths.empty()) {
    blame("file.path", "is given, but the source is the journal: add --source=file");
  }
  if (file && !options.journal_directory.empty()) {
    blame("journal.directory", "is given, but the source is a file: drop one of the two");
  }
}

ServeConfig Merge(Settings settings, const std::string& path, Problems& problems) {
  ServeConfig config;
  const size_t before = problems.size();
  TakeValues(settings, config.options, problems);
  if (problems.size() == before) CheckTogether(settings, config.options, path, problems);
  config.web = LoadWebState(config.options.web_config_file, problems);
  config.settings = std::move(settings);
  return config;
}

}  // namespace

ServeConfig ReadServeConfig(const Settings& command_line, Problems& problems) {
  Settings settings = command_line;
  const auto named = command_line.find("config.file");
  if (named != command_line.end() && !named->second.values.empty()) {
    settings.merge(ReadConfigFile(named->second.values.front(), problems));
  }
  return Merge(std::move(settings), "", problems);
}

void CheckConfigFile(const std::string& path, Problems& problems) {
  const auto root = ReadYamlMap(path, problems);
  if (!root) return;
  const auto& web = WebConfigKeys();
  for (const auto& entry : *root) {
    if (std::find(web.begin(), web.end(), Scalar(entry.first)) != web.end()) {
      LoadWebState(path, problems);
      return;
    }
  }
  Merge(ReadConfigFile(path, problems), path, problems);
}

}  // namespace kle
