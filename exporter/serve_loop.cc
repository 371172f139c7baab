// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_loop.h"

#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <time.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "exporter/build_info.h"
#include "exporter/log.h"
#include "exporter/process_metrics.h"
#include "exporter/text.h"
#include "exporter/trace_export.h"

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kInFlightServed = 1000;
constexpr size_t kRecentServed = 1000;
// While there is nothing to read and the source's end was not reached yet.
constexpr milliseconds kSettle(20);
constexpr milliseconds kIdleWait(500);
constexpr milliseconds kTick(5);  // of the coarse clock, and a little
// So long without a line, the last record is complete and the source's time is the clock's, less
// what a line may take from the kubelet to here.
constexpr milliseconds kQuiet(400);
constexpr Duration kUnderWay = milliseconds(500);
// A commit may take this part of a processor at most: ten thousand pods in flight are slow to
// render.
constexpr int kCommitShare = 20;
// Lines that are no events only move counters of lines.
constexpr int kCalm = 5;
constexpr seconds kIdleCommit(10);
// A line takes no such time from the kubelet to a file: its zone is another one.
constexpr Duration kClockSlack = std::chrono::minutes(10);

Timestamp Now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

// What a commit costs, however long others keep the processor meanwhile.
std::chrono::nanoseconds ProcessorTime() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

ServeLoop::Clock::time_point ServeLoop::Clock::now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return time_point(seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

ServeLoop::ServeLoop(LineSource& source, SnapshotBox& snapshots, Restored restored,
                     ServeLoopOptions options)
    : source_(source),
      options_(std::move(options)),
      pipeline_(std::move(restored.pipeline)),
      committer_(options_.state, snapshots, options_.on_publish),
      changed_(restored.changed) {
  pipeline_->metrics().SetBuildInfo(Version(), Compiler());
}

Result<void> ServeLoop::Run(const std::atomic<bool>& stop) {
  Commit();
  LogLine line;
  while (!stop.load(std::memory_order_relaxed)) {
    auto status = source_.Next(line, Patience());
    if (!status) return status.error();
    reading_ = *status == ReadStatus::kLine;
    switch (*status) {
      case ReadStatus::kLine:
        OnLine(line);
        break;
      case ReadStatus::kGap:
        OnGap();
        break;
      case ReadStatus::kIdle:
      case ReadStatus::kEnd:
        OnIdle();
        break;
    }
    if (options_.reload_asked != nullptr &&
        options_.reload_asked->load(std::memory_order_relaxed)) {
      Reload();
    }
    if (options_.turn_every.count() > 0) Turn();
  }
  committer_.Wait();  // only then may the last state and what shows it follow
  Commit();
  committer_.Wait();
  TakeOutcome();
  return {};
}

void ServeLoop::Turn() {
  const auto now = Clock::now();
  if (now - turned_ < options_.turn_every) return;
  turned_ = now;
  options_.on_turn();
}

// No longer than until the last record counts as complete, or until the next commit may be made:
// what a line says is to be seen soon. A busy kubelet never pauses: that the end is reached shows
// only to who does not wait there.
milliseconds ServeLoop::Patience() const {
  if (!caught_up_) return reading_ ? milliseconds(0) : kSettle;
  const auto now = Clock::now();
  const auto quiet = last_line_ + kQuiet;
  const auto next = now < quiet ? quiet : committed_ + options_.commit_every;
  if (next <= now) return kIdleWait;
  return std::min(kIdleWait, std::chrono::ceil<milliseconds>(next - now) + kTick);
}

void ServeLoop::OnLine(const LogLine& line) {
  pipeline_->Push(line);
  if (line.received) last_received_ = line.received;
  if (caught_up_) ++live_lines_;
  last_line_ = Clock::now();
  changed_ = true;
  behind_ = true;
  if (CommitDue()) Commit();
}

void ServeLoop::OnGap() {
  pipeline_->OnGap(source_.gap(), last_received_.value_or(Now()));
  changed_ = true;
  urgent_ = true;
}

void ServeLoop::Reload() {
  options_.reload_asked->store(false, std::memory_order_relaxed);
  options_.on_reload(*pipeline_);
  owed_ = true;  // what it changed is to be seen
  if (CommitDue()) Commit();
}

void ServeLoop::OnIdle() {
  const std::string trouble = source_.Health().trouble;
  const bool readable = trouble.empty();
  if (readable) {
    behind_ = false;
    if (Clock::now() - last_line_ >= kQuiet && pipeline_->Idle(Now() - kUnderWay)) urgent_ = true;
  }
  const bool first = readable && !std::exchange(caught_up_, caught_up_ || readable);
  if (first || trouble != trouble_) owed_ = true;
  if (CommitDue()) Commit();
}

bool ServeLoop::CommitDue() const {
  const auto since = Clock::now() - committed_;
  if (!owed_ && (since < options_.commit_every || since < kCommitShare * cost_)) return false;
  if (committer_.busy()) return since >= options_.hung_after;
  if (owed_ || urgent_ || pipeline_->summary().events != events_) return true;
  if (changed_) return since >= kCalm * options_.commit_every;
  // Ages grow while pods are in flight; the first time they are still those of the last line.
  if (pipeline_->tracker().counts().in_flight == 0) return since >= kIdleCommit;
  return since >= (aged_ ? kCalm : 1) * options_.commit_every;
}

std::string ServeLoop::WhyNotReady(const SourceHealth& health) {
  std::string why;
  if (!health.trouble.empty()) {
    why = health.trouble;
  } else if (!caught_up_) {
    why = "catching up with the log";
  } else if (options_.needs_kubelet_line) {
    const auto& formats = pipeline_->summary().formats;
    if (!formats.contains(std::string(Name(LineFormat::kKlogText))) &&
        !formats.contains(std::string(Name(LineFormat::kKlogJson)))) {
      why = "no kubelet line seen yet: " +
            (health.advice.empty() ? options_.no_line_advice : health.advice);
    }
  }
  if (why.empty()) return why;
  for (const auto& [reason, files] : health.unreadable) {
    if (files > 0) why += "; " + std::to_string(files) + " journal files unreadable: " + reason;
  }
  return why;
}

void ServeLoop::UpdateSelfMetrics(const SourceHealth& health, bool ready) {
  MetricSet& metrics = pipeline_->metrics();
  metrics.SetReady(ready);
  metrics.SetTrackedPods(pipeline_->tracker().tracked_pods());
  if (options_.config_health) {
    const auto config = options_.config_health();
    metrics.SetConfigReload(config.good,
                            std::chrono::time_point_cast<Duration>(config.last_success));
  }
  if (const auto& last = pipeline_->summary().last_event_at) metrics.SetLastEvent(*last);
  Duration lag{};
  if (behind_ && last_received_) lag = std::max(lag, Now() - *last_received_);
  metrics.SetJournalLag(lag);
  if (health.headroom) metrics.SetJournalHeadroom(*health.headroom);
  metrics.SetJournalPolling(health.polling);
  for (const auto& [reason, files] : health.unreadable) {
    metrics.SetJournalFilesUnreadable(reason, files);
  }
}

// A disk that hangs keeps the state from being written, not the operator from seeing.
void ServeLoop::NoteHungDisk() {
  if (std::exchange(hung_, true)) return;
  pipeline_->metrics().CountStateCommitError();
  commit_error_ = "the disk has not taken it for " +
                  std::to_string(std::chrono::round<seconds>(options_.hung_after).count()) + " s";
  Log(LogLevel::kError, "the state file is not written", {{"error", commit_error_}});
}

void ServeLoop::TakeOutcome() {
  const auto outcome = committer_.TakeOutcome();
  if (!outcome) return;
  if (!outcome->ok) {
    if (!hung_) pipeline_->metrics().CountStateCommitError();
    changed_ = true;
  }
  hung_ = false;
  if (outcome->error == commit_error_) return;
  commit_error_ = outcome->error;
  if (outcome->ok) {
    Log(LogLevel::kInfo, "the state file is written again");
  } else {
    Log(LogLevel::kError, "the state file is not written", {{"error", commit_error_}});
  }
}

// The first live line may only complete an old one.
void ServeLoop::NoteClock() {
  const auto& last = pipeline_->summary().last_event_at;
  if (options_.clock_advice.empty() || live_lines_ < 2 || !last || last == judged_) return;
  judged_ = last;
  const Duration off = *last - Now();
  const bool far = std::chrono::abs(off) > kClockSlack;
  if (far && clock_off_ && std::chrono::abs(off - *clock_off_) <= kClockSlack) return;
  if (!far && !clock_off_) return;
  clock_off_ = far ? std::optional(off) : std::nullopt;
  warning_.clear();
  if (!far) {
    Log(LogLevel::kInfo, "the log's times are those of this machine's clock again");
    return;
  }
  // A line was under way for a moment, and a zone is off by whole minutes.
  const auto minutes = std::chrono::round<std::chrono::minutes>(std::chrono::abs(off));
  warning_ = "what was just written is stamped " + ShortSeconds(ToSeconds(minutes)) +
             (off < Duration::zero() ? " before" : " after") +
             " this machine's clock: " + options_.clock_advice;
  Log(LogLevel::kWarn, "the log's times are not those of this machine's clock",
      {{"reason", warning_}});
}

void ServeLoop::TakeTraceCounts() {
  if (options_.traces == nullptr) return;
  const auto counts = options_.traces->TakeCounts();
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    pipeline_->metrics().CountTraceExports(TraceExport::kResults[i], counts[i]);
    changed_ = true;
  }
}

void ServeLoop::LogChanges(const SourceHealth& health, const Snapshot& snapshot) {
  if (health.trouble != trouble_) {
    trouble_ = health.trouble;
    if (trouble_.empty()) {
      Log(LogLevel::kInfo, "the source can be read again");
    } else {
      Log(LogLevel::kWarn, "the source cannot be read", {{"reason", trouble_}});
    }
  }
  if (snapshot.reason == reason_) return;
  reason_ = snapshot.reason;
  if (snapshot.ready) {
    Log(LogLevel::kInfo, "ready");
  } else {
    Log(LogLevel::kInfo, "not ready", {{"reason", reason_}});
  }
}

std::shared_ptr<Snapshot> ServeLoop::MakeSnapshot(const SourceHealth& health) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = ++sequence_;
  snapshot->reason = WhyNotReady(health);
  snapshot->ready = snapshot->reason.empty();
  snapshot->warning = warning_;
  pipeline_->metrics().SetInFlight(pipeline_->Overview());
  snapshot->in_flight = Shared(pipeline_->InFlight(kInFlightServed));
  if (changed_ || urgent_ || !recent_) {
    recent_ = std::make_shared<const std::vector<RecordPtr>>(pipeline_->Recent(kRecentServed));
  }
  snapshot->recent = recent_;
  UpdateSelfMetrics(health, snapshot->ready);
  const auto families = pipeline_->metrics().Collect();
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  snapshot->metrics = std::move(text).str() + ProcessMetrics();
  snapshot->status = StatusOf(pipeline_->summary(), families);
  totals_ = MetricSet::Totals(families);
  return snapshot;
}

void ServeLoop::Commit() {
  const auto begun = ProcessorTime();
  owed_ = false;
  TakeOutcome();
  TakeTraceCounts();
  NoteClock();
  const SourceHealth health = source_.Health();
  const bool hangs = committer_.busy();
  if (hangs) NoteHungDisk();
  const bool save = options_.state != nullptr && (changed_ || urgent_) && !hangs;
  if (save) pipeline_->metrics().CountStateCommit();
  auto snapshot = MakeSnapshot(health);
  LogChanges(health, *snapshot);
  if (!save) {
    committer_.Publish(snapshot);
  } else {
    SavedState state = options_.identity;
    state.position = source_.Position();
    state.totals = std::move(totals_);
    StatePacker packer(state);
    pipeline_->Save(packer.encoder());
    committer_.Submit(packer.Finish(), std::move(snapshot));
  }
  aged_ = !changed_ && !urgent_;
  if (save || options_.state == nullptr) {
    changed_ = false;
    urgent_ = false;
    events_ = pipeline_->summary().events;
  }
  committed_ = Clock::now();
  cost_ = ProcessorTime() - begun;
}

}  // namespace kle
