// SPDX-License-Identifier: Apache-2.0
// One message as the kubelet wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/time.h"

namespace kle {

// How the bytes of one record looked. The names are the values of `lines_total{format}` and of the
// report's `source.formats`.
enum class LineFormat : uint8_t {
  kKlogText,      // "I1123 23:01:26.161509   28696 kubelet.go:1987] ..."
  kKlogJson,      // {"ts":...,"msg":...}
  kOther,         // neither: flags, panics, other programs' lines
  kContinuation,  // a further line of a record (counted per line, never a record of its own)
  kRuntime,       // a container runtime's: time="..." level=info msg="...", or the same as JSON
  kKernel,
  kCollector,  // journald's or rsyslog's own: lines that it dropped
};
inline constexpr size_t kLineFormatCount = 7;
constexpr LineFormat LastOf(LineFormat) { return LineFormat::kCollector; }
std::string_view Name(LineFormat format);  // klog_text, klog_json, other, continuation, ...
// Records of these are one line each and never held back.
constexpr bool IsWhole(LineFormat format) { return format >= LineFormat::kRuntime; }

// One message as the kubelet wrote it, wrapper gone, continuation lines joined by '\n'.
struct Frame {
  LineFormat format = LineFormat::kOther;
  std::string_view text;  // starts at the klog header or at '{'; valid until the next call
  std::optional<Timestamp> received;  // from the source, else from a wrapper with year and zone
  std::optional<Duration> monotonic;
  uint32_t boot = 0;
  uint64_t pid = 0;  // from the source or the wrapper ("kubelet[812]:"); 0 when unknown
};

}  // namespace kle
