// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a state file holds: loaded or refused, never a crash, and whatever was loaded
// can go on and be saved again. The file's checksum is passed by, or nothing would get behind it.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "exporter/journal_place.h"
#include "exporter/state_file.h"
#include "metrics/metric_set.h"
#include "metrics/tracker.h"
#include "parser/catalogue.h"
#include "parser/framer.h"
#include "tests/fuzz/watch.h"

namespace {

using namespace kle;

// Making one costs more than all the rest; old ones are full of made-up series.
MetricSet& Metrics(bool used) {
  static std::unique_ptr<MetricSet> metrics;
  static int uses = 0;
  if (!metrics || (used && ++uses % 500 == 0)) metrics = std::make_unique<MetricSet>();
  return *metrics;
}

// What the kubelet and the runtime may print next of a pod in flight, a few kinds an input.
void GoOn(Tracker& tracker, size_t number) {
  const auto records = tracker.InFlight(1);
  if (records.empty()) return;
  const TerminationRecord& record = records.front();
  const LogSource source = number % 2 == 0 ? LogSource::kKubelet : LogSource::kRuntime;
  const auto rows = Catalogue(source);
  for (size_t i = 0; i < 8; ++i) {
    const CatalogueRow& row = rows[(number / 2 + i) % rows.size()];
    Event event;
    event.kind = row.kind;
    event.row = &row;
    event.at = record.requested_at.value_or(Timestamp()) + std::chrono::seconds(i);
    event.pod = {record.namespace_, record.pod, record.uid};
    event.pods = {event.pod};
    if (!record.containers.empty()) {
      event.container = record.containers.front().name;
      event.container_id = event.sandbox_id = record.containers.back().id;
    }
    tracker.On(event);
  }
}

void RestoreTracker(std::string_view bytes) {
  Tracker tracker(TrackerOptions(), Metrics(false), {});
  Decoder decoder(bytes);
  if (!tracker.Restore(decoder)) return;
  std::string again;
  Encoder encoder(again);
  tracker.Save(encoder);
  Tracker second(TrackerOptions(), Metrics(false), {});
  Decoder of_saved(again);
  if (!second.Restore(of_saved)) std::abort();
  GoOn(tracker, bytes.size());
  tracker.OnGap(Timestamp());
  tracker.OnClockStep(std::chrono::seconds(-5), {});
  tracker.Advance(Timestamp(std::chrono::hours(1)));
  tracker.InFlight();
  tracker.Overview();
  tracker.Recent(10);
  tracker.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kle::fuzz::Watch watch;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      FromBytes(bytes);
      break;
    case 1: {
      JournalPlace place;
      Decode(bytes, place);
      break;
    }
    case 2: {
      Framer framer;
      if (!Decode(bytes, framer)) break;
      LogLine line;
      line.text = "a line";
      for (line.stream = 0; line.stream < 3; ++line.stream) framer.Push(line);
      while (framer.Flush()) continue;
      break;
    }
    case 3:
      if (!Metrics(true).RestoreTotals(bytes)) break;
      break;
    default:
      RestoreTracker(bytes);
  }
  return 0;
}
