// SPDX-License-Identifier: Apache-2.0
#include "exporter/live_merge.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookEvery(250);
constexpr milliseconds kLookSeldom(500);
constexpr int kSeldomAfter = 20;  // times that nobody had anything
// To ask a source that has nothing costs as much as a line.
constexpr int kRest = 256;
const std::string kMark = "merged/1";

LogLine ViewOf(const PendingLine& pending) {
  LogLine line;
  line.text = pending.text;
  line.received = pending.received;
  line.monotonic = pending.monotonic;
  line.boot = pending.boot;
  line.stream = pending.stream;
  line.pid = pending.pid;
  line.continues_previous = pending.continues_previous;
  line.writer = pending.writer;
  return line;
}

PendingLine Kept(const LogLine& line) {
  return {true,     std::string(line.text),  line.received, line.monotonic, line.boot, line.stream,
          line.pid, line.continues_previous, line.writer};
}

}  // namespace

std::vector<LiveMerge::Source> LiveMerge::SourcesAt(const std::string& position,
                                                    const std::vector<std::string>& names) {
  std::string mark;
  std::vector<std::string> known;
  std::vector<std::string> positions;
  std::vector<PendingLine> pending;
  Decoder decoder(position);
  decoder(mark);
  const bool merged = decoder.ok() && mark == kMark;
  if (merged) decoder(known, positions, pending);
  const bool fits =
      decoder.done() && positions.size() == known.size() && pending.size() == known.size();
  std::vector<Source> sources;
  for (const std::string& name : names) {
    Source& source = sources.emplace_back(Source{name});
    if (!merged) source.position = position;
    const auto found = std::find(known.begin(), known.end(), name);
    if (!merged || !fits || found == known.end()) continue;
    const auto at = static_cast<size_t>(found - known.begin());
    source.position = positions[at];
    source.pending = pending[at];
  }
  return sources;
}

LiveMerge::LiveMerge(std::vector<Source> sources, const ZoneOptions& zone) {
  streams_.reserve(sources.size());
  for (Source& source : sources) {
    Stream& stream = streams_.emplace_back(Stream{std::move(source), LineTime(zone)});
    if (!stream.source.pending.there) continue;
    stream.line = ViewOf(stream.source.pending);
    stream.there = true;
    NoteTime(stream);
  }
}

// False when the caller has to hear of it.
bool LiveMerge::Fill(Stream& stream, milliseconds wait, Result<ReadStatus>& status) {
  while (true) {
    status = stream.source.lines->Next(stream.line, wait);
    if (!status) return false;
    stream.there = *status == ReadStatus::kLine;
    stream.rest = stream.there ? 0 : kRest;
    if (stream.there) NoteTime(stream);
    if (*status != ReadStatus::kGap) return stream.there || *status == ReadStatus::kIdle;
    gap_ = stream.source.lines->gap();
    if (stream.source.needed || gap_.reason == GapReason::kSuppressed) return false;
  }
}

bool LiveMerge::FillAll(bool resting, Result<ReadStatus>& status) {
  for (Stream& stream : streams_) {
    if (stream.there || (resting && stream.rest > 0 && stream.rest-- > 0)) continue;
    if (!Fill(stream, milliseconds(0), status)) return false;
  }
  return true;
}

LiveMerge::Stream* LiveMerge::Earliest() {
  Stream* first = nullptr;
  for (Stream& stream : streams_) {
    if (stream.there && (first == nullptr || stream.at < first->at)) first = &stream;
  }
  return first;
}

void LiveMerge::NoteTime(Stream& stream) {
  if (const auto at = stream.time.Of(stream.line)) stream.at = std::max(stream.at, *at);
}

Result<ReadStatus> LiveMerge::Next(LogLine& line, milliseconds wait) {
  std::optional<steady_clock::time_point> deadline;  // no clock on the way of a line
  while (true) {
    Result<ReadStatus> status(ReadStatus::kIdle);
    if (!FillAll(true, status)) return status;
    Stream* first = Earliest();
    if (first == nullptr && !FillAll(false, status)) return status;
    if (first == nullptr) first = Earliest();
    if (first != nullptr) {
      line = first->line;
      // Two sources may number their writers alike.
      line.stream ^= static_cast<uint64_t>(first - streams_.data()) << 56;
      first->there = false;
      idle_ = 0;
      return ReadStatus::kLine;
    }
    const auto begun = steady_clock::now();
    if (!deadline) deadline = begun + wait;
    const auto left = std::chrono::ceil<milliseconds>(*deadline - begun);
    if (left <= milliseconds(0)) {
      idle_ = std::min(idle_ + 1, kSeldomAfter);
      return ReadStatus::kIdle;
    }
    const auto pause = std::min(left, idle_ < kSeldomAfter ? kLookEvery : kLookSeldom);
    if (!Fill(streams_.front(), pause, status)) return status;
    // Woken by a signal: the caller looks why.
    const bool early = steady_clock::now() - begun < pause / 2;
    if (!streams_.front().there && early) return ReadStatus::kIdle;
    for (size_t i = 1; i < streams_.size(); ++i) {
      if (!streams_[i].there && !Fill(streams_[i], milliseconds(0), status)) return status;
    }
  }
}

std::string LiveMerge::Position() {
  std::vector<std::string> names;
  std::vector<std::string> positions;
  std::vector<PendingLine> pending;
  for (Stream& stream : streams_) {
    names.push_back(stream.source.name);
    positions.push_back(stream.source.lines->Position());
    pending.push_back(stream.there ? Kept(stream.line) : PendingLine());
  }
  std::string bytes;
  Encoder encoder(bytes);
  encoder(kMark, names, positions, pending);
  return bytes;
}

SourceHealth LiveMerge::Health() {
  SourceHealth health = streams_.front().source.lines->Health();
  for (size_t i = 1; i < streams_.size(); ++i) {
    const Source& source = streams_[i].source;
    const std::string trouble = source.lines->Health().trouble;
    if (health.trouble.empty() && source.needed) health.trouble = trouble;
  }
  return health;
}

}  // namespace kle
