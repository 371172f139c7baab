// SPDX-License-Identifier: Apache-2.0
// The standard process_* metrics of this process.
#pragma once

#include <string>

namespace kle {

// Exposition text; families that /proc does not tell are left out.
std::string ProcessMetrics();

}  // namespace kle
