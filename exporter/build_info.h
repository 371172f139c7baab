// SPDX-License-Identifier: Apache-2.0
// Which build this is.
#pragma once

#include <string>
#include <string_view>

namespace kle {

std::string_view Version();
std::string_view Compiler();

// Name, version, compiler and libraries, for --version.
std::string VersionText();

}  // namespace kle
