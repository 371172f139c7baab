// SPDX-License-Identifier: Apache-2.0
// One line on standard error, for commands that end.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "exporter/options.h"

namespace kle {

// Returns `code`, so that a command can end with it.
inline int Complain(int code, std::string_view message) {
  std::fprintf(stderr, "kubelet-lifecycle-exporter: %.*s\n", static_cast<int>(message.size()),
               message.data());
  return code;
}

// The same of a command line that makes no sense: where its help is. `command` may be "".
inline int ComplainOfUsage(std::string message, const std::string& command = {}) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  message.append(" (see kubelet-lifecycle-exporter").append(command.empty() ? "" : " ");
  return Complain(kUsageError, message.append(command).append(" --help)"));
}

}  // namespace kle
