// SPDX-License-Identifier: Apache-2.0
// A start: what of an earlier process's state can be used.
#pragma once

#include <memory>
#include <string>

#include "exporter/state_file.h"
#include "metrics/pipeline.h"

namespace kle {

struct Restored {
  std::unique_ptr<Pipeline> pipeline;  // with whatever was counted before, else a new one
  std::string position;                // for the source; "" when there is none to go on from
  bool changed = false;                // the pipeline holds more than the file does
};

// `identity`: of this process; a state of another machine or kind of source is not used. What
// cannot be used is set aside, said and counted; never an error.
Restored RestoreFrom(const StateFile& file, const SavedState& identity,
                     const PipelineOptions& options);

// This machine and boot, and what the source is called.
SavedState IdentityOf(std::string source);

}  // namespace kle
