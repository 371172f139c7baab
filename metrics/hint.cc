// SPDX-License-Identifier: Apache-2.0
// What an on-call engineer can do about a termination in flight.
#include <algorithm>

#include "metrics/record_builder.h"

namespace kle {
namespace {

// Where nothing has failed: something does not answer.
std::string_view WhatIsSilent(Phase phase) {
  switch (phase) {
    case Phase::kDispatch:
      return "The kubelet has not begun to end it: does it run (systemctl status kubelet), and "
             "what does its log say of UID?";
    case Phase::kPrestop:
      return "Its preStop hook still runs: look at the hook's process on the node (ps), and at "
             "what it waits for.";
    case Phase::kStopContainers:
      return "The container runtime has not answered: look at its log, and for a process in D "
             "state (ps -eo pid,stat,wchan,cmd | grep ' D').";
    case Phase::kStopSandbox:
      return "The container runtime has not answered: look at its log for the sandbox, and at the "
             "CNI plugin that it waits for.";
    case Phase::kUnmountVolumes:
      return "Volumes are still there, and no failure is logged: findmnt | grep UID.";
    case Phase::kRemoveCgroup:
      return "Its cgroup is still there: look for processes left in it (systemd-cgls | grep -A9 "
             "UID).";
    case Phase::kUpdateStatus:
      return "Nothing of it is left on the node: can the kubelet reach the API server?";
    case Phase::kRemoveFromApi:
      return "Nothing of it is left on the node: does a finalizer keep its object (kubectl get pod "
             "-n NAMESPACE POD -o jsonpath='{.metadata.finalizers}')?";
  }
  return "";
}

// A log can hold anything, and a hint is pasted into a shell.
bool IsPlain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

void Replace(std::string& text, std::string_view word, std::string_view by) {
  if (!IsPlain(by)) return;
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) {
    text.replace(at, word.size(), by);
  }
}

}  // namespace

std::string HintFor(const PodFacts& pod, const Current& current) {
  std::string hint, page;
  if (current.reason) {
    hint = Info(*current.reason).hint;
    page = "reasons.md#" + Anchor(*current.reason);
  } else if (current.overdue > Duration::zero()) {
    hint = WhatIsSilent(current.phase);
    page = "PodTerminationStuck.md";
  } else {
    return "";
  }
  Replace(hint, "NAMESPACE", pod.namespace_);
  Replace(hint, "POD", pod.name);
  Replace(hint, "UID", pod.uid);
  return hint + " Runbook: dashboards/runbooks/" + page;
}

}  // namespace kle
