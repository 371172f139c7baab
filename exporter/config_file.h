// SPDX-License-Identifier: Apache-2.0
// The YAML configuration file: the flags of serve as keys, flat ("web.listen-address") or nested.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/problem.h"

namespace kle {

struct Setting {
  std::string path;  // of the file that says it; "" for the command line
  Place key;
  std::vector<std::string> values;
  std::vector<Place> places;  // of the values; empty for the command line
};

// By the flag's name without dashes.
using Settings = std::map<std::string, Setting>;

// Unknown keys, keys given twice and what is no value become problems. Values are not looked at.
Settings ReadConfigFile(const std::string& path, Problems& problems);

// Whether the key at a file's top is a flag of serve, or begins the names of some.
bool BelongsToServe(const std::string& key);

}  // namespace kle
