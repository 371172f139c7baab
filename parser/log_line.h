// SPDX-License-Identifier: Apache-2.0
// What every source hands over, one journal entry or one line of a file, and what is needed of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/time.h"

namespace kle {

// Who wrote a line, where the source vouches for it. Of kAny the line itself must tell.
// A collector is journald or rsyslog, in its own words.
enum class LogWriter : uint8_t { kAny, kKubelet, kRuntime, kKernel, kCollector };
constexpr LogWriter LastOf(LogWriter) { return LogWriter::kCollector; }

// What a source has still to read of a line after the pipeline has seen its text: each field of a
// journal's entry costs a look-up.
enum class Need : uint8_t {
  kNothing,  // the line is dealt with
  kTime,     // its times; its writer is taken to be the one of the last line of that form
  kAll,      // times, writer and process
};

struct LogLine {
  // One journal entry's MESSAGE, or one line without its newline. Valid until the source's next
  // call.
  std::string_view text;
  // When the collector took the line: journald's realtime. Absent for a bare file.
  std::optional<Timestamp> received;
  // Time since boot at which journald took the line; absent outside a journal.
  std::optional<Duration> monotonic;
  // Counts boots seen by the source, from 0. Two monotonic times compare only within one boot.
  uint32_t boot = 0;
  // Which writer: a line only ever continues a line of the same stream (journald: _STREAM_ID or
  // _PID).
  uint64_t stream = 0;
  // The writer's process id as journald vouches for it; 0 when unknown.
  uint64_t pid = 0;
  // journald cut the previous entry of this stream (_LINE_BREAK=nul or line-max): whatever `text`
  // looks like, it is the rest of that entry.
  bool continues_previous = false;
  // Lines of another writer's form are not believed.
  LogWriter writer = LogWriter::kAny;

  // As new. Member by member: this is done for every line, and costs less than an assignment.
  void Clear() {
    text = {};
    received.reset();
    monotonic.reset();
    boot = 0;
    stream = 0;
    pid = 0;
    continues_previous = false;
    writer = LogWriter::kAny;
  }
};

}  // namespace kle
