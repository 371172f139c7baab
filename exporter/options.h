// SPDX-License-Identifier: Apache-2.0
// What the command line and the configuration file ask for, one plain struct per command.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "metrics/tracker.h"
#include "parser/time.h"

namespace kle {

enum ExitCode : int { kOk = 0, kRuntimeError = 1, kUsageError = 2, kStuck = 3 };

enum class SourceKind { kJournal, kFile };
enum class StartAt { kBoot, kNow, kAll };

struct ServeOptions {
  SourceKind source = SourceKind::kJournal;
  std::string journal_directory;           // "": the local journal
  std::vector<std::string> journal_units;  // empty: the known kubelet units
  std::vector<std::string> file_paths;
  std::vector<std::string> listen_addresses{":10298"};
  std::vector<std::string> probe_addresses;
  std::string telemetry_path = "/metrics";
  std::string web_config_file;
  std::string config_file;
  std::string state_path = "/var/lib/kubelet-lifecycle-exporter/state";  // "none": nothing is kept
  bool runtime = true;  // read the container runtime's and the kernel's lines too
  // Runtime logs that lie beside the journal, read where they exist.
  std::vector<std::string> runtime_files{"/var/lib/rancher/k3s/agent/containerd/containerd.log",
                                         "/var/lib/rancher/rke2/agent/containerd/containerd.log"};
  StartAt start = StartAt::kBoot;
  Duration stuck_slack = TrackerOptions().stuck_slack;
  size_t max_in_flight = TrackerOptions().max_in_flight;
  std::string timezone;
  std::string trace_endpoint;  // "": no traces
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

// A moment of a log: named, or so long before the log's end.
struct Moment {
  std::string text;  // as it was written
  std::optional<Timestamp> at;
  std::optional<Duration> before_end;
};

struct ReportOptions {
  std::vector<std::string> paths;
  std::string format = "table";
  std::string timezone;
  int year = 0;
  size_t slowest = 10;
  bool stuck_only = false;
  bool fail_if_stuck = false;
  std::optional<Duration> fail_if_slower;
  std::optional<Moment> since;
  std::optional<Moment> until;
  std::vector<std::string> diff;  // the earlier log to compare with; empty: none
  std::string namespace_;         // "": every one
  std::string pod;                // a name or its beginning
  std::vector<std::string> journal_units;
  bool runtime = true;
  Duration stuck_slack = TrackerOptions().stuck_slack;
};

struct ExplainOptions {
  std::vector<std::string> lines;  // empty or "-": standard input
};

struct CatalogueOptions {
  std::string format = "table";
};

// Each returns the process's exit code and has said everything there is to say.
int RunReport(const ReportOptions& options);
int RunExplain(const ExplainOptions& options);
int RunCatalogue(const CatalogueOptions& options);
int RunMetrics(const CatalogueOptions& options);
int RunConfiguration();
int RunPrepareState(const std::string& state_path);

}  // namespace kle
