// SPDX-License-Identifier: Apache-2.0
// What the first bytes of a file tell: kubelet log, empty, binary, and when it begins.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/time.h"
#include "parser/zone.h"

namespace kle {

inline constexpr size_t kSniffBytes = 64 * 1024;

struct Sniffed {
  bool empty = false;
  bool binary = false;      // no kubelet line, and bytes that no log has
  std::string_view unpack;  // of a binary: the command that makes text of it, where one is known
  bool journal = false;     // a journal file (in a compressed one, or it would not be read as text)
  bool klog = false;        // at least one kubelet record
  bool runtime = false;     // none, but one of a container runtime
  std::optional<Timestamp> first;  // time of the first record
  std::string zone;                // of a runtime's times, "+01:00"; "" where they are UTC
};

Sniffed Sniff(std::string_view head, const ZoneOptions& zone);

// When the last record of a file was written, by its last bytes.
std::optional<Timestamp> LastRecord(std::string_view tail, const ZoneOptions& zone);

}  // namespace kle
