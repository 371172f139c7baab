// SPDX-License-Identifier: Apache-2.0
#include "metrics/pipeline.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "metrics/pod.h"
#include "parser/catalogue.h"
#include "parser/framer.h"
#include "parser/klog.h"
#include "parser/skim.h"
#include "parser/unwrap.h"

namespace kle {

namespace {

constexpr Duration kClockStep = std::chrono::seconds(1);

}  // namespace

struct Pipeline::Impl final : RecordFilter {
  // A line that tells nothing but a verbosity: it is taken by itself, and is no record.
  struct Proof {
    const CatalogueRow* row = nullptr;
    Frame frame;
  };

  Impl(const PipelineOptions& options, const RecordSink& sink)
      : before_event(options.before_event),
        zone_given(!options.zone.timezone.empty()),
        clock(options.zone),
        tracker(options.tracker, metrics, sink ? sink : options.on_record),
        runtime_wanted(options.runtime) {}

  // A line with a bad head is taken too, and counted.
  bool Wants(const Frame& first_line) override {
    if (ParseHeader(first_line, record) != ParseError::kNone) return true;
    NoteVerbosity(record.level);
    const Glimpse glimpse = LookAtRecord(first_line, record);
    if (glimpse.event && IsProof(glimpse.row)) proof = {glimpse.row, first_line};
    return glimpse.event && proof.row == nullptr;
  }

  Glance LookAt(LineFormat format, std::string_view line) override {
    if (!Skim(format, line)) return Glance::kUnsure;
    if (!skimmed.event) return Glance::kUnwanted;
    if (!IsProof(skimmed.row)) return Glance::kWanted;
    proof.row = skimmed.row;
    proof.frame.format = format;
    proof.frame.text = line;
    return Glance::kUnwanted;
  }

  bool Skim(LineFormat format, std::string_view line) {
    if (format == LineFormat::kKlogText) return skimmer.Text(line, record.last, skimmed);
    if (!skimmer.Json(line, skimmed)) return false;
    NoteVerbosity(skimmed.level);
    return true;
  }

  bool Wanted(LineFormat format) const {
    return runtime_wanted || !IsWhole(format) || format == LineFormat::kCollector;
  }

  static bool IsProof(const CatalogueRow* row) {
    return row != nullptr && row->kind == EventKind::kVerbosity;
  }

  // `glimpsed`: its message was looked at, and is none that a row has all of.
  void Take(const Frame& frame, bool glimpsed = false) {
    if (frame.format == LineFormat::kOther) return;
    if (!Wanted(frame.format)) return;
    if (const ParseError error = ParseHeader(frame, record); error != ParseError::kNone) {
      if (error != ParseError::kNotKlog) metrics.CountParseError(error);
      return;
    }
    if (glimpsed) ReadMessage(frame, record);
    const CatalogueRow* const row = glimpsed ? FindRow(record) : FindRow(frame, record);
    if (row != nullptr) TakeRow(frame, *row);
  }

  // Of the line that was pushed, whatever follows it.
  void TakeProof(const LogLine& line) {
    Frame& frame = proof.frame;
    if (line.received) frame.received = line.received;
    if (line.pid != 0) frame.pid = line.pid;
    if (line.monotonic) {
      frame.monotonic = line.monotonic;
      frame.boot = line.boot;
    }
    if (ParseHeader(frame, record) == ParseError::kNone) TakeRow(frame, *proof.row);
    proof = {};
  }

  // Header and message are read, and that is the message's row.
  void TakeRow(const Frame& frame, const CatalogueRow& row) {
    NoteClock(frame);
    const std::optional<Timestamp> at = TimeOf(frame);
    if (!at) {
      if (!IsWhole(frame.format)) metrics.CountParseError(ParseError::kBadHeader);
      return;
    }
    if (IsProof(&row)) {
      NoteProof(row, *at);
      return;
    }
    if (!Extract(record, frame, row, event)) {
      metrics.CountParseError(ParseError::kBadFields);
      return;
    }
    event.at = *at;
    if (event.kind == EventKind::kRedirect) return;
    if (before_event) before_event(event.at);
    if (event.kind == EventKind::kLinesLost) {
      if (OfOthers(event.detail)) return;
      Count(Gap{GapReason::kSuppressed, event.lines});
    }
    NoteEvent();
    tracker.On(event);
    NoteRestart(event.level);
  }

  // Of a unit that is not read, or of whichever.
  static bool OfOthers(std::string_view unit) {
    return !unit.empty() && WriterNamed(unit) == LogWriter::kAny;
  }

  void Count(const Gap& gap) {
    GapCount& count = summary.gaps[gap.reason];
    ++count.times;
    count.lines += gap.lines;
    metrics.CountGap(gap);
  }

  // A line that tells a verbosity and nothing else: its time counts, and who wrote it. At -v 5 that
  // is up to every fourth line.
  void NoteProof(const CatalogueRow& row, Timestamp at) {
    if (before_event) before_event(at);
    Count(EventKind::kVerbosity, at);
    const int level = std::max<int>(record.level, row.level);
    NoteVerbosity(level);
    tracker.OnProof(at, record.pid, level);
    NoteRestart(level);
  }

  // Another kubelet may run at another level.
  void NoteRestart(int level) {
    const uint64_t counted = tracker.counts().kubelet_restarts;
    if (std::exchange(restarts, counted) == counted) return;
    verbosity = level;
    metrics.SetVerbosity(verbosity, summary.runtime_seen);
  }

  // journald takes the wall clock and the monotonic one at the same moment: their distance changes
  // only when the wall clock is stepped (slewing is slower than this).
  void NoteClock(const Frame& frame) {
    if (!frame.received || !frame.monotonic) return;
    const Timestamp zero = *frame.received - *frame.monotonic;
    if (frame.boot != boot) {
      tracker.OnBoot(*frame.received);
      boot = frame.boot;
    } else if (clock_zero && std::chrono::abs(zero - *clock_zero) > kClockStep) {
      tracker.OnClockStep(zero - *clock_zero, *frame.received);
      metrics.CountClockStep();
    }
    clock_zero = zero;
  }

  std::optional<Timestamp> TimeOf(const Frame& frame) {
    if (record.epoch) return record.epoch;
    if (record.stamp) {
      if (!frame.received && !zone_given) summary.zone_assumed = true;
      return clock.Resolve(*record.stamp, frame.received);
    }
    if (frame.received || !IsWhole(frame.format)) return frame.received;
    return summary.last_event_at;  // no earlier than what stands before it
  }

  void Count(EventKind kind, Timestamp at) {
    ++summary.events;
    metrics.CountEvent(kind);
    if (!summary.first_event_at) summary.first_event_at = at;
    if (!summary.last_event_at || at > *summary.last_event_at) summary.last_event_at = at;
  }

  void NoteEvent() {
    Count(event.kind, event.at);
    if (event.row->source == LogSource::kRuntime && !summary.runtime_seen) {
      summary.runtime_seen = true;
      metrics.SetVerbosity(verbosity, true);
    }
    NoteVerbosity(event.level);
    if (event.kind == EventKind::kKubeletVersion) {
      summary.kubelet_version = event.detail;
      if (!event.detail.starts_with('v')) summary.kubelet_version.insert(0, 1, 'v');  // <= 1.20
      NoteKubelet();
    } else if (event.kind == EventKind::kRuntimeInfo) {
      runtime = event.reason;
      NoteKubelet();
    } else if (event.kind == EventKind::kCgroupDriver) {
      cgroup_driver = event.detail;
      NoteKubelet();
    }
  }

  void NoteKubelet() { metrics.SetKubeletInfo(summary.kubelet_version, cgroup_driver, runtime); }

  template <typename Archive>
  void Fields(Archive& archive) {
    archive(summary.kubelet_version, summary.verbosity_seen, verbosity, summary.runtime_seen,
            summary.lines, summary.events, summary.first_event_at, summary.last_event_at,
            lines_by_format, truncated, boot, clock_zero, runtime, cgroup_driver);
  }

  void NoteVerbosity(int level) {
    if (level <= verbosity) return;
    verbosity = level;
    summary.verbosity_seen = std::max(summary.verbosity_seen, level);
    metrics.SetVerbosity(level, summary.runtime_seen);
  }

  Need PassOver(const LogLine& line) {
    const auto format = framer.BareFormat(line.stream);
    if (!format) return Need::kAll;
    Frame frame;
    frame.format = *format;
    frame.text = line.text;
    if (!framer.IsUsual(frame) || !Skim(*format, line.text)) return Need::kAll;
    if (skimmed.event) return BeginsProcess(skimmed.message) ? Need::kAll : Need::kTime;
    if (const auto held = framer.Complete()) Take(*held);
    NotePassed(*format, 1);
    return Need::kNothing;
  }

  void NotePassed(LineFormat format, uint64_t lines) {
    framer.Passed(format, lines);
    summary.lines += lines;
    lines_by_format[static_cast<size_t>(format)] += lines;
    metrics.CountLine(format, lines);
  }

  size_t PushBlock(std::string_view lines) {
    const auto format = framer.BetweenRecords(0);
    if (!format || lines.empty()) return 0;
    const char* at = lines.data();
    const char* const end = at + lines.size();
    Frame frame;
    frame.format = *format;
    uint64_t taken = 0;
    while (const void* const newline = std::memchr(at, '\n', static_cast<size_t>(end - at))) {
      const auto* const next = static_cast<const char*>(newline) + 1;
      frame.text = {at, next - 1};
      if (!framer.IsUsual(frame) || !Skim(*format, frame.text)) break;
      if (skimmed.event) {
        if (!IsProof(skimmed.row) && !Framer::EndsBefore(frame, {next, end})) break;
        if (skimmed.row != nullptr) {
          TakeSkimmed(skimmed, record);
          TakeRow(frame, *skimmed.row);
        } else {
          Take(frame, true);
        }
      }
      ++taken;
      at = next;
    }
    if (taken > 0) NotePassed(*format, taken);
    return static_cast<size_t>(at - lines.data());
  }

  bool Drain() {
    bool any = false;
    for (; const auto frame = framer.Flush(); any = true) Take(*frame);
    return any;
  }

  std::function<void(Timestamp)> before_event;
  MetricSet metrics;
  Framer framer;
  Record record;
  Skimmer skimmer;
  SkimmedLine skimmed;  // of the line that is looked at
  Proof proof;
  Event event;
  bool zone_given;
  HeaderClock clock;
  Tracker tracker;
  bool runtime_wanted;
  SourceSummary summary;
  std::array<uint64_t, kLineFormatCount> lines_by_format{};
  uint64_t truncated = 0;
  int verbosity = 0;      // proven of the kubelet that runs
  uint64_t restarts = 0;  // that `verbosity` knows of
  uint32_t boot = 0;
  std::optional<Timestamp> clock_zero;  // wall clock at monotonic zero
  std::string runtime;
  std::string cgroup_driver;
};

Pipeline::Pipeline(const PipelineOptions& options, const RecordSink& sink)
    : impl_(std::make_unique<Impl>(options, sink)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

void Pipeline::Push(const LogLine& line) {
  Impl& pipeline = *impl_;
  const auto frame = pipeline.framer.Push(line, &pipeline);
  const LineFormat format = pipeline.framer.last_line_format();
  ++pipeline.summary.lines;
  ++pipeline.lines_by_format[static_cast<size_t>(format)];
  pipeline.metrics.CountLine(format);
  // What the kubelet's lines before it say comes first: a record of theirs may still be held.
  if (IsWhole(format)) pipeline.Drain();
  if (frame) pipeline.Take(*frame);
  if (pipeline.proof.row != nullptr) pipeline.TakeProof(line);
  for (; pipeline.truncated < pipeline.framer.truncated(); ++pipeline.truncated) {
    pipeline.metrics.CountTruncatedRecord();
  }
}

size_t Pipeline::PushBlock(std::string_view lines) { return impl_->PushBlock(lines); }
Need Pipeline::PassOver(const LogLine& line) { return impl_->PassOver(line); }

void Pipeline::OnGap(const Gap& gap, Timestamp at) {
  impl_->Count(gap);
  impl_->tracker.OnGap(at);
}

bool Pipeline::Idle(Timestamp now) {
  const bool drained = impl_->Drain();
  return impl_->tracker.Advance(now) || drained;
}

void Pipeline::Finish() {
  impl_->Drain();
  impl_->tracker.Finish();
}

void Pipeline::Save(Encoder& encoder) const {
  encoder(kStateLayout);
  impl_->Fields(encoder);
  encoder(impl_->framer, impl_->clock.learnt());
  impl_->tracker.Save(encoder);
}

bool Pipeline::Restore(std::string_view bytes) {
  Impl& pipeline = *impl_;
  Decoder decoder(bytes);
  uint32_t layout = 0;
  decoder(layout);
  if (layout != kStateLayout) return false;
  HeaderClock::Learnt learnt;
  pipeline.Fields(decoder);
  decoder(pipeline.framer, learnt);
  if (!pipeline.tracker.Restore(decoder) || !decoder.done()) return false;
  pipeline.clock.Restore(learnt);
  pipeline.restarts = pipeline.tracker.counts().kubelet_restarts;
  pipeline.metrics.SetVerbosity(pipeline.verbosity, pipeline.summary.runtime_seen);
  const bool kubelet_known = !pipeline.summary.kubelet_version.empty() ||
                             !pipeline.runtime.empty() || !pipeline.cgroup_driver.empty();
  if (kubelet_known) pipeline.NoteKubelet();
  return true;
}

std::vector<TerminationRecord> Pipeline::InFlight(size_t limit) const {
  return impl_->tracker.InFlight(limit);
}

std::vector<InFlightPod> Pipeline::Overview() const { return impl_->tracker.Overview(); }

std::vector<RecordPtr> Pipeline::Recent(size_t limit) const { return impl_->tracker.Recent(limit); }

uint64_t Pipeline::lines() const { return impl_->summary.lines; }

const SourceSummary& Pipeline::summary() const {
  Impl& pipeline = *impl_;
  pipeline.summary.kubelet_restarts = pipeline.tracker.counts().kubelet_restarts;
  for (size_t i = 0; i < pipeline.lines_by_format.size(); ++i) {
    if (pipeline.lines_by_format[i] == 0) continue;
    pipeline.summary.formats[std::string(Name(static_cast<LineFormat>(i)))] =
        pipeline.lines_by_format[i];
  }
  return pipeline.summary;
}

Tracker& Pipeline::tracker() { return impl_->tracker; }
MetricSet& Pipeline::metrics() { return impl_->metrics; }

}  // namespace kle
