// SPDX-License-Identifier: Apache-2.0
// Several sources that end, as one stream in the order of time: a kubelet's log and its runtime's.
#pragma once

#include <memory>
#include <vector>

#include "exporter/line_source.h"
#include "exporter/line_time.h"

namespace kle {

class MergedSource final : public LineSource {
 public:
  // Lines of one source stay in their order, and a record's further lines with its first.
  MergedSource(std::vector<std::unique_ptr<LineSource>> sources, const ZoneOptions& zone);

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override;
  void OfferFirst(const Taker& taker) override;
  Gap gap() const override { return gap_; }
  Progress progress() const override;

 private:
  struct Stream {
    std::unique_ptr<LineSource> source;
    LineTime time;
    LogLine line{};  // the next one, unless `wanted`
    Timestamp at{};
    bool wanted = true;
    bool ended = false;
  };

  std::vector<Stream> streams_;
  Gap gap_;
};

}  // namespace kle
