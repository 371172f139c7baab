// SPDX-License-Identifier: Apache-2.0
// The termination record as JSON, with the field names of the contract.
#pragma once

#include <string>

#include "metrics/termination.h"

namespace kle {

// In one line.
std::string RecordJson(const TerminationRecord& record);

}  // namespace kle
