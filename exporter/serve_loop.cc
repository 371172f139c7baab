// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_loop.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "exporter/build_info.h"
#include "exporter/log.h"
#include "exporter/process_metrics.h"

namespace kle {
namespace {

using std::chrono::milliseconds;

constexpr size_t kRecentServed = 1000;
constexpr uint64_t kLinesBetweenClocks = 512;
// Until the source's end is reached for the first time: ready soon after it.
constexpr milliseconds kSettle(20);
constexpr milliseconds kIdleWait(500);
// A commit may take this part of the time at most: ten thousand pods in flight are slow to render.
constexpr int kCommitShare = 20;

Timestamp Now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace

ServeLoop::ServeLoop(LineSource& source, SnapshotBox& snapshots, const PipelineOptions& pipeline,
                     ServeLoopOptions options)
    : source_(source),
      snapshots_(snapshots),
      options_(std::move(options)),
      pipeline_(pipeline),
      interval_(options_.commit_every) {
  pipeline_.metrics().SetBuildInfo(Version(), Compiler());
}

Result<void> ServeLoop::Run(const std::atomic<bool>& stop) {
  Commit();
  LogLine line;
  while (!stop.load(std::memory_order_relaxed)) {
    auto status = source_.Next(line, caught_up_ ? kIdleWait : kSettle);
    if (!status) return status.error();
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
  }
  Commit();
  return {};
}

void ServeLoop::OnLine(const LogLine& line) {
  pipeline_.Push(line);
  if (line.received) last_received_ = line.received;
  changed_ = true;
  behind_ = true;
  if (++lines_ % kLinesBetweenClocks == 0 && CommitDue()) Commit();
}

void ServeLoop::OnGap() {
  pipeline_.metrics().CountGap(source_.gap());
  pipeline_.tracker().OnGap(last_received_.value_or(Now()));
  changed_ = true;
}

void ServeLoop::OnIdle() {
  const std::string trouble = source_.Health().trouble;
  const bool readable = trouble.empty();
  if (readable) {
    behind_ = false;
    pipeline_.Idle(Now());
  }
  const bool first = readable && !std::exchange(caught_up_, caught_up_ || readable);
  if (first || trouble != trouble_ || CommitDue()) Commit();
}

std::string ServeLoop::WhyNotReady(const SourceHealth& health) {
  std::string why;
  if (!health.trouble.empty()) {
    why = health.trouble;
  } else if (!caught_up_) {
    why = "catching up with the log";
  } else if (options_.needs_kubelet_line) {
    const auto& formats = pipeline_.summary().formats;
    if (!formats.contains(std::string(Name(LineFormat::kKlogText))) &&
        !formats.contains(std::string(Name(LineFormat::kKlogJson)))) {
      why = "no kubelet line seen yet: " + options_.no_line_advice;
    }
  }
  if (why.empty()) return why;
  for (const auto& [reason, files] : health.unreadable) {
    if (files > 0) why += "; " + std::to_string(files) + " journal files unreadable: " + reason;
  }
  return why;
}

void ServeLoop::UpdateSelfMetrics(const SourceHealth& health, bool ready) {
  MetricSet& metrics = pipeline_.metrics();
  metrics.SetReady(ready);
  metrics.SetTrackedPods(pipeline_.tracker().tracked_pods());
  if (const auto& last = pipeline_.summary().last_event_at) metrics.SetLastEvent(*last);
  Duration lag{};
  if (behind_ && last_received_) lag = std::max(lag, Now() - *last_received_);
  metrics.SetJournalLag(lag);
  if (health.headroom) metrics.SetJournalHeadroom(*health.headroom);
  for (const auto& [reason, files] : health.unreadable) {
    metrics.SetJournalFilesUnreadable(reason, files);
  }
}

void ServeLoop::Commit() {
  const auto begun = Clock::now();
  const SourceHealth health = source_.Health();
  if (health.trouble != trouble_) {
    trouble_ = health.trouble;
    if (trouble_.empty()) {
      Log(LogLevel::kInfo, "the source can be read again");
    } else {
      Log(LogLevel::kWarn, "the source cannot be read", {{"reason", trouble_}});
    }
  }
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->reason = WhyNotReady(health);
  snapshot->ready = snapshot->reason.empty();
  if (snapshot->reason != reason_) {
    reason_ = snapshot->reason;
    if (snapshot->ready) {
      Log(LogLevel::kInfo, "ready");
    } else {
      Log(LogLevel::kInfo, "not ready", {{"reason", reason_}});
    }
  }
  auto in_flight = std::make_shared<const std::vector<TerminationRecord>>(pipeline_.InFlight());
  pipeline_.metrics().SetInFlight(*in_flight);
  snapshot->in_flight = std::move(in_flight);
  if (changed_ || !recent_) {
    recent_ =
        std::make_shared<const std::vector<TerminationRecord>>(pipeline_.Recent(kRecentServed));
  }
  snapshot->recent = recent_;
  UpdateSelfMetrics(health, snapshot->ready);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, pipeline_.metrics().registry().Collect());
  snapshot->metrics = std::move(text).str() + ProcessMetrics();
  if (options_.on_commit) options_.on_commit(*snapshot);
  snapshots_.Set(std::move(snapshot));
  changed_ = false;
  committed_ = Clock::now();
  interval_ = std::max<Clock::duration>(options_.commit_every, kCommitShare * (committed_ - begun));
}

}  // namespace kle
