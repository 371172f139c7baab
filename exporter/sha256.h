// SPDX-License-Identifier: Apache-2.0
// SHA-256 as a Content-Security-Policy names it.
#pragma once

#include <string>
#include <string_view>

namespace kle {

// "sha256-" and the digest of `text` in Base64.
std::string CspHash(std::string_view text);

}  // namespace kle
