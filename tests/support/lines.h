// SPDX-License-Identifier: Apache-2.0
// Kubelet lines for tests, stamped by seconds since a fixed moment.
#pragma once

#include <prometheus/registry.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/pipeline.h"

namespace kle::testing {

using Lines = std::vector<std::string>;

inline constexpr std::string_view kUid = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13";
inline constexpr std::string_view kPod = "default/web-1";
inline const std::string kApp(64, 'a');
inline const std::string kSandbox(64, 'b');

// "I1123 10:00:07.250000   4321 file.go:1] <text>" for 7.25 s after 10:00.
inline std::string At(double seconds, std::string_view text, int pid = 4321, char severity = 'I') {
  const auto micros = static_cast<long long>(seconds * 1e6 + 0.5);
  char header[64];
  std::snprintf(header, sizeof(header), "%c1123 %02lld:%02lld:%02lld.%06lld %7d file.go:1] ",
                severity, 10 + micros / 3'600'000'000, micros / 60'000'000 % 60,
                micros / 1'000'000 % 60, micros % 1'000'000, pid);
  return header + std::string(text);
}

inline std::string SyncLoop(std::string_view what, std::string_view pod = kPod,
                            std::string_view source = "api") {
  return "\"SyncLoop " + std::string(what) + "\" source=\"" + std::string(source) + "\" pods=[" +
         std::string(pod) + "]";
}

inline std::string OfPod(std::string_view message, std::string_view more = {},
                         std::string_view pod = kPod, std::string_view uid = kUid) {
  std::string line = "\"" + std::string(message) + "\" pod=\"" + std::string(pod) +
                     "\" podUID=" + std::string(uid);
  if (!more.empty()) line += " " + std::string(more);
  return line;
}

inline std::string OfContainer(std::string_view message, std::string_view more = {},
                               std::string_view id = kApp, std::string_view name = "app") {
  std::string keys = "containerName=\"" + std::string(name) + "\" containerID=\"containerd://" +
                     std::string(id) + "\"";
  if (!more.empty()) keys += " " + std::string(more);
  return OfPod(message, keys);
}

inline std::string Kill(int grace, std::string_view id = kApp, std::string_view name = "app") {
  return OfContainer("Killing container with a grace period",
                     "gracePeriod=" + std::to_string(grace), id, name);
}

inline std::string Pleg(std::string_view type, std::string_view id) {
  return "\"SyncLoop (PLEG): event for pod\" pod=\"" + std::string(kPod) +
         "\" event=&{ID:" + std::string(kUid) + " Type:" + std::string(type) +
         " Data:" + std::string(id) + "}";
}

inline std::string Finished(int exit_code, std::string_view id = kApp) {
  return "\"Generic (PLEG): container finished\" podID=" + std::string(kUid) + " containerID=\"" +
         std::string(id) + "\" exitCode=" + std::to_string(exit_code);
}

inline std::string Volume(std::string_view step, std::string_view name) {
  const std::string unique = "kubernetes.io/secret/" + std::string(kUid) + "-" + std::string(name);
  const std::string uid(kUid);
  if (step == "unmounted") {
    return "UnmountVolume.TearDown succeeded for volume \"" + unique +
           "\" (OuterVolumeSpecName: \"" + std::string(name) + "\") pod \"" + uid + "\" (UID: \"" +
           uid + "\"). InnerVolumeSpecName \"" + std::string(name) +
           "\". PluginName \"kubernetes.io/secret\", VolumeGidValue \"\"";
  }
  return "\"operationExecutor.UnmountVolume started for volume \\\"" + std::string(name) +
         "\\\" (UniqueName: \\\"" + unique + "\\\") pod \\\"" + uid + "\\\" (UID: \\\"" + uid +
         "\\\") \"";
}

// What a deleted pod leaves last: its folder goes.
inline const std::string kCleaned = "\"Cleaned up orphaned pod volumes dir\" podUID=\"" +
                                    std::string(kUid) +
                                    "\" path=\"/var/lib/kubelet/pods/x/volumes\"";

// The life of a running pod before anything ends it (-v 2).
inline Lines Started() {
  return {At(0, SyncLoop("ADD")), At(1, Pleg("ContainerStarted", kSandbox)),
          At(1, Pleg("ContainerStarted", kApp))};
}

// Lines after lines.
inline Lines operator+(Lines left, const Lines& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

struct Measured {
  std::vector<TerminationRecord> ended;
  std::vector<TerminationRecord> in_flight;
  TrackerCounts counts;
  SourceSummary summary;
  std::map<std::string, uint64_t> events;  // events_total by event
  std::map<std::string, double>
      metrics;  // every family's children added up; histograms as _count and _sum

  double metric(const std::string& name) const {
    const auto it = metrics.find(name);
    return it == metrics.end() ? 0 : it->second;
  }
  // The only record there is, ended or in flight.
  const TerminationRecord& only() const { return ended.empty() ? in_flight.at(0) : ended.at(0); }
  size_t size() const { return ended.size() + in_flight.size(); }
};

inline Measured Replay(const Lines& lines, PipelineOptions options = {}) {
  if (options.zone.timezone.empty()) options.zone.timezone = "UTC";
  if (options.zone.year == 0) options.zone.year = 2026;
  Measured run;
  Pipeline pipeline(options, [&run](const RecordPtr& record) { run.ended.push_back(*record); });
  for (const std::string& line : lines) {
    LogLine log_line;
    log_line.text = line;
    pipeline.Push(log_line);
  }
  pipeline.Finish();
  run.in_flight = pipeline.InFlight();
  run.counts = pipeline.tracker().counts();
  run.summary = pipeline.summary();
  for (const prometheus::MetricFamily& family : pipeline.metrics().Collect()) {
    for (const prometheus::ClientMetric& child : family.metric) {
      if (family.type == prometheus::MetricType::Histogram) {
        run.metrics[family.name + "_count"] += static_cast<double>(child.histogram.sample_count);
        run.metrics[family.name + "_sum"] += child.histogram.sample_sum;
      } else {
        run.metrics[family.name] += child.counter.value + child.gauge.value;
      }
      if (family.name == "kubelet_lifecycle_events_total" && child.counter.value > 0) {
        run.events[child.label.at(0).value] = static_cast<uint64_t>(child.counter.value);
      }
    }
  }
  return run;
}

inline double Seconds(const std::optional<Duration>& duration) {
  return duration ? ToSeconds(*duration) : -1;
}

// Null when it is not in the record.
inline const PhaseSpan* Find(const TerminationRecord& record, Phase phase) {
  const auto found = std::ranges::find(record.phases, phase, &PhaseSpan::phase);
  return found == record.phases.end() ? nullptr : &*found;
}

inline Lines ReadLines(const std::string& path) {
  std::ifstream in(path);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace kle::testing
