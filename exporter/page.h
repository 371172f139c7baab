// SPDX-License-Identifier: Apache-2.0
// The landing page.
#pragma once

#include <string>
#include <string_view>

#include "exporter/snapshot.h"

namespace kle {

std::string HtmlEscaped(std::string_view text);

std::string LandingPage(const Snapshot& snapshot, std::string_view telemetry_path);

}  // namespace kle
