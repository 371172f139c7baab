// SPDX-License-Identifier: Apache-2.0
// What a failure line is about, for the tracker and for whoever explains a line.
#pragma once

#include <optional>

#include "parser/event.h"
#include "parser/reason.h"

namespace kle {

struct FailureKind {
  Phase phase;
  Reason reason;  // kOther: the line does not tell, another one of the same attempt may
};

// Phase and reason of an event of kind kFailure: its row's, unless its error text says better.
// Nothing: it is about no step of a pod's end ("Error syncing pod" for any other cause).
std::optional<FailureKind> KindOfFailure(const Event& event);

}  // namespace kle
