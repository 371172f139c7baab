// SPDX-License-Identifier: Apache-2.0
#include "exporter/merged_source.h"

#include <algorithm>
#include <utility>

namespace kle {

MergedSource::MergedSource(std::vector<std::unique_ptr<LineSource>> sources,
                           const ZoneOptions& zone) {
  for (auto& source : sources) streams_.push_back({std::move(source), LineTime(zone)});
}

Result<ReadStatus> MergedSource::Next(LogLine& line, std::chrono::milliseconds wait) {
  Stream* first = nullptr;
  for (Stream& stream : streams_) {
    if (stream.wanted && !stream.ended) {
      auto status = stream.source->Next(stream.line, wait);
      if (!status) return status.error();
      stream.ended = *status == ReadStatus::kEnd;
      if (*status == ReadStatus::kGap) gap_ = stream.source->gap();
      if (!stream.ended && *status != ReadStatus::kLine) return *status;
      if (stream.ended) continue;
      // Two sources may number their writers alike.
      stream.line.stream ^= static_cast<uint64_t>(&stream - streams_.data()) << 56;
      // Headers of one log may step back a little: it is not held up by that.
      if (const auto at = stream.time.Of(stream.line)) stream.at = std::max(stream.at, *at);
      stream.wanted = false;
    }
    if (!stream.ended && (first == nullptr || stream.at < first->at)) first = &stream;
  }
  if (first == nullptr) return ReadStatus::kEnd;
  line = first->line;
  first->wanted = true;
  return ReadStatus::kLine;
}

void MergedSource::OfferFirst(const Taker& taker) {
  for (Stream& stream : streams_) stream.source->OfferFirst(taker);
}

LineSource::Progress MergedSource::progress() const {
  Progress sum;
  for (const Stream& stream : streams_) {
    const Progress one = stream.source->progress();
    sum.read += one.read;
    sum.total += one.total;
  }
  return sum;
}

}  // namespace kle
