// SPDX-License-Identifier: Apache-2.0
// Facts of a pod to the phases of its termination: which line pair measures which, and how exactly.
#pragma once

#include <optional>

#include "metrics/pod.h"
#include "metrics/termination.h"

namespace kle {

// One phase; started_at is null when it has not begun or cannot be seen. `verbosity`: the highest
// -v proven so far, which decides what an absent line means.
PhaseSpan MeasurePhase(const PodFacts& pod, Phase phase, int verbosity);

// When the kubelet had nothing left to do on the node; null until then.
std::optional<Timestamp> LocalEnd(const PodFacts& pod);

}  // namespace kle
