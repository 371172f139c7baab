// SPDX-License-Identifier: Apache-2.0
#include "metrics/coverage.h"

#include <algorithm>

namespace kle {
namespace {

constexpr Signal kSignals[] = {
    {"termination", 2, true},
    {"deletion", 2},
    {"dispatch", 2},
    {"prestop", 3},
    {"stop_containers", 2, true},
    {"container_exit_exact", 3, true},
    {"stop_sandbox", 2, true},
    {"sandbox_exact", 4, true},
    {"unmount_volumes", 0},
    {"remove_cgroup", 4},
    {"update_status", 3},
    {"remove_from_api", 2},
    {"grace", 2, true},
    {"exit_code", 2, true},
    {"kill_failures", 0},
    {"unmount_failures", 0},
    {"startup", 2},
};

// By level; the last one is for everything above. --vmodule works with the text format only.
constexpr std::string_view kAdvice[] = {
    "At log level 0 the kubelet prints no deletion: no termination is timed, only volumes, "
    "failures "
    "and startup are; --v=2 adds terminations, deletions, grace and container stops.",
    "At log level 1 the kubelet prints no deletion: no termination is timed; --v=2 adds "
    "terminations, deletions, grace and container stops.",
    "At log level 2 container exits are known to a relist (a second or so late) and preStop hooks "
    "are "
    "invisible; --v=4, or --vmodule=kuberuntime_container=3,kubelet=4,pod_workers=4, makes both "
    "exact.",
    "At log level 3 the sandbox's stop and the cgroup's removal are not printed; --v=4, or "
    "--vmodule=kubelet=4,pod_workers=4, adds them and the runtime's own exit times.",
};

// With the container runtime's lines beside.
constexpr std::string_view kAdviceWithRuntime[] = {
    "At log level 0 the kubelet prints no deletion: terminations are timed by the container "
    "runtime's lines, from its first stop on; --v=2 adds the request's time, deletions and causes.",
    "At log level 1 the kubelet prints no deletion: terminations are timed by the container "
    "runtime's lines, from its first stop on; --v=2 adds the request's time, deletions and causes.",
    "At log level 2 preStop hooks are invisible; --v=4, or "
    "--vmodule=kuberuntime_container=3,kubelet=4,pod_workers=4, adds them and the cgroup's "
    "removal.",
    "At log level 3 the cgroup's removal is not printed; --v=4, or "
    "--vmodule=kubelet=4,pod_workers=4, adds it.",
};
static_assert(std::size(kAdvice) == std::size(kAdviceWithRuntime));

}  // namespace

std::span<const Signal> Signals() { return kSignals; }

std::string_view Advice(int verbosity, bool runtime) {
  const auto level = static_cast<size_t>(std::max(verbosity, 0));
  if (level >= std::size(kAdvice)) return {};
  return runtime ? kAdviceWithRuntime[level] : kAdvice[level];
}

}  // namespace kle
