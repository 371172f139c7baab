// SPDX-License-Identifier: Apache-2.0
#include "exporter/yaml_file.h"

#include <cerrno>
#include <fstream>

namespace kle {

Result<YAML::Node> ReadYaml(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (errno != 0) return SystemError("cannot read", path, errno, "check the path");
  }
  try {
    return YAML::Load(file);
  } catch (const YAML::Exception& error) {
    return Error(path + " is no YAML: " + error.what());
  }
}

}  // namespace kle
