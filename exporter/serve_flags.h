// SPDX-License-Identifier: Apache-2.0
// The one table of what serve can be told. The command line, the keys of the configuration file,
// --help, docs/CONFIGURATION.md and SIGHUP are made of it. To add a flag: a member of ServeOptions,
// a row.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/options.h"
#include "exporter/result.h"
#include "metrics/pipeline.h"

namespace kle {

struct ServeFlag {
  std::string_view name;  // "web.listen-address"
  std::string_view group;
  std::string_view value;    // what it takes, for people: "ADDRESS", "journal|file"
  std::string_view initial;  // "" where there is none
  bool repeatable;
  // Takes one value; `first` of those that are given. The error does not name the flag.
  Result<void> (*take)(ServeOptions& options, const std::string& value, bool first);
  std::string_view help;
  // SIGHUP: makes the value of `options` hold from now on. Null: that takes a restart.
  void (*apply)(const ServeOptions& options, Pipeline& pipeline) = nullptr;

  bool reloadable() const { return apply != nullptr; }
};

std::span<const ServeFlag> ServeFlags();
const ServeFlag* FindServeFlag(std::string_view name);  // null when there is none
std::vector<std::string> ServeFlagNames();

// Of the reloadable ones, comma-separated.
std::string ReloadableFlags();

}  // namespace kle
