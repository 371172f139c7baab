// SPDX-License-Identifier: Apache-2.0
// Any bytes as the message of a klog text record.
#include <cstdint>
#include <string>

#include "klog_fuzz.h"
#include "tests/fuzz/watch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kle::fuzz::Watch watch;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kle::fuzz::ReadAll(bytes, kle::LineFormat::kKlogText);
  static std::string record;
  record.assign("I1123 10:00:00.000000    4321 kubelet.go:1] ").append(bytes);
  kle::fuzz::ReadAll(record, kle::LineFormat::kKlogText);
  return 0;
}
