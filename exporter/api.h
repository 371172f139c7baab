// SPDX-License-Identifier: Apache-2.0
// The JSON API, as docs/API.md and the schemas in docs/api/ describe it.
#pragma once

#include <string_view>

#include "exporter/web_handlers.h"

namespace kle {

// GET /api/v1/terminations
HttpResponse TerminationsAnswer(const HttpRequest& request, const Snapshot& snapshot);

// GET /api/v1/status
HttpResponse StatusAnswer(const HttpRequest& request, const Snapshot& snapshot,
                          std::string_view telemetry_path);

}  // namespace kle
