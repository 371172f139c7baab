// SPDX-License-Identifier: Apache-2.0
// Lines to records: undoes wrappers (unwrap.h) and joins what klog wrote as one message over
// several lines.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/codec.h"
#include "parser/frame.h"
#include "parser/log_line.h"
#include "parser/unwrap.h"

namespace kle {

// Tells by a record's first line whether the record is wanted at all: most are not, and need no
// copy.
class RecordFilter {
 public:
  virtual ~RecordFilter() = default;
  virtual bool Wants(const Frame& first_line) = 0;
  // Of a line of that format without a wrapper: what a glance tells. kUnsure when it may begin no
  // record, too.
  enum class Glance : uint8_t { kUnsure, kWanted, kUnwanted };
  virtual Glance LookAt(LineFormat format, std::string_view line) = 0;
};

// Holds back one record, since only the next line tells that it is complete. Not thread-safe.
class Framer {
 public:
  struct Limits {
    // Longest record kept; what is longer is cut and counted. Status dumps reach some 100 KB.
    size_t record_bytes = 1 << 20;
  };

  Framer();
  explicit Framer(Limits limits);

  // Takes one line. Returns the record that this line shows to be complete, or nothing.
  // The returned frame is valid until the next call of Push or Flush. Records that `filter` does
  // not want are followed to their ends and not returned.
  std::optional<Frame> Push(const LogLine& line, RecordFilter* filter = nullptr);

  // No further line is coming for now: gives back the record held, or nothing. Call until empty.
  std::optional<Frame> Flush();

  // For callers that deal with most lines by themselves, and push only the others.
  //
  // The format (klog text or JSON) of the stream's lines, if its last one was bare, and the last
  // line that came. Nothing: push the next line.
  std::optional<LineFormat> BareFormat(uint64_t stream) const;
  // The same, but nothing while a record is held that the next line could still belong to.
  std::optional<LineFormat> BetweenRecords(uint64_t stream) const;
  // Whether `line`, if it begins a record, is a plain line of its format: bare, not too long, and
  // it opens no block of several lines.
  bool IsUsual(const Frame& line) const;
  // Ends the record that is held of the stream that wrote last, and returns it if it is wanted.
  std::optional<Frame> Complete();
  // Whether the record that `line` begins ends with that line. `rest`: the bytes that follow it.
  static bool EndsBefore(const Frame& line, std::string_view rest);
  // Tells of so many lines, each a record of `format`, that the caller has dealt with.
  void Passed(LineFormat format, uint64_t lines);

  // Format of the line last pushed (for counting).
  LineFormat last_line_format() const { return last_line_format_; }
  // Records cut at Limits::record_bytes since the start.
  uint64_t truncated() const { return truncated_; }

 private:
  static constexpr size_t kSlots = 64;   // writers followed; the least recent one gives way
  static constexpr size_t kBudget = 16;  // all records held together, in multiples of record_bytes

  // One writer: what its last line belonged to, and the record held.
  struct Slot {
    uint64_t stream = 0;
    uint64_t key = 0;    // tells writers of one stream apart: identifier
    uint64_t pid = 0;    // and process of a wrapper
    uint64_t since = 0;  // tick of the first line
    uint64_t used = 0;   // of the last one
    uint64_t begun = 0;  // tick of the record's first line
    LineFormat format = LineFormat::kOther;
    bool holding = false;
    bool partial = false;   // the wrapper cut the line: the next one is its rest
    bool joined = false;    // the record has further lines
    bool in_block = false;  // between `key=<` and ` >`; kept only once joined
    bool cut = false;
    bool wanted = true;  // otherwise without its text
    Frame frame;         // but for its text
    std::string text;

    bool holds() const { return holding && wanted; }

    template <typename Archive>
    friend void Fields(Archive& archive, Slot& slot) {
      archive(slot.stream, slot.key, slot.pid, slot.since, slot.used, slot.begun, slot.format,
              slot.holding, slot.partial, slot.joined, slot.in_block, slot.cut, slot.wanted,
              slot.frame.format, slot.frame.received, slot.frame.monotonic, slot.frame.boot,
              slot.frame.pid, slot.text);
    }
  };
  std::optional<Frame> PushWhole(const LogLine& line, LineFormat format, std::string_view text,
                                 const Unwrapped& bare = {});
  bool AfterText(const LogLine& line) const;
  bool PushBare(const LogLine& line, RecordFilter* filter, std::optional<Frame>& done);
  std::optional<Frame> Continue(const LogLine& line);
  Slot& SlotFor(uint64_t stream, const Unwrapped& bare, std::optional<Frame>& evicted);
  static bool InBlock(const Slot& slot);
  void Begin(Slot& slot, const LogLine& line, const Unwrapped& bare, RecordFilter* filter);
  void Open(Slot& slot, const LogLine& line, LineFormat format, std::string_view text,
            RecordFilter* filter, RecordFilter::Glance glance = RecordFilter::Glance::kUnsure);
  void Keep(Slot& slot, std::string_view text);
  static void PassOver(Slot& slot, std::string_view text);
  void Append(Slot& slot, std::string_view text);
  void AppendRest(Slot& slot, std::string_view text);
  void AppendLine(Slot& slot, std::string_view text);
  std::optional<Frame> Release(Slot& slot);
  std::optional<Frame> ReleaseEnded(const Slot& current);

  template <typename Archive>
  friend void Fields(Archive& archive, Framer& framer) {
    archive(framer.last_line_format_, framer.truncated_, framer.tick_, framer.current_,
            framer.slots_, framer.unwrapper_);
    if constexpr (Archive::kDecodes) {
      if (framer.slots_.size() > kSlots) archive.Fail();
      framer.held_bytes_ = 0;
      for (const Slot& slot : framer.slots_) framer.held_bytes_ += slot.text.size();
    }
  }

  LineFormat last_line_format_ = LineFormat::kOther;
  uint64_t truncated_ = 0;
  Limits limits_;
  uint64_t tick_ = 0;
  size_t current_ = 0;
  size_t held_bytes_ = 0;
  std::vector<Slot> slots_;
  std::string out_;  // the record last returned
  Unwrapper unwrapper_;
};

}  // namespace kle
