// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_check.h"

#include <string_view>

#include "exporter/listen_address.h"
#include "exporter/web_config.h"
#include "parser/zone.h"

namespace kle {
namespace {

Result<void> CheckTelemetryPath(const std::string& path) {
  if (!path.starts_with('/') || path == "/" || path.find_first_of("?# ") != std::string::npos) {
    return Error("--web.telemetry-path=" + path + " is no path of its own: try /metrics");
  }
  if (path.starts_with("/-/") || path.starts_with("/api/")) {
    return Error("--web.telemetry-path=" + path + " is taken: try /metrics");
  }
  return {};
}

}  // namespace

Result<void> CheckServeOptions(const ServeOptions& options) {
  if (options.source == SourceKind::kFile && options.file_paths.empty()) {
    return Error("--source=file needs --file.path: name the kubelet's log file");
  }
  if (options.source == SourceKind::kJournal && !options.file_paths.empty()) {
    return Error("--file.path is given, but the source is the journal: add --source=file");
  }
  if (options.source == SourceKind::kFile && !options.journal_directory.empty()) {
    return Error("--journal.directory is given, but --source=file: drop one of the two");
  }
  if (!options.timezone.empty() && !HeaderClock::KnownZone(options.timezone)) {
    return Error("--timezone=" + options.timezone +
                 " is no known time zone: try Europe/Berlin or +02:00");
  }
  if (options.listen_addresses.empty()) return Error("--web.listen-address is empty: try :10298");
  for (const std::string& address : options.listen_addresses) {
    if (auto parsed = ParseListenAddress(address); !parsed) return parsed.error();
  }
  if (!options.web_config_file.empty()) {
    if (auto web = ReadWebConfig(options.web_config_file); !web) return web.error();
  }
  return CheckTelemetryPath(options.telemetry_path);
}

}  // namespace kle
