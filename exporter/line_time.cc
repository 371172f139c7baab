// SPDX-License-Identifier: Apache-2.0
#include "exporter/line_time.h"

#include "parser/klog.h"

namespace kle {

std::optional<Timestamp> LineTime::Of(const LogLine& line) {
  if (line.received && line.monotonic) return line.received;  // journald's, a moment later
  std::optional<Frame> frame = framer_.Push(line);
  if (!frame) frame = framer_.Flush();
  if (!frame || frame->format == LineFormat::kOther) return std::nullopt;
  if (ParseHeader(*frame, record_) != ParseError::kNone) return std::nullopt;
  if (record_.epoch) return record_.epoch;
  return record_.stamp ? clock_.Resolve(*record_.stamp, frame->received) : frame->received;
}

}  // namespace kle
