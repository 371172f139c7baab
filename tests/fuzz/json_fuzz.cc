// SPDX-License-Identifier: Apache-2.0
// Any bytes as a klog JSON record, and as the rest of one.
#include <cstdint>
#include <string>

#include "klog_fuzz.h"
#include "tests/fuzz/watch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kle::fuzz::Watch watch;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kle::fuzz::ReadAll(bytes, kle::LineFormat::kKlogJson);
  static std::string record;
  record.assign(R"({"ts":1763892000000.1,"caller":"a.go:1","v":2,"msg":")").append(bytes);
  kle::fuzz::ReadAll(record, kle::LineFormat::kKlogJson);
  record += "\"}";
  kle::fuzz::ReadAll(record, kle::LineFormat::kKlogJson);
  return 0;
}
