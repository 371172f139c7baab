// SPDX-License-Identifier: Apache-2.0
// The pod tracker: follows every pod's life and measures how it ends. Pure: no I/O, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "metrics/termination.h"
#include "parser/catalogue.h"
#include "parser/codec.h"
#include "parser/event.h"
#include "parser/time.h"

namespace kle {

class MetricSet;

struct TrackerOptions {
  // Age beyond the granted grace at which a termination counts as overdue (stuck).
  Duration stuck_slack = std::chrono::seconds(60);
  // Most terminations in flight; beyond it the oldest is dropped and counted.
  size_t max_in_flight = 20'000;
  // Most pods remembered (identity of names, containers, sandboxes).
  size_t max_pods = 22'000;
  // Ended terminations kept for Recent().
  size_t max_recent = 1'000;
};

// started = completed + expired + evicted + interrupted + in_flight, at every step.
struct TrackerCounts {
  uint64_t started = 0;
  uint64_t completed = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t interrupted = 0;
  uint64_t in_flight = 0;
  uint64_t kubelet_restarts = 0;
};
KLE_FIELDS(TrackerCounts, started, completed, expired, evicted, interrupted, in_flight,
           kubelet_restarts)

// What an event of this kind does to its pod, a sentence each, in the order in which it is done;
// none for a kind that only shows that its pod lives.
std::vector<std::string_view> EffectsOf(EventKind kind);

class Tracker {
 public:
  struct Impl;  // tracker_impl.h

  using RecordSink = std::function<void(const RecordPtr&)>;

  // `metrics` must outlive the tracker.
  Tracker(const TrackerOptions& options, MetricSet& metrics, RecordSink sink);
  ~Tracker();

  // Feeds one event. Events come in the source's order; their times may step back a little.
  void On(const Event& event);
  // A line of the kubelet that tells no more than when it was printed, by which process, and that
  // its verbosity is this at least.
  void OnProof(Timestamp at, uint64_t pid, int verbosity);

  // The source's time has reached `now`: settles what waited. Never goes back. True when there was
  // something to settle.
  bool Advance(Timestamp now);

  // Lines are missing (suppressed, vacuumed, corrupt): what is in flight becomes uncertain.
  void OnGap(Timestamp at);

  // The wall clock jumped by that much (forward: positive): every known time moves with it.
  void OnClockStep(Duration by, Timestamp seen_at);

  // Another boot: what is in flight ended with the old one, unseen.
  void OnBoot(Timestamp at);

  // End of input: settles everything that only waited for time and hands ended records to the sink.
  void Finish();

  // All that it knows, to go on in another process with the same results. Restore: into a new
  // tracker; false when the bytes make none, and it is of no use then.
  void Save(Encoder& encoder) const;
  [[nodiscard]] bool Restore(Decoder& decoder);

  // From now on; see TrackerOptions.
  void SetStuckSlack(Duration slack);

  // Oldest first; the oldest when there are more.
  std::vector<TerminationRecord> InFlight(size_t limit = SIZE_MAX) const;
  // All in flight, in no order; names stay valid until the next event.
  std::vector<InFlightPod> Overview() const;
  std::vector<RecordPtr> Recent(size_t limit) const;
  const TrackerCounts& counts() const;
  size_t tracked_pods() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace kle
