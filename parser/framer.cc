// SPDX-License-Identifier: Apache-2.0
// A line loses its wrappers, then a klog header or a JSON object begins a record and everything
// else continues the record of the same writer. What cannot be told from a log line alone: a writer
// who may print raw newlines can forge a header. Where the source knows better
// (continues_previous), it rules.
#include "parser/framer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "parser/logrus.h"
#include "parser/scan.h"

namespace kle {
namespace {

constexpr auto kWrittenWithin = std::chrono::seconds(1);  // syslog has whole ones
constexpr size_t kLargeBuffer = size_t{256} << 10;

size_t Room(size_t most, size_t taken) { return most - std::min(most, taken); }

// `key=<`, with the value on the lines that follow.
bool OpensBlock(std::string_view text) {
  const size_t size = text.size();
  return size >= 2 && text[size - 1] == '<' && text[size - 2] == '=';
}

// Text that a kubelet process prints without klog: it belongs to no record.
bool Unlogged(std::string_view text) {
  return text.starts_with("Flag --") || text.starts_with("panic: ") ||
         text.starts_with("fatal error: ") || text.starts_with("goroutine ");
}

void NoteTimes(Frame& frame, const LogLine& line) {
  frame.received = line.received;
  frame.monotonic = line.monotonic;
  frame.boot = line.boot;
}

// The source's word goes before a wrapper's.
void NoteTimes(Frame& frame, const LogLine& line, const Unwrapped& bare) {
  NoteTimes(frame, line);
  if (!frame.received) frame.received = bare.received;
  if (frame.monotonic) return;
  frame.monotonic = bare.monotonic;
  frame.boot = bare.boot;
}

}  // namespace

Framer::Framer() : Framer(Limits()) {}

Framer::Framer(Limits limits) : limits_(limits) { slots_.reserve(kSlots); }

std::optional<Frame> Framer::Push(const LogLine& line, RecordFilter* filter) {
  ++tick_;
  if (line.continues_previous) return Continue(line);
  if (line.writer == LogWriter::kKernel) {
    return PushWhole(line, LineFormat::kKernel, line.text);
  }
  if (line.writer == LogWriter::kRuntime && line.text.starts_with(kLogrusText)) {
    return PushWhole(line, LineFormat::kRuntime, line.text);
  }
  if (std::optional<Frame> done; PushBare(line, filter, done)) return done;
  const bool tab_wraps =
      line.text.starts_with('\t') && line.writer == LogWriter::kAny && !AfterText(line);
  const Unwrapped bare =
      unwrapper_.Unwrap(line.text.substr(0, limits_.record_bytes), line.writer, tab_wraps);
  last_line_format_ = LineFormat::kOther;
  if (bare.foreign) return std::nullopt;
  if (IsWhole(bare.format)) {
    return PushWhole(line, bare.format, bare.text, bare);
  }
  std::optional<Frame> done;
  Slot& slot = SlotFor(line.stream, bare, done);
  slot.used = tick_;
  if (slot.partial) {
    last_line_format_ = LineFormat::kContinuation;
    slot.partial = bare.partial;
    if (slot.holding) AppendRest(slot, bare.text);
    return done;
  }
  slot.partial = bare.partial;
  const bool text_open = slot.format == LineFormat::kKlogText && !bare.other;
  const bool in_block = text_open && slot.holding && InBlock(slot);
  const bool begins =
      bare.format == LineFormat::kKlogText || (bare.format == LineFormat::kKlogJson && !in_block);
  if (begins && !bare.other) {
    if (slot.holding) done = Release(slot);
    last_line_format_ = bare.format;
    Begin(slot, line, bare, filter);
    if (!done && slots_.size() > 1) done = ReleaseEnded(slot);
    return done;
  }
  if (text_open && (in_block || !Unlogged(bare.text))) {
    last_line_format_ = LineFormat::kContinuation;
    if (slot.holding) AppendLine(slot, bare.text);
    return done;
  }
  if (slot.holding) done = Release(slot);
  slot.format = LineFormat::kOther;
  return done;
}

// A record is written at once: what another writer still holds after that is the last one of a
// process that ended. So is what a program's former process holds.
std::optional<Frame> Framer::ReleaseEnded(const Slot& current) {
  const auto& now = current.frame.received;
  for (Slot& slot : slots_) {
    if (&slot == &current || !slot.holds()) continue;
    const auto& received = slot.frame.received;
    // Apart, for the clock may have been set back.
    const bool overdue = now && received && std::chrono::abs(*now - *received) > kWrittenWithin;
    const bool former = slot.stream == current.stream && slot.key == current.key &&
                        slot.used < current.since && !InBlock(slot);
    if (overdue || former) return Release(slot);
  }
  return std::nullopt;
}

// Whether the line could go on with a record of klog's text that no wrapper was around.
bool Framer::AfterText(const LogLine& line) const {
  return std::ranges::any_of(slots_, [&](const Slot& slot) {
    return slot.stream == line.stream && slot.key == 0 && slot.format == LineFormat::kKlogText;
  });
}

// What nearly all lines are: klog's beginning without wrappers, from the writer of the line before.
// Push would do the same, with more ado.
bool Framer::PushBare(const LogLine& line, RecordFilter* filter, std::optional<Frame>& done) {
  if (current_ >= slots_.size() || line.writer >= LogWriter::kRuntime) return false;
  Slot& slot = slots_[current_];
  if (slot.stream != line.stream || slot.key != 0 || slot.partial) return false;
  if (line.text.empty() || line.text.back() == '\r') return false;
  if (line.text.size() > limits_.record_bytes) return false;
  using Glance = RecordFilter::Glance;
  // After a JSON record no block is open that such a line could be part of.
  const bool json = slot.format == LineFormat::kKlogJson && BeginsAsKlogJson(line.text);
  if (line.text.front() == '{' && !json) return false;
  const LineFormat format = json ? LineFormat::kKlogJson : LineFormat::kKlogText;
  const Glance glance = filter != nullptr ? filter->LookAt(format, line.text) : Glance::kUnsure;
  if (glance == Glance::kUnsure && !json && !scan::HeaderShaped(line.text)) return false;
  slot.used = tick_;
  if (slot.holds()) done = Release(slot);
  last_line_format_ = format;
  NoteTimes(slot.frame, line);
  slot.frame.pid = line.pid;
  Open(slot, line, format, line.text, filter, glance);
  return true;
}

std::optional<LineFormat> Framer::BareFormat(uint64_t stream) const {
  if (current_ >= slots_.size()) return std::nullopt;
  const Slot& slot = slots_[current_];
  const bool bare = slot.stream == stream && slot.key == 0 && !slot.partial;
  const bool klog = slot.format == LineFormat::kKlogText || slot.format == LineFormat::kKlogJson;
  return bare && klog ? std::optional(slot.format) : std::nullopt;
}

std::optional<LineFormat> Framer::BetweenRecords(uint64_t stream) const {
  const auto format = BareFormat(stream);
  return format && slots_[current_].holds() ? std::nullopt : format;
}

std::optional<Frame> Framer::Complete() {
  Slot& slot = slots_[current_];
  return slot.holds() ? Release(slot) : std::nullopt;
}

bool Framer::IsUsual(const Frame& line) const {
  const std::string_view text = line.text;
  return !text.empty() && (text.front() == '{') == (line.format == LineFormat::kKlogJson) &&
         text.back() != '\r' && text.back() != '<' && text.size() <= limits_.record_bytes;
}

bool Framer::EndsBefore(const Frame& line, std::string_view rest) {
  return line.format == LineFormat::kKlogJson ? !rest.empty() : scan::HeaderShaped(rest);
}

void Framer::Passed(LineFormat format, uint64_t lines) {
  Slot& slot = slots_[current_];
  tick_ += lines;
  slot.used = slot.begun = tick_;
  slot.format = last_line_format_ = format;
  slot.holding = true;
  slot.cut = false;
  slot.frame.format = format;
  slot.frame.received.reset();
  slot.frame.pid = 0;
  PassOver(slot, {});
}

// One line is all of it.
std::optional<Frame> Framer::PushWhole(const LogLine& line, LineFormat format,
                                       std::string_view text, const Unwrapped& bare) {
  last_line_format_ = format;
  Frame frame;
  frame.format = format;
  frame.text = text.substr(0, limits_.record_bytes);
  NoteTimes(frame, line, bare);
  return frame;
}

// The source cut one line in two: joined as it was, whatever it looks like.
std::optional<Frame> Framer::Continue(const LogLine& line) {
  last_line_format_ = LineFormat::kContinuation;
  Slot* latest = nullptr;
  for (Slot& slot : slots_) {
    if (slot.stream == line.stream && (latest == nullptr || slot.used > latest->used)) {
      latest = &slot;
    }
  }
  if (latest == nullptr) return std::nullopt;
  latest->used = tick_;
  if (!latest->holding) return std::nullopt;
  AppendRest(*latest, line.text);
  return std::nullopt;
}

Framer::Slot& Framer::SlotFor(uint64_t stream, const Unwrapped& bare,
                              std::optional<Frame>& evicted) {
  const auto same = [&](const Slot& slot) {
    return slot.stream == stream && slot.key == bare.key && slot.pid == bare.pid;
  };
  if (current_ < slots_.size() && same(slots_[current_])) return slots_[current_];
  auto found = std::ranges::find_if(slots_, same);
  if (found == slots_.end()) {
    if (slots_.size() < kSlots) {
      slots_.emplace_back();
      found = slots_.end() - 1;
    } else {
      found = std::ranges::min_element(slots_, {}, &Slot::used);
      if (found->holding) evicted = Release(*found);
    }
    found->stream = stream;
    found->key = bare.key;
    found->pid = bare.pid;
    found->since = tick_;
    found->format = LineFormat::kOther;
    found->partial = false;
  }
  current_ = static_cast<size_t>(found - slots_.begin());
  return *found;
}

bool Framer::InBlock(const Slot& slot) {
  return slot.joined ? slot.in_block : OpensBlock(slot.text);
}

void Framer::Begin(Slot& slot, const LogLine& line, const Unwrapped& bare, RecordFilter* filter) {
  NoteTimes(slot.frame, line, bare);
  slot.frame.pid = line.pid != 0 ? line.pid : bare.pid;
  Open(slot, line, bare.format, bare.text, filter);
}

void Framer::Open(Slot& slot, const LogLine& line, LineFormat format, std::string_view text,
                  RecordFilter* filter, RecordFilter::Glance glance) {
  using Glance = RecordFilter::Glance;
  slot.begun = tick_;
  slot.format = format;
  slot.holding = true;
  slot.cut = line.text.size() > limits_.record_bytes;
  if (slot.cut) ++truncated_;
  slot.frame.format = format;
  slot.frame.text = text;
  const bool wanted = glance == Glance::kUnsure ? filter == nullptr || filter->Wants(slot.frame)
                                                : glance == Glance::kWanted;
  if (wanted) {
    Keep(slot, text);
  } else {
    PassOver(slot, text);
  }
}

void Framer::Keep(Slot& slot, std::string_view text) {
  slot.wanted = true;
  slot.joined = false;
  slot.in_block = false;
  const size_t room = Room(limits_.record_bytes * kBudget, held_bytes_);
  if (text.size() > room && !std::exchange(slot.cut, true)) ++truncated_;
  slot.text.assign(text.substr(0, room));
  held_bytes_ += slot.text.size();
}

// Where a record ends is followed without its text.
void Framer::PassOver(Slot& slot, std::string_view text) {
  slot.wanted = false;
  slot.joined = true;
  slot.in_block = OpensBlock(text);
}

void Framer::Append(Slot& slot, std::string_view text) {
  if (slot.cut || !slot.wanted) return;
  const size_t room = std::min(Room(limits_.record_bytes, slot.text.size()),
                               Room(limits_.record_bytes * kBudget, held_bytes_));
  if (text.size() > room) {
    slot.cut = true;
    ++truncated_;
    text = text.substr(0, room);
  }
  slot.text.append(text);
  held_bytes_ += text.size();
}

void Framer::AppendRest(Slot& slot, std::string_view text) {
  Append(slot, text);
  if (slot.joined && OpensBlock(text)) slot.in_block = true;
}

void Framer::AppendLine(Slot& slot, std::string_view text) {
  if (!slot.joined) slot.in_block = OpensBlock(slot.text);
  slot.joined = true;
  if (slot.in_block && (text == " >" || text.starts_with(" > "))) slot.in_block = false;
  if (!slot.in_block && OpensBlock(text)) slot.in_block = true;
  Append(slot, "\n");
  Append(slot, text);
}

std::optional<Frame> Framer::Release(Slot& slot) {
  const bool wanted = std::exchange(slot.wanted, true);
  slot.holding = slot.joined = slot.in_block = false;
  if (!wanted) return std::nullopt;
  held_bytes_ -= slot.text.size();
  out_.swap(slot.text);
  slot.text.clear();
  // One long record must not keep its memory in every slot it passes through.
  if (slot.text.capacity() > kLargeBuffer) std::string().swap(slot.text);
  Frame frame = slot.frame;
  frame.text = out_;
  return frame;
}

std::optional<Frame> Framer::Flush() {
  Slot* first = nullptr;
  for (Slot& slot : slots_) {
    if (!slot.wanted) slot.holding = false;
    if (slot.holding && (first == nullptr || slot.begun < first->begun)) first = &slot;
  }
  if (first == nullptr) return std::nullopt;
  return Release(*first);
}

}  // namespace kle
