// SPDX-License-Identifier: Apache-2.0
// Lines to records: undoes wrappers (syslog, journalctl, k0s, MicroShift, docker json-file) and joins
// what klog wrote as one message over several lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/log_line.h"
#include "parser/time.h"

namespace kle {

// How the bytes of one record looked. The names are the values of `lines_total{format}` and of the
// report's `source.formats`.
enum class LineFormat : uint8_t {
  kKlogText,      // "I1123 23:01:26.161509   28696 kubelet.go:1987] ..."
  kKlogJson,      // {"ts":...,"msg":...}
  kOther,         // neither: flags, panics, other programs' lines
  kContinuation,  // a further line of a record (counted per line, never a record of its own)
};
std::string_view Name(LineFormat format);  // klog_text, klog_json, other, continuation

// One message as the kubelet wrote it, wrapper gone, continuation lines joined by '\n'.
struct Frame {
  LineFormat format = LineFormat::kOther;
  std::string_view text;               // starts at the klog header or at '{'; valid until the next call
  std::optional<Timestamp> received;   // from the source, else from the wrapper when it names year and zone
  std::optional<Duration> monotonic;
  uint32_t boot = 0;
  uint64_t pid = 0;  // from the source or the wrapper ("kubelet[812]:"); 0 when unknown
};

// Holds back one record, since only the next line tells that it is complete. Not thread-safe.
class Framer {
 public:
  struct Limits {
    // Longest record kept; what is longer is cut and counted. klog's status dumps reach some 100 KB.
    size_t record_bytes = 1 << 20;
  };

  Framer();
  explicit Framer(Limits limits);

  // Takes one line. Returns the record that this line shows to be complete, or nothing.
  // The returned frame is valid until the next call of Push or Flush.
  std::optional<Frame> Push(const LogLine& line);

  // No further line is coming for now: gives back the record held, or nothing. Call until empty.
  std::optional<Frame> Flush();

  // Format of the line last pushed (for counting).
  LineFormat last_line_format() const { return last_line_format_; }
  // Records cut at Limits::record_bytes since the start.
  uint64_t truncated() const { return truncated_; }

 private:
  LineFormat last_line_format_ = LineFormat::kOther;
  uint64_t truncated_ = 0;
  Limits limits_;
};

}  // namespace kle
