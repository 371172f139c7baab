// SPDX-License-Identifier: Apache-2.0
// What the kubelet's log level lets us measure, and what a higher one would add.
#pragma once

#include <span>
#include <string_view>

namespace kle {

// A timing or count, and the lowest -v at which its lines are printed. Source: the V levels in the
// kubelet's sources, 1.19 to 1.36, held against recorded kubelets.
struct Signal {
  std::string_view name;  // value of signal_available{signal}
  int level;
  bool runtime = false;  // the container runtime's own lines tell it at any level
};
constexpr bool Available(const Signal& signal, int level, bool runtime) {
  return level >= signal.level || (runtime && signal.runtime);
}
std::span<const Signal> Signals();

// One sentence for a reader of a log at this level; "" when nothing is missing.
std::string_view Advice(int verbosity, bool runtime);

}  // namespace kle
