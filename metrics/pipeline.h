// SPDX-License-Identifier: Apache-2.0
// One line in, measurements out: framing, parsing, tracking and counting in one place, shared by
// serve, report, the tests and the fuzzers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/gap.h"
#include "metrics/metric_set.h"
#include "metrics/termination.h"
#include "metrics/tracker.h"
#include "parser/log_line.h"
#include "parser/zone.h"

namespace kle {

struct PipelineOptions {
  ZoneOptions zone;
  TrackerOptions tracker;
  // As the pipeline's sink, where that is made by another hand.
  std::function<void(const RecordPtr&)> on_record;
  // Told of each event's time before the event changes anything.
  std::function<void(Timestamp)> before_event;
  bool runtime = true;  // take the container runtime's and the kernel's lines too
};

// What was read, for the report's `source` and `summary`.
struct SourceSummary {
  std::string kubelet_version;  // of the last start seen; "" when never printed
  int verbosity_seen = 0;       // highest -v level that a line proves
  bool runtime_seen = false;    // the container runtime's own lines are among the input
  uint64_t lines = 0;
  uint64_t events = 0;
  uint64_t kubelet_restarts = 0;
  GapCounts gaps;                           // told by the source, or by the lines
  std::map<std::string, uint64_t> formats;  // lines by LineFormat name
  std::optional<Timestamp> first_event_at;
  std::optional<Timestamp> last_event_at;
  bool zone_assumed = false;  // times are of klog headers alone, whose zone nothing tells: UTC
};

// Not thread-safe: one owner. The same calls give the same results.
class Pipeline {
 public:
  // Told of each termination once nothing more is expected of it. Records still in flight are not.
  using RecordSink = std::function<void(const RecordPtr&)>;

  explicit Pipeline(const PipelineOptions& options, const RecordSink& sink = {});
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  void Push(const LogLine& line);

  // The same for lines of which nothing but their text is known, each with its newline: takes them
  // from the front of `lines` while they are klog's usual ones, and returns the bytes of those. The
  // next line is for Push, which takes any.
  size_t PushBlock(std::string_view lines);

  // The same for one line that is a usual one and tells nothing, of which only text, writer and
  // stream need be known: kNothing is needed then. Any other is for Push; all is needed of one by
  // which a kubelet's process is told from the one before.
  Need PassOver(const LogLine& line);

  // Lines are missing after the last one; `at`: no later than what comes next.
  void OnGap(const Gap& gap, Timestamp at);

  // The source has nothing more for now. Completes a held record; ages run to `now`. True when
  // that changed anything besides ages.
  bool Idle(Timestamp now);

  // End of input: completes what is held and hands every finished termination to the sink.
  // In-flight ones stay, with `current` as of the input's last moment.
  void Finish();

  // All that was learnt and is held back from the lines so far, except the counters and histograms
  // (MetricSet::Totals): a new pipeline with both goes on as if it were this one. Restore gives
  // false when the bytes are no such state; this pipeline is of no use then.
  void Save(Encoder& encoder) const;
  [[nodiscard]] bool Restore(std::string_view bytes);

  // In flight, oldest first, `current` filled as of the source's time.
  std::vector<TerminationRecord> InFlight(size_t limit = SIZE_MAX) const;
  // All of them, as the gauges need them.
  std::vector<InFlightPod> Overview() const;
  // Ended (removed, terminated, interrupted, expired) and still kept, newest first.
  std::vector<RecordPtr> Recent(size_t limit) const;

  const SourceSummary& summary() const;
  // As in the summary, which takes longer.
  uint64_t lines() const;
  Tracker& tracker();
  MetricSet& metrics();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kle
