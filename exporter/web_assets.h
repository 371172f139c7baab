// SPDX-License-Identifier: Apache-2.0
// The files of exporter/web/, compiled into the binary.
#pragma once

#include <span>
#include <string_view>

namespace kle {

struct WebAsset {
  std::string_view name;          // as in exporter/web/: style.css
  std::string_view content_type;  // with the charset
  std::string_view bytes;
  std::string_view etag;  // with its quotes; another one whenever the bytes are others
};

std::span<const WebAsset> WebAssets();

// Null when there is none of this name.
const WebAsset* FindWebAsset(std::string_view name);

}  // namespace kle
