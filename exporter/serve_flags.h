// SPDX-License-Identifier: Apache-2.0
// The one table of what serve can be told. The command line, the keys of the configuration file,
// --help and docs/CONFIGURATION.md are made of it. To add a flag: a member of ServeOptions, a row.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/options.h"
#include "exporter/result.h"

namespace kle {

struct ServeFlag {
  std::string_view name;  // "web.listen-address"
  std::string_view group;
  std::string_view value;    // what it takes, for people: "ADDRESS", "journal|file"
  std::string_view initial;  // "" where there is none
  enum : unsigned { kOnce = 0, kRepeatable = 1, kReloadable = 2 };
  unsigned traits;  // kReloadable: SIGHUP takes a new value
  // Takes one value; `first` of those that are given. The error does not name the flag.
  Result<void> (*take)(ServeOptions& options, const std::string& value, bool first);
  std::string_view help;

  bool repeatable() const { return (traits & kRepeatable) != 0; }
  bool reloadable() const { return (traits & kReloadable) != 0; }
};

std::span<const ServeFlag> ServeFlags();
const ServeFlag* FindServeFlag(std::string_view name);  // null when there is none
std::vector<std::string> ServeFlagNames();

// Of the kReloadable ones, comma-separated.
std::string ReloadableFlags();

}  // namespace kle
