// SPDX-License-Identifier: Apache-2.0
// Facts of a pod to its termination record.
#pragma once

#include <string>

#include "metrics/pod.h"
#include "metrics/termination.h"

namespace kle {

// What holds up every pod of the node.
struct NodeTrouble {
  std::optional<Timestamp> skipped_at;  // last "Skipping pod synchronization"
  Reason skip_reason = Reason::kOther;
  std::optional<Timestamp> restarted_at;
};
KLE_FIELDS(NodeTrouble, skipped_at, skip_reason, restarted_at)

struct BuildContext {
  int verbosity = 0;  // highest -v proven so far: decides what an absent line means
  Duration stuck_slack{};
  Timestamp now;  // for `current`
  NodeTrouble trouble;
};

// Needs pod.termination. The same facts always give the same record.
TerminationRecord BuildRecord(const PodFacts& pod, const BuildContext& context);

// The same without volumes, failures, phases and `current`.
TerminationRecord BuildEnds(const PodFacts& pod);

// Where a termination in flight is now, without the hint.
Current BuildCurrent(const PodFacts& pod, const BuildContext& context);

// What to do about it, for `current`: by its reason, or, once it is overdue, by its phase; with the
// pod's own names in the commands. "" while nothing is wrong.
std::string HintFor(const PodFacts& pod, const Current& current);

}  // namespace kle
