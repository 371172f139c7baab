// SPDX-License-Identifier: Apache-2.0
// The content of a file that people write: a configuration, a certificate.
#pragma once

#include <string>

#include "exporter/result.h"

namespace kle {

// At most a mebibyte: more is none of these. Throws nothing.
[[nodiscard]] Result<std::string> ReadSmallFile(const std::string& path);

}  // namespace kle
