// SPDX-License-Identifier: Apache-2.0
#include "parser/frame.h"

namespace kle {

std::string_view Name(LineFormat format) {
  switch (format) {
    case LineFormat::kKlogText:
      return "klog_text";
    case LineFormat::kKlogJson:
      return "klog_json";
    case LineFormat::kOther:
      return "other";
    case LineFormat::kContinuation:
      return "continuation";
    case LineFormat::kRuntime:
      return "runtime";
    case LineFormat::kKernel:
      return "kernel";
    case LineFormat::kCollector:
      return "collector";
  }
  return "other";
}

}  // namespace kle
