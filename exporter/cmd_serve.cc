// SPDX-License-Identifier: Apache-2.0
#include "exporter/complain.h"
#include "exporter/options.h"

namespace kle {

int RunServe(const ServeOptions&) {
  return Complain(kRuntimeError, "serve comes next; use report");
}

}  // namespace kle
