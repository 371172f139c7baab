// SPDX-License-Identifier: Apache-2.0
// Several live sources as one, in the order of time as far as they have lines: logs that grow, or
// the journal and a log beside it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/line_source.h"
#include "exporter/line_time.h"
#include "parser/codec.h"

namespace kle {

// A line that was read and not given yet; it is part of the position.
struct PendingLine {
  bool there = false;
  std::string text;
  std::optional<Timestamp> received;
  std::optional<Duration> monotonic;
  uint32_t boot = 0;
  uint64_t stream = 0;
  uint64_t pid = 0;
  bool continues_previous = false;
  LogWriter writer = LogWriter::kAny;
};
KLE_FIELDS(PendingLine, there, text, received, monotonic, boot, stream, pid, continues_previous,
           writer)

class LiveMerge final : public LineSource {
 public:
  struct Source {
    std::string name;  // which one it is, in the position
    std::string position{};
    PendingLine pending{};
    std::unique_ptr<LineSource> lines{};
    bool needed = true;  // else its trouble, and what was lost of it, is nobody's
  };
  // What an earlier process's Position told of the sources with these names: each is to be opened
  // at its position. Bytes that are no such position are those of a single source: everybody's.
  static std::vector<Source> SourcesAt(const std::string& position,
                                       const std::vector<std::string>& names);

  // The first one is waited for; the others are looked at four times a second, after ten seconds
  // without a line twice.
  LiveMerge(std::vector<Source> sources, const ZoneOptions& zone);

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override;
  std::string Position() override;
  Gap gap() const override { return gap_; }
  SourceHealth Health() override;

 private:
  struct Stream {
    Source source;
    LineTime time;
    LogLine line{};  // read and not given yet: a view into its source, or into source.pending
    bool there = false;
    Timestamp at{};
    int rest = 0;  // it had nothing: how many lines of the others come before it is asked again
  };

  bool Fill(Stream& stream, std::chrono::milliseconds wait, Result<ReadStatus>& status);
  bool FillAll(bool resting, Result<ReadStatus>& status);
  Stream* Earliest();
  void NoteTime(Stream& stream);

  std::vector<Stream> streams_;
  Gap gap_;
  int idle_ = 0;  // how often in a row nobody had anything
};

}  // namespace kle
