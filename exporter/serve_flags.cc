// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_flags.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "exporter/flag_values.h"
#include "exporter/http_post.h"
#include "exporter/listen_address.h"
#include "exporter/log.h"
#include "exporter/text.h"

namespace kle {
namespace {

constexpr std::array<std::pair<std::string_view, SourceKind>, 2> kSources{
    {{"journal", SourceKind::kJournal}, {"file", SourceKind::kFile}}};
constexpr std::array<std::pair<std::string_view, StartAt>, 3> kStarts{
    {{"boot", StartAt::kBoot}, {"now", StartAt::kNow}, {"all", StartAt::kAll}}};
constexpr std::array<std::pair<std::string_view, bool>, 2> kRuntimes{
    {{"auto", true}, {"none", false}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kLevels{
    {{"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kFormats{
    {{"logfmt", "logfmt"}, {"json", "json"}}};

template <auto Member>
Result<void> Text(ServeOptions& options, const std::string& text, bool) {
  if (text.empty()) return Error("is empty: give a value or leave it out");
  options.*Member = text;
  return {};
}

template <auto Member>
Result<void> List(ServeOptions& options, const std::string& text, bool first) {
  if (text.empty()) return Error("is empty: give a value or leave it out");
  if (first) (options.*Member).clear();
  (options.*Member).push_back(text);
  return {};
}

template <auto Member>
Result<void> Addresses(ServeOptions& options, const std::string& text, bool first) {
  if (text.empty()) return Error("is empty: try :10298");
  if (auto parsed = ParseListenAddress(text); !parsed) return parsed.error();
  return List<Member>(options, text, first);
}

template <auto Member, const auto& Choices>
Result<void> Choice(ServeOptions& options, const std::string& text, bool) {
  std::vector<std::string> known;
  for (const auto& [name, value] : Choices) known.emplace_back(name);
  if (auto word = OneOf(known, text); !word) return word.error();
  for (const auto& [name, value] : Choices) {
    if (name == text) options.*Member = value;
  }
  return {};
}

// Into `target`, if it is a value.
template <typename Target, typename Value>
Result<void> Take(Target& target, Result<Value> value) {
  if (!value) return value.error();
  target = std::move(*value);
  return {};
}

template <auto Member>
Result<void> Time(ServeOptions& options, const std::string& text, bool) {
  return Take(options.*Member, DurationNamed(text));
}

template <auto Member, size_t kLeast, size_t kMost>
Result<void> Count(ServeOptions& options, const std::string& text, bool) {
  return Take(options.*Member, NumberNamed(text, kLeast, kMost));
}

Result<void> TimeZone(ServeOptions& options, const std::string& text, bool) {
  return Take(options.timezone, ZoneNamed(text));
}

Result<void> TraceEndpoint(ServeOptions& options, const std::string& url, bool) {
  if (auto endpoint = ParseEndpoint(url); !endpoint) return endpoint.error();
  options.trace_endpoint = url;
  return {};
}

// A folder would be found to be no state, and kept as such; a device would be replaced by the
// state.
Result<void> StatePath(ServeOptions& options, const std::string& path, bool first) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (path.ends_with('/') || std::filesystem::is_directory(status)) {
    return Quoted(path, "is a folder: name a file in it");
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return Quoted(path, "is no plain file: name one that may be replaced");
  }
  return Text<&ServeOptions::state_path>(options, path, first);
}

Result<void> TelemetryPath(ServeOptions& options, const std::string& path, bool) {
  if (!path.starts_with('/') || path == "/" || path.find_first_of("?#% ") != std::string::npos) {
    return Quoted(path, "is no path of its own: try /metrics");
  }
  if (path.starts_with("/-/") || path.starts_with("/api/")) {
    return Quoted(path, "is taken: try /metrics");
  }
  options.telemetry_path = path;
  return {};
}

void ApplySlack(const ServeOptions& options, Pipeline& pipeline) {
  pipeline.tracker().SetStuckSlack(options.stuck_slack);
}

void ApplyLog(const ServeOptions& options, Pipeline&) {
  SetLogOptions(options.log_level, options.log_format);
}

// The web server has taken it before: a bad file is refused with the whole reload.
void ApplyNothing(const ServeOptions&, Pipeline&) {}

using Options = ServeOptions;
constexpr bool kOnce = false;
constexpr bool kMany = true;

// clang-format off
constexpr ServeFlag kTable[] = {
    {"source", "Source", "journal|file", "journal", kOnce, Choice<&Options::source, kSources>,
     "Where the kubelet's log is read from"},
    {"journal.directory", "Source", "FOLDER", "", kOnce, Text<&Options::journal_directory>,
     "Journal folder; default: this machine's journal"},
    {"journal.unit", "Source", "UNIT", "", kMany, List<&Options::journal_units>,
     "Unit to read; default: the known kubelet units that exist"},
    {"file.path", "Source", "FILE", "", kMany, List<&Options::file_paths>,
     "Log file to follow"},
    {"runtime.source", "Source", "auto|none", "auto", kOnce, Choice<&Options::runtime, kRuntimes>,
     "The container runtime's own log, which makes times exact: read where it is found, or not at all"},
    {"timezone", "Source", "ZONE", "", kOnce, TimeZone,
     "Zone of the log's times, for files without receive times; default: the machine's"},
    {"start", "Source", "boot|now|all", "boot", kOnce, Choice<&Options::start, kStarts>,
     "Where a first start without state begins: at this boot's first entry, now, or with all there is"},
    {"state.path", "State", "FILE", "/var/lib/kubelet-lifecycle-exporter/state", kOnce, StatePath,
     "File that keeps the state over restarts; none: nothing is kept"},
    {"stuck.slack", "Measuring", "DURATION", "60s", kOnce, Time<&Options::stuck_slack>,
     "A pod is stuck when its age exceeds the granted grace by this", ApplySlack},
    {"tracker.max-in-flight", "Measuring", "PODS", "20000", kOnce, Count<&Options::max_in_flight, 100, 1'000'000>,
     "Most terminations followed at the same time; beyond it the oldest is given up, and counted"},
    {"web.listen-address", "Web", "ADDRESS", ":10298", kMany, Addresses<&Options::listen_addresses>,
     "Address to listen on: host:port, [IPv6]:port, or :port for every address of both"},
    {"web.probe-address", "Web", "ADDRESS", "", kMany, Addresses<&Options::probe_addresses>,
     "Address for /-/healthy and /-/ready alone, with threads of its own; asks for no password"},
    {"web.telemetry-path", "Web", "PATH", "/metrics", kOnce, TelemetryPath,
     "Path of the metrics"},
    {"web.config.file", "Web", "FILE", "", kOnce, Text<&Options::web_config_file>,
     "Web configuration in exporter-toolkit's format: TLS, passwords, headers", ApplyNothing},
    {"trace.endpoint", "Traces", "URL", "", kOnce, TraceEndpoint,
     "Where finished terminations go as traces (OTLP/HTTP), http://HOST:4318/v1/traces; default: nowhere"},
    {"config.file", "Configuration", "FILE", "", kOnce, Text<&Options::config_file>,
     "YAML file with these flags as keys; the command line wins"},
    {"log.level", "Own log", "debug|info|warn|error", "info", kOnce, Choice<&Options::log_level, kLevels>,
     "What is logged, on standard error", ApplyLog},
    {"log.format", "Own log", "logfmt|json", "logfmt", kOnce, Choice<&Options::log_format, kFormats>,
     "How it is logged", ApplyLog},
};
// clang-format on

}  // namespace

std::span<const ServeFlag> ServeFlags() { return kTable; }

const ServeFlag* FindServeFlag(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTable), std::end(kTable),
                                   [&](const ServeFlag& flag) { return flag.name == name; });
  return found == std::end(kTable) ? nullptr : found;
}

std::vector<std::string> ServeFlagNames() {
  std::vector<std::string> names;
  for (const ServeFlag& flag : kTable) names.emplace_back(flag.name);
  return names;
}

std::string ReloadableFlags() {
  std::vector<std::string> names;
  for (const ServeFlag& flag : kTable) {
    if (flag.reloadable()) names.emplace_back(flag.name);
  }
  return Joined(names, ", ");
}

}  // namespace kle
