// SPDX-License-Identifier: Apache-2.0
// The termination record as JSON, with the field names of the contract.
#pragma once

#include <nlohmann/json.hpp>

#include "metrics/termination.h"

namespace kle {

nlohmann::ordered_json ToJson(const TerminationRecord& record);

// JSON text in one line. Bytes that are no UTF-8 are replaced, never thrown at.
std::string JsonText(const nlohmann::ordered_json& json);

}  // namespace kle
