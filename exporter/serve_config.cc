// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_config.h"

#include <algorithm>
#include <span>
#include <tuple>

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
    if (!flag->repeatable && setting.values.size() > 1) {
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

// A web configuration that cannot be read at all has no place of its own: the line that names it.
void BlameWhoNamesTheFile(const Settings& settings, std::span<Problem> problems) {
  const auto named = settings.find("web.config.file");
  if (named == settings.end() || named->second.places.empty()) return;
  for (Problem& problem : problems) {
    if (!problem.path.empty()) continue;
    problem = {named->second.path, named->second.places.front(),
               named->first + ": " + problem.message};
  }
}

ServeConfig Merge(Settings settings, const std::string& path, Problems& problems) {
  ServeConfig config;
  const size_t before = problems.size();
  TakeValues(settings, config.options, problems);
  if (problems.size() == before) CheckTogether(settings, config.options, path, problems);
  const size_t of_web = problems.size();
  config.web = LoadWebState(config.options.web_config_file, problems);
  BlameWhoNamesTheFile(settings, std::span(problems).subspan(of_web));
  config.settings = std::move(settings);
  return config;
}

// A file that mixes both is taken for serve's: what is not its own is refused there by name.
bool IsWebConfig(const YAML::Node& root) {
  const auto& web = WebConfigKeys();
  bool some = false;
  for (const auto& entry : root) {
    const std::string key = Scalar(entry.first);
    if (BelongsToServe(key)) return false;
    some = some || std::find(web.begin(), web.end(), key) != web.end();
  }
  return some;
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
  if (IsWebConfig(*root)) {
    LoadWebState(path, problems);
  } else {
    Merge(ReadConfigFile(path, problems), path, problems);
  }
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.path, a.place.line, a.place.column) <
           std::tie(b.path, b.place.line, b.place.column);
  });
}

}  // namespace kle
