// SPDX-License-Identifier: Apache-2.0
// One line on standard error, for commands that end.
#pragma once

#include <cstdio>
#include <string_view>

namespace kle {

// Returns `code`, so that a command can end with it.
inline int Complain(int code, std::string_view message) {
  std::fprintf(stderr, "kubelet-lifecycle-exporter: %.*s\n", static_cast<int>(message.size()),
               message.data());
  return code;
}

}  // namespace kle
