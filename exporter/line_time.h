// SPDX-License-Identifier: Apache-2.0
// When a line was written, by what it says itself: to put lines of several files in order.
#pragma once

#include <optional>

#include "parser/framer.h"
#include "parser/log_line.h"
#include "parser/record.h"
#include "parser/zone.h"

namespace kle {

// Of one writer's lines, in their order.
class LineTime {
 public:
  explicit LineTime(const ZoneOptions& zone) : clock_(zone) {}

  // Nothing for a line that begins no record: it belongs to the one before.
  std::optional<Timestamp> Of(const LogLine& line);

 private:
  Framer framer_;
  Record record_;
  HeaderClock clock_;
};

}  // namespace kle
