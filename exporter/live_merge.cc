// SPDX-License-Identifier: Apache-2.0
#include "exporter/live_merge.h"

#include <algorithm>
#include <utility>

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookEvery(200);
const std::string kMark = "merged/1";

LogLine ViewOf(const PendingLine& pending, size_t stream) {
  LogLine line;
  line.text = pending.text;
  line.received = pending.received;
  line.monotonic = pending.monotonic;
  line.boot = pending.boot;
  // Two sources may number their writers alike.
  line.stream = pending.stream ^ (static_cast<uint64_t>(stream) << 56);
  line.pid = pending.pid;
  line.continues_previous = pending.continues_previous;
  line.writer = pending.writer;
  return line;
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
  for (Source& source : sources) {
    streams_.push_back({std::move(source), LineTime(zone)});
    if (streams_.back().source.pending.there) NoteTime(streams_.back());
  }
}

// False when the caller has to hear of it.
bool LiveMerge::Fill(Stream& stream, milliseconds wait, Result<ReadStatus>& status) {
  LogLine line;
  status = stream.source.lines->Next(line, wait);
  if (!status) return false;
  if (*status == ReadStatus::kGap) gap_ = stream.source.lines->gap();
  if (*status != ReadStatus::kLine) return *status == ReadStatus::kIdle;
  stream.source.pending = {
      true,     std::string(line.text),  line.received, line.monotonic, line.boot, line.stream,
      line.pid, line.continues_previous, line.writer};
  NoteTime(stream);
  return true;
}

void LiveMerge::NoteTime(Stream& stream) {
  const auto at = stream.time.Of(ViewOf(stream.source.pending, 0));
  if (at) stream.at = std::max(stream.at, *at);
}

void LiveMerge::Give(Stream& stream, LogLine& line) {
  stream.given.swap(stream.source.pending.text);
  stream.source.pending.text.clear();
  line = ViewOf(stream.source.pending, static_cast<size_t>(&stream - streams_.data()));
  line.text = stream.given;
  stream.source.pending.there = false;
}

Result<ReadStatus> LiveMerge::Next(LogLine& line, milliseconds wait) {
  const auto deadline = steady_clock::now() + wait;
  while (true) {
    Stream* first = nullptr;
    Result<ReadStatus> status(ReadStatus::kIdle);
    for (Stream& stream : streams_) {
      if (!stream.source.pending.there && !Fill(stream, milliseconds(0), status)) return status;
      if (stream.source.pending.there && (first == nullptr || stream.at < first->at))
        first = &stream;
    }
    if (first != nullptr) {
      Give(*first, line);
      return ReadStatus::kLine;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds(0)) return ReadStatus::kIdle;
    const auto begun = steady_clock::now();
    const auto pause = std::min(left, kLookEvery);
    if (!Fill(streams_.front(), pause, status)) return status;
    // Woken by a signal: the caller looks why.
    const bool early = steady_clock::now() - begun < pause / 2;
    if (!streams_.front().source.pending.there && early) return ReadStatus::kIdle;
  }
}

std::string LiveMerge::Position() {
  std::vector<std::string> names;
  std::vector<std::string> positions;
  std::vector<PendingLine> pending;
  for (Stream& stream : streams_) {
    names.push_back(stream.source.name);
    positions.push_back(stream.source.lines->Position());
    pending.push_back(stream.source.pending);
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
    if (health.trouble.empty() && source.needed) health.trouble = source.lines->Health().trouble;
  }
  return health;
}

}  // namespace kle
