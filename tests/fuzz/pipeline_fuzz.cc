// SPDX-License-Identifier: Apache-2.0
// Any bytes as a log: framing, both klog readers, every catalogue row and the tracker. What must
// hold for every input: no crash, no impossible duration, the tracker's counts add up.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "metrics/pipeline.h"
#include "tests/fuzz/watch.h"

namespace {

enum class As { kLines, kOffered, kBlocks };

// What a pipeline knows once it was given the text of a file in one of its ways.
std::string StateOf(const kle::PipelineOptions& options, std::string_view text, As as) {
  kle::Pipeline pipeline(options);
  while (!text.empty()) {
    if (as == As::kBlocks) text.remove_prefix(pipeline.PushBlock(text));
    if (text.empty()) break;
    const size_t end = std::min(text.find('\n'), text.size());
    kle::LogLine line;
    line.text = text.substr(0, end);
    if (as != As::kOffered || pipeline.PassOver(line) != kle::Need::kNothing) pipeline.Push(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::string state;
  kle::Encoder encoder(state);
  pipeline.Save(encoder);
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kle::fuzz::Watch watch;
  using namespace kle;
  if (size == 0) return 0;
  // The first byte chooses how the source presents the lines.
  const uint8_t mode = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  PipelineOptions options;
  if ((mode & 1) != 0) options.zone.timezone = "UTC";
  options.tracker.max_in_flight = 8;
  if ((mode & 32) != 0) {
    const std::string one_by_one = StateOf(options, text, As::kLines);
    for (const As as : {As::kOffered, As::kBlocks}) {
      if (StateOf(options, text, as) != one_by_one) std::abort();
    }
    return 0;
  }
  const auto check = [](const TerminationRecord& record) {
    for (const PhaseSpan& span : record.phases) {
      if (span.duration() && *span.duration() < Duration::zero()) std::abort();
    }
    if (record.terminated_at && record.requested_at &&
        *record.terminated_at < *record.requested_at) {
      std::abort();
    }
  };
  Pipeline pipeline(options, [&check](const RecordPtr& record) { check(*record); });
  Timestamp received = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    LogLine line;
    line.text = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    received += std::chrono::milliseconds(1);
    if ((mode & 2) != 0) line.received = received;
    if ((mode & 4) != 0) line.stream = line.text.size() % 3;
    line.continues_previous = (mode & 8) != 0 && line.text.size() % 5 == 0;
    if ((mode & 16) != 0) line.writer = static_cast<LogWriter>(line.text.size() % 4);
    pipeline.Push(line);
    const TrackerCounts& counts = pipeline.tracker().counts();
    if (counts.started != counts.completed + counts.expired + counts.evicted + counts.interrupted +
                              counts.in_flight) {
      std::abort();
    }
  }
  pipeline.Finish();
  for (const TerminationRecord& record : pipeline.InFlight()) check(record);
  return 0;
}
