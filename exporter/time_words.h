// SPDX-License-Identifier: Apache-2.0
// Zones and moments as people write them.
#pragma once

#include <optional>
#include <string>

#include "exporter/options.h"

namespace kle {

// As the parser knows it; nothing when this machine knows no such zone.
std::optional<std::string> ZoneNamed(const std::string& text);

// RFC 3339; the same without a zone, or with a blank for the T, in `zone` ("": UTC); or a duration
// before the log's end.
std::optional<Moment> MomentNamed(const std::string& text, const std::string& zone);

}  // namespace kle
