// SPDX-License-Identifier: Apache-2.0
// The report for a person at a terminal: summary, those that never finished, and the slowest with a
// waterfall of their phases.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/report.h"
#include "exporter/text.h"
#include "metrics/derived.h"

namespace kle {
namespace {

constexpr size_t kLabel = 17;  // widest phase name and a blank or two
constexpr size_t kNumber = 9;
constexpr size_t kMargin = kNumber + 2;  // of what stands below a pod's name
constexpr size_t kFewest = 3;

// An id of the runtime's as crictl prints it, and takes it; any other name as it is.
std::string ShortId(const std::string& object) {
  constexpr size_t kWhole = 64;
  constexpr size_t kShort = 13;
  const bool id =
      object.size() == kWhole && object.find_first_not_of("0123456789abcdef") == std::string::npos;
  return object.substr(0, id ? kShort : std::string::npos);
}

enum class Ink { kBold, kRed, kYellow, kCyan, kDim };

class Table {
 public:
  Table(const Report& report, const TableStyle& style)
      : report_(report), style_(style), width_(std::max<size_t>(style.width, 60)) {}

  std::string Print() {
    Source();
    Counts();
    Unfinished();
    Failed();
    Durations();
    Slowest();
    return std::move(out_);
  }

 private:
  std::string Paint(Ink ink, std::string_view text) const {
    if (!style_.colour) return std::string(text);
    constexpr std::string_view kCodes[] = {"1", "31", "33", "36", "2"};
    return "\x1b[" + std::string(kCodes[static_cast<size_t>(ink)]) + "m" + std::string(text) +
           "\x1b[0m";
  }

  void Line(std::string_view text) { out_.append(Fit(text, width_)).append("\n"); }
  void Head(std::string_view text) {
    out_.append("\n").append(Paint(Ink::kBold, Fit(text, width_))).append("\n");
  }

  void Source() {
    const SourceSummary& source = report_.source;
    std::string text = "kubelet ";
    text += source.kubelet_version.empty() ? "of unknown version" : source.kubelet_version;
    text += ", log level " + std::to_string(source.verbosity_seen) + " seen, ";
    text += Grouped(source.lines) + " lines, " + Grouped(source.events) + " events";
    Line(text);
    if (source.first_event_at && source.last_event_at) {
      std::string span =
          ShortTime(*source.first_event_at) + " to " + ShortTime(*source.last_event_at);
      if (source.zone_assumed) span += " (assuming UTC: --timezone)";
      out_ += Wrap(span, width_, 0);
    }
    if (!report_.summary.advice.empty()) out_ += Wrap(report_.summary.advice, width_, 0);
    if (report_.filters.empty()) return;
    const size_t all = report_.terminations.size() + report_.left_out;
    std::string shown = Grouped(report_.terminations.size()) + " of " + Grouped(all);
    shown += " terminations: " + Grouped(report_.left_out) + " left out by " + report_.filters;
    out_ += Wrap(shown, width_, 0);
  }

  void Counts() {
    const Summary& summary = report_.summary;
    Head("TERMINATIONS " + Grouped(summary.terminations) + ", in flight at the end " +
         Grouped(summary.in_flight) + ", stuck " + Grouped(summary.stuck));
    CountLine("state", summary.by_state);
    CountLine("trigger", summary.by_trigger);
    CountLine("outcome", summary.by_outcome);
    if (summary.killed_after_grace > 0) {
      CountLine("grace ran out", {{"killed", summary.killed_after_grace}});
    }
    CountLine("failures", summary.failures);
    if (summary.kubelet_restarts > 0) {
      CountLine("kubelet", {{"restarts", summary.kubelet_restarts}});
    }
  }

  void CountLine(std::string_view label, const std::map<std::string, size_t>& counts) {
    if (counts.empty()) return;
    std::string text;
    for (const auto& [name, count] : counts) {
      text.append(text.empty() ? "" : ", ").append(name).append(" ").append(Grouped(count));
    }
    std::string wrapped = Wrap(text, width_, kLabel + 2);
    wrapped.replace(0, kLabel + 2, "  " + Cell(label, kLabel));
    out_ += wrapped;
  }

  void Durations() {
    const Summary& summary = report_.summary;
    if (summary.termination_seconds.count + summary.deletion_seconds.count +
                summary.unmount_seconds.count ==
            0 &&
        summary.phases.empty()) {
      return;
    }
    std::string head = Cell("DURATIONS", kLabel + 2);
    for (const char* name : {"count", "p50", "p90", "p99", "max"}) head += CellRight(name, kNumber);
    Head(head);
    QuantileLine("to terminated", summary.termination_seconds);
    QuantileLine("to gone from API", summary.deletion_seconds);
    for (const auto& [phase, quantiles] : summary.phases) QuantileLine(Name(phase), quantiles);
    QuantileLine("each volume", summary.unmount_seconds);
    if (inexact_) {
      out_ += Wrap(
          "Of these so many are a bound (≤, no longer than that) or known to a relist (~, up "
          "to a second or so late).",
          width_, 2);
    }
  }

  void QuantileLine(std::string_view label, const Quantiles& quantiles) {
    if (quantiles.count == 0) return;
    std::string text = "  " + Cell(label, kLabel) + CellRight(Grouped(quantiles.count), kNumber);
    for (const double value : {quantiles.p50, quantiles.p90, quantiles.p99, quantiles.max}) {
      text += CellRight(ShortSeconds(value), kNumber);
    }
    if (quantiles.bound > 0) text += "  ≤" + Grouped(quantiles.bound);
    if (quantiles.relist > 0) text += "  ~" + Grouped(quantiles.relist);
    inexact_ = inexact_ || quantiles.bound + quantiles.relist > 0;
    Line(text);
  }

  static std::string_view Mark(Precision precision) {
    if (precision == Precision::kBound) return "≤";
    return precision == Precision::kRelist ? "~" : "";
  }

  void Slowest() {
    std::vector<const TerminationRecord*> slowest;
    for (const RecordPtr& record : report_.terminations) {
      if (record->state != State::kInFlight && TotalOf(*record)) slowest.push_back(record.get());
    }
    const size_t shown = std::min(style_.slowest, slowest.size());
    if (shown == 0) return;
    std::partial_sort(slowest.begin(), slowest.begin() + static_cast<std::ptrdiff_t>(shown),
                      slowest.end(),
                      [](const auto* a, const auto* b) { return TotalOf(*a) > TotalOf(*b); });
    Head("SLOWEST " + std::to_string(shown) + " of " + Grouped(slowest.size()));
    for (size_t i = 0; i < shown; ++i) Waterfall(*slowest[i]);
  }

  void Waterfall(const TerminationRecord& record) {
    std::string tail = std::string(Name(record.trigger)) + ", " + std::string(Name(record.outcome));
    if (record.grace_granted) tail += ", grace " + std::to_string(*record.grace_granted) + "s";
    const std::string total = CellRight(ShortSeconds(ToSeconds(*TotalOf(record))), kNumber);
    const std::string name = Fit(PodName(record), width_ - kMargin);
    out_.append(Paint(Ink::kYellow, total)).append("  ").append(Paint(Ink::kBold, name));
    // A name is there to be copied: what does not fit beside it goes below.
    const bool beside = kMargin + Columns(name) + 2 + Columns(tail) <= width_;
    out_.append(beside ? "  " + tail + "\n" : "\n" + Wrap(tail, width_, kMargin));
    for (const PhaseSpan& span : record.phases) PhaseLine(record, span);
    for (const FailureRecord& failure : record.failures) FailureLine(failure);
  }

  void PhaseLine(const TerminationRecord& record, const PhaseSpan& span) {
    const auto seconds = span.duration();
    if (!seconds || !record.requested_at) return;
    const double total = ToSeconds(*TotalOf(record));
    const size_t cells = width_ - kNumber - kLabel - kNumber - 4;
    const double scale = total > 0 ? static_cast<double>(cells) / total : 0;
    const double from = std::max(0.0, ToSeconds(*span.started_at - *record.requested_at)) * scale;
    const auto begin = std::min(static_cast<size_t>(from), cells - 1);
    const auto length = static_cast<size_t>(std::ceil(ToSeconds(*seconds) * scale));
    const size_t end = std::min(cells, begin + std::max<size_t>(length, 1));
    std::string bar(begin, ' ');
    for (size_t i = begin; i < end; ++i) bar += "█";
    out_.append(std::string(kMargin, ' ')).append(Cell(Name(span.phase), kLabel));
    out_.append(Paint(Ink::kCyan, bar)).append(cells - end, ' ');
    const std::string text = std::string(Mark(span.precision)) + ShortSeconds(ToSeconds(*seconds));
    out_.append(CellRight(text, kNumber)).append("\n");
  }

  void FailureLine(const FailureRecord& failure) {
    std::string text = std::string(Name(failure.phase)) + " failed " +
                       std::to_string(failure.count) + "x: " + std::string(Name(failure.reason));
    if (!failure.object.empty()) text += " (" + ShortId(failure.object) + ")";
    out_.append(std::string(kMargin, ' '));
    out_.append(Paint(Ink::kRed, Fit(text, width_ - kMargin))).append("\n");
  }

  void Unfinished() {
    std::vector<const TerminationRecord*> unfinished;
    for (const RecordPtr& record : report_.terminations) {
      if (record->current) unfinished.push_back(record.get());
    }
    if (unfinished.empty()) return;
    std::stable_sort(unfinished.begin(), unfinished.end(), [](const auto* a, const auto* b) {
      const auto urgency = [](const Current& current) {
        return std::pair(current.overdue, current.reason.has_value());
      };
      return urgency(*a->current) > urgency(*b->current);
    });
    const size_t shown = std::min(std::max(style_.slowest, kFewest), unfinished.size());
    Head("NEVER FINISHED " + Grouped(unfinished.size()) + ", stuck " +
         Grouped(report_.summary.stuck));
    for (size_t i = 0; i < shown; ++i) StuckLines(*unfinished[i]);
    if (shown < unfinished.size()) {
      Line("  and " + Grouped(unfinished.size() - shown) +
           " more: --slowest=" + std::to_string(unfinished.size()) + " shows them");
    }
  }

  // A phase in which something failed, of a pod that finished all the same.
  struct Held {
    const TerminationRecord* record;
    Phase phase;
    // Of the phase; where it has no start or end, of what failed in it.
    Timestamp since = Timestamp::max();
    Timestamp until = Timestamp::min();
    std::vector<const FailureRecord*> failures = {};
    int count = 0;  // attempts that failed

    Duration time() const { return until - since; }
  };

  static Held& HeldIn(const TerminationRecord& record, Phase phase, std::vector<Held>& own) {
    const auto known = std::ranges::find(own, phase, &Held::phase);
    if (known != own.end()) return *known;
    return own.emplace_back(Held{&record, phase});
  }

  static std::vector<Held> HeldUp(const std::vector<RecordPtr>& records) {
    std::vector<Held> all;
    for (const RecordPtr& record : records) {
      if (record->current) continue;
      std::vector<Held> own;
      for (const FailureRecord& failure : record->failures) {
        Held& held = HeldIn(*record, failure.phase, own);
        held.failures.push_back(&failure);
        held.count += failure.count;
        held.since = std::min(held.since, failure.first_at);
        held.until = std::max(held.until, failure.last_at);
      }
      for (Held& held : own) {
        const auto span = std::ranges::find(record->phases, held.phase, &PhaseSpan::phase);
        if (span == record->phases.end() || !span->started_at) continue;
        held.since = *span->started_at;
        if (span->duration()) held.until = *span->ended_at;
      }
      std::ranges::copy(own, std::back_inserter(all));
    }
    return all;
  }

  // What held pods up, the longest first.
  void Failed() {
    std::vector<Held> held = HeldUp(report_.terminations);
    std::erase_if(held, [](const Held& one) { return one.time() < std::chrono::milliseconds(1); });
    if (held.empty()) return;
    std::ranges::stable_sort(held, [](const Held& a, const Held& b) {
      return std::pair(a.time(), a.count) > std::pair(b.time(), b.count);
    });
    const size_t shown = std::min(kFewest, held.size());
    Head("HELD UP, longest " + std::to_string(shown) + " of " + Grouped(held.size()));
    for (size_t i = 0; i < shown; ++i) FailedLines(held[i]);
  }

  void FailedLines(const Held& held) {
    out_.append(Paint(Ink::kYellow, CellRight(ShortSeconds(ToSeconds(held.time())), kNumber)))
        .append("  ");
    out_.append(Paint(Ink::kBold, Fit(PodName(*held.record), width_ - kMargin)));
    std::string where = "in " + std::string(Name(held.phase)) + " since " + ShortTime(held.since);
    for (size_t i = 0; i < std::min(kFewest, held.failures.size()); ++i) {
      const FailureRecord& failure = *held.failures[i];
      where += ", " + std::string(Name(failure.reason));
      if (!failure.object.empty()) {
        where += failure.phase == Phase::kUnmountVolumes ? ", volume " : ", ";
        where += ShortId(failure.object);
      }
      where += " (failed " + std::to_string(failure.count) + "x)";
    }
    if (held.failures.size() > kFewest) {
      where += " and " + std::to_string(held.failures.size() - kFewest) + " others";
    }
    out_.append("\n").append(Wrap(where, width_, kMargin));
  }

  void StuckLines(const TerminationRecord& record) {
    const Current& current = *record.current;
    const bool stuck = IsStuck(record);
    const std::string age = CellRight(ShortSeconds(ToSeconds(current.age)), kNumber);
    out_.append(Paint(stuck ? Ink::kRed : Ink::kYellow, age)).append("  ");
    out_.append(Paint(Ink::kBold, Fit(PodName(record), width_ - kMargin)));
    std::string where =
        "in " + std::string(Name(current.phase)) + " since " + ShortTime(current.since);
    if (current.reason) where += ", " + std::string(Name(*current.reason));
    if (stuck) where += ", overdue by " + ShortSeconds(ToSeconds(current.overdue));
    const double grace = static_cast<double>(record.grace_granted.value_or(0));
    if (!current.reason && ToSeconds(current.age) < grace) {
      where += ", within its grace of " + ShortSeconds(grace);
    }
    if (current.phase == Phase::kUnmountVolumes) where += VolumesLeft(record);
    out_.append("\n").append(Wrap(where, width_, kMargin));
    out_.append(Wrap(current.hint, width_, kMargin));
    const FailureRecord* last = LastFailure(record.failures, current.phase);
    if (last != nullptr) SaidLines(*last);
  }

  // The line itself: only it names the server, the socket or the path.
  void SaidLines(const FailureRecord& failure) {
    std::string head = "Failed " + std::to_string(failure.count) + "x";
    if (!failure.object.empty()) head += " (" + ShortId(failure.object) + ")";
    head += ", last at " + ShortTime(failure.last_at) + ":";
    out_.append(Wrap(head, width_, kMargin));
    for (const std::string& line : Fold(Sample(failure), width_ - kMargin)) {
      out_.append(kMargin, ' ').append(Paint(Ink::kDim, line)).append("\n");
    }
  }

  static std::string VolumesLeft(const TerminationRecord& record) {
    std::string text;
    for (const VolumeRecord& volume : record.volumes) {
      if (volume.unmounted_at || !volume.started_at) continue;
      text += (text.empty() ? ", volume " : ", ") + volume.name;
      if (volume.failures > 0) text += " (failed " + std::to_string(volume.failures) + "x)";
    }
    return text;
  }

  const Report& report_;
  const TableStyle& style_;
  const size_t width_;
  bool inexact_ = false;  // a duration was shown that is not exact
  std::string out_;
};

}  // namespace

std::string ReportTable(const Report& report, const TableStyle& style) {
  return Table(report, style).Print();
}

}  // namespace kle
