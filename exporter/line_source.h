// SPDX-License-Identifier: Apache-2.0
// The one interface through which lines come in, whatever they come from.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"
#include "metrics/gap.h"
#include "parser/log_line.h"
#include "parser/time.h"

namespace kle {

enum class ReadStatus : uint8_t {
  kLine,
  kIdle,  // nothing more for now: everything written so far was handed over, unless health says no
  kEnd,   // nothing more ever
  kGap,   // position was lost or an entry could not be read; lines may be missing
};

// How the source is, besides its lines.
struct SourceHealth {
  std::string trouble;                        // one line while it cannot be read; "" while it can
  bool polling = false;                       // for want of inotify watches
  std::map<std::string, int64_t> unreadable;  // journal files by reason: permission, bad_magic, ...
  std::string advice;                         // why no line may come, and what to do; "": unknown
  std::optional<Duration> headroom;           // from the oldest entry kept to the last one read
};

// Not thread-safe; open, read and destroy it in one thread.
class LineSource {
 public:
  virtual ~LineSource() = default;

  // Waits at most `wait` when there is nothing. `line` stays valid until the next call.
  // An error is final.
  [[nodiscard]] virtual Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) = 0;

  // Lines that Next would give next, each with its newline, as far as they have been read: where
  // nothing but its text is known of a line (a file's). The last may not be whole. Valid until the
  // next call of Next or Skip.
  virtual std::string_view Ahead() const { return {}; }
  // They are dealt with: the next line begins that many bytes further on.
  virtual void Skip(size_t /*bytes*/) {}

  // Asked of lines before more than text, writer, pid and stream is known of them, where finding
  // out more costs something (a journal's). A line of which nothing is needed is not given.
  using Taker = std::function<Need(const LogLine& line)>;
  virtual void OfferFirst(const Taker& /*taker*/) {}

  // Everything needed to go on after the line last given, in a later process too: a source opened
  // with these bytes (which only it can read) gives the lines that follow. "" when there is none.
  virtual std::string Position() { return {}; }

  // What the last kGap was.
  virtual Gap gap() const { return {}; }

  virtual SourceHealth Health() { return {}; }

  // Of the input's bytes, for a progress bar; total 0 when unknown.
  struct Progress {
    uint64_t read = 0;
    uint64_t total = 0;
  };
  virtual Progress progress() const { return {}; }
};

}  // namespace kle
