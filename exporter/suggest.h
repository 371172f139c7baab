// SPDX-License-Identifier: Apache-2.0
// The nearest of some names, for "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kle {

// "" when none is near.
std::string Nearest(std::string_view wrong, const std::vector<std::string>& names);

// ", did you mean NAME?", or "".
std::string Suggestion(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace kle
