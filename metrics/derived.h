// SPDX-License-Identifier: Apache-2.0
// What follows from a pod's facts, whoever asks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/pod.h"
#include "metrics/termination.h"

namespace kle {

// The pod's object stays in the API after these; its deletion comes later, or never.
bool OutlivesItsEnd(Trigger trigger);

// The container belongs to this termination: killed in it, or gone after it began.
bool Belongs(const ContainerFacts& container, const TerminationFacts& termination);

// Of the containers that belong: these need pod.termination, and so do hooks and grace. The last
// exit is null while one has not exited, or none is known.
std::optional<Timestamp> FirstKill(const PodFacts& pod);
std::optional<Timestamp> LastExit(const PodFacts& pod);
Precision WorstExit(const PodFacts& pod);
bool AnyRunning(const PodFacts& pod);

// From the first preStop hook's start to the last one's end; no end while one is running.
struct Hooks {
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> ended_at;
  bool running = false;
};
Hooks FindHooks(const PodFacts& pod);

// Seconds, as the worker decided them, else the most that a container was given.
std::optional<int64_t> GraceGranted(const PodFacts& pod);

// What failed last in that phase, or null.
const FailureRecord* LastFailure(const std::vector<FailureRecord>& failures, Phase phase);

bool VolumesOutstanding(const PodFacts& pod);
std::optional<Timestamp> LastUnmount(const PodFacts& pod);

}  // namespace kle
