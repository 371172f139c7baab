// SPDX-License-Identifier: Apache-2.0
// Whether the flags of serve make sense together, before the source is opened.
#pragma once

#include "exporter/options.h"
#include "exporter/result.h"

namespace kle {

[[nodiscard]] Result<void> CheckServeOptions(const ServeOptions& options);

}  // namespace kle
