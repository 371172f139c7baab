// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/complain.h"
#include "exporter/follow_source.h"
#include "exporter/http_server.h"
#include "exporter/journal_source.h"
#include "exporter/live_merge.h"
#include "exporter/log.h"
#include "exporter/notify.h"
#include "exporter/options.h"
#include "exporter/reloader.h"
#include "exporter/serve_config.h"
#include "exporter/serve_loop.h"
#include "exporter/trace_export.h"

namespace kle {
namespace {

std::atomic<bool> stop_asked{false};
std::atomic<bool> reload_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Only the thread that called this takes the signals, so that its waits end at once; threads
// started while a SignalHold lives never do.
void CatchSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked.store(true, std::memory_order_relaxed); };
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = [](int) { reload_asked.store(true, std::memory_order_relaxed); };
  sigaction(SIGHUP, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

class SignalHold {
 public:
  SignalHold() {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~SignalHold() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalHold(const SignalHold&) = delete;
  SignalHold& operator=(const SignalHold&) = delete;

 private:
  sigset_t before_{};
};

// A journal of many files needs a descriptor for each; libsystemd drops the rest silently.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// What a commit needs for a moment goes back to the system: glibc would keep it, in one arena a
// thread.
void KeepMemorySmall() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  mallopt(M_TRIM_THRESHOLD, 256 << 10);
#endif
}

ZoneOptions ZoneOptionsOf(const ServeOptions& options) {
  ZoneOptions zone;
  zone.timezone = options.timezone;
  if (options.source == SourceKind::kFile) {
    if (options.timezone.empty()) zone.timezone = "local";
    zone.reference = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  return zone;
}

// As one; a single one as it is.
std::unique_ptr<LineSource> Merged(std::vector<LiveMerge::Source> sources,
                                   const ServeOptions& options) {
  if (sources.size() == 1 && !sources.front().pending.there) {
    return std::move(sources.front().lines);
  }
  return std::make_unique<LiveMerge>(std::move(sources), ZoneOptionsOf(options));
}

constexpr const char* kJournal = "journal";
constexpr const char* kRuntimeJournal = "runtime journal";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

// What the log's times are read in, for people.
std::string ZoneText(const ServeOptions& options) {
  if (!options.timezone.empty() && options.timezone != "local") return options.timezone;
  if (options.timezone.empty() && options.source == SourceKind::kJournal) {
    return "that of the journal's own times";
  }
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::array<char, 48> text{};
  if (localtime_r(&now, &local) == nullptr) return "local";
  return {text.data(), std::strftime(text.data(), text.size(), "local, %z", &local)};
}

Result<void> OpenJournal(const ServeOptions& options, LiveMerge::Source& source) {
  JournalOptions journal;
  journal.directory = options.journal_directory;
  journal.part = source.needed ? JournalPart::kKubelet : JournalPart::kRuntime;
  if (source.needed) journal.units = options.journal_units;
  journal.start = options.start;
  journal.position = source.position;
  auto opened = JournalSource::Open(journal);
  if (!opened) return opened.error();
  Log(LogLevel::kInfo, "reading a journal",
      {{"of", source.needed ? "the kubelet" : "the container runtime"},
       {"folder", options.journal_directory.empty() ? "this machine's" : options.journal_directory},
       {"units", Joined((*opened)->units())}});
  source.lines = std::move(*opened);
  return {};
}

Result<void> OpenLog(const ServeOptions& options, LiveMerge::Source& source) {
  auto log = FollowSource::Open({source.name}, options.start, source.position);
  if (!log) return log.error();
  Log(LogLevel::kInfo, "reading a log file",
      {{"of", source.needed ? "the kubelet" : "the container runtime"}, {"path", source.name}});
  source.lines = std::move(*log);
  return {};
}

// What is read: the journal, and where a runtime prints to a log of its own that too; or the files.
std::vector<std::string> SourceNames(const ServeOptions& options) {
  if (options.source == SourceKind::kFile) return options.file_paths;
  std::vector<std::string> names{kJournal};
  if (!options.runtime) return names;
  names.emplace_back(kRuntimeJournal);
  for (const std::string& path : options.runtime_files) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) names.push_back(path);
  }
  return names;
}

Result<std::unique_ptr<LineSource>> OpenSource(const ServeOptions& options,
                                               const std::string& position) {
  auto sources = LiveMerge::SourcesAt(position, SourceNames(options));
  for (LiveMerge::Source& source : sources) {
    source.needed = options.source == SourceKind::kFile || source.name == kJournal;
    const bool journal = options.source == SourceKind::kJournal &&
                         (source.name == kJournal || source.name == kRuntimeJournal);
    // One that the state does not know: what the runtime printed about pods that are gone from the
    // state would begin them anew. A journal's position may be that of its beginning.
    const bool unknown = !position.empty() && (!journal || source.position.empty());
    ServeOptions wanted = options;
    if (!source.needed && unknown) wanted.start = StartAt::kNow;
    auto opened = journal ? OpenJournal(wanted, source) : OpenLog(wanted, source);
    if (opened) continue;
    if (source.needed) return opened.error();
    Log(LogLevel::kWarn, "runtime log left out", {{"reason", opened.error().message()}});
  }
  std::erase_if(sources, [](const LiveMerge::Source& source) { return source.lines == nullptr; });
  return Merged(std::move(sources), options);
}

std::string Name(SourceKind source) { return source == SourceKind::kFile ? "file" : "journal"; }

Result<HttpOptions> HttpOptionsOf(const ServeOptions& options,
                                  const std::vector<std::string>& addresses,
                                  const LiveWebConfig& web) {
  HttpOptions http;
  http.web = &web;
  http.telemetry_path = options.telemetry_path;
  for (const std::string& text : addresses) {
    auto address = ParseListenAddress(text);
    if (!address) return address.error();
    http.addresses.push_back(*address);
  }
  return http;
}

// Null when no traces are wanted.
Result<std::unique_ptr<TraceExport>> StartTraces(const ServeOptions& options) {
  if (options.trace_endpoint.empty()) return std::unique_ptr<TraceExport>();
  auto endpoint = ParseEndpoint(options.trace_endpoint);
  if (!endpoint) return Error("--trace.endpoint: " + endpoint.error().message());
  TraceExportOptions traces;
  traces.endpoint = std::move(*endpoint);
  if (const char* node = std::getenv("NODE_NAME")) traces.source.node = node;
  const SignalHold hold;
  return std::make_unique<TraceExport>(std::move(traces));
}

PipelineOptions PipelineOptionsOf(const ServeOptions& options, TraceExport* traces) {
  PipelineOptions pipeline;
  if (traces != nullptr) {
    pipeline.on_record = [traces](const RecordPtr& record) { traces->Offer(record); };
  }
  pipeline.tracker.stuck_slack = options.stuck_slack;
  pipeline.tracker.max_in_flight = options.max_in_flight;
  pipeline.tracker.max_pods = options.max_in_flight + options.max_in_flight / 10;
  pipeline.runtime = options.runtime;
  pipeline.zone = ZoneOptionsOf(options);
  return pipeline;
}

void LogListening(const HttpServer& server, const HttpOptions& http) {
  const auto& ports = server.ports();
  for (size_t i = 0; i < ports.size() && i < http.addresses.size(); ++i) {
    const std::string& text = http.addresses[i].text;
    Log(LogLevel::kInfo, "listening",
        {{"address", text.substr(0, text.rfind(':')) + ":" + std::to_string(ports[i])},
         {"scheme", http.web->Get()->tls ? "https" : "http"},
         {"path", http.probes_only ? "/-/healthy" : http.telemetry_path}});
  }
}

using Servers = std::vector<std::unique_ptr<HttpServer>>;

Result<Servers> StartServers(const std::vector<HttpOptions>& all, const SnapshotBox& snapshots) {
  const SignalHold hold;
  Servers servers;
  for (const HttpOptions& wanted : all) {
    if (wanted.addresses.empty()) continue;
    auto started = HttpServer::Start(wanted, snapshots);
    if (!started) return started.error();
    servers.push_back(std::move(*started));
  }
  return servers;
}

ServeLoopOptions LoopOptionsOf(const ServeOptions& options, Notifier& notifier) {
  ServeLoopOptions loop;
  loop.needs_kubelet_line = options.source == SourceKind::kJournal;
  loop.no_line_advice =
      "does the kubelet run here, is the journal's directory the host's, does --journal.unit name "
      "its unit, may this user read the journal (group systemd-journal)?";
  if (options.source == SourceKind::kFile) {
    loop.clock_advice =
        "give --timezone the zone that the kubelet writes in (now: " + ZoneText(options) +
        "); in a container, mount the node's /etc/localtime";
  }
  loop.on_turn = [&notifier] { notifier.Alive(); };
  loop.turn_every = notifier.alive_every();
  loop.on_publish = [&notifier](const Snapshot& snapshot) {
    notifier.Status(snapshot.ready ? "ready: following the kubelet's log" : snapshot.reason);
  };
  return loop;
}

}  // namespace

int RunServe(const Settings& command_line, ServeConfig config,
             const StateFile::StepHook& on_commit_step) {
  const ServeOptions options = config.options;
  KeepMemorySmall();
  SetUpLog(options.log_level, options.log_format);
  CatchSignals();
  RaiseFileLimit();
  LiveWebConfig web(options.web_config_file, config.web);
  Reloader reloader(command_line, std::move(config), web);
  auto http = HttpOptionsOf(options, options.listen_addresses, web);
  if (!http) return Complain(kUsageError, http.error().message());
  auto probes = HttpOptionsOf(options, options.probe_addresses, web);
  if (!probes) return Complain(kUsageError, probes.error().message());
  probes->probes_only = true;
  auto traces = StartTraces(options);
  if (!traces) return Complain(kUsageError, traces.error().message());
  const PipelineOptions pipeline_options = PipelineOptionsOf(options, traces->get());
  const SavedState identity = IdentityOf(Name(options.source));
  Restored restored;
  std::optional<StateFile> state;
  if (options.state_path == "none") {
    restored.pipeline = std::make_unique<Pipeline>(pipeline_options);
  } else {
    state.emplace(options.state_path, on_commit_step);
    if (auto claimed = state->Claim(); !claimed) {
      return Complain(kRuntimeError, claimed.error().message());
    }
    restored = RestoreFrom(*state, identity, pipeline_options);
  }
  // Hundreds of cold journal files take their time to open: probes are answered meanwhile.
  SnapshotBox snapshots;
  auto servers = StartServers({*http, *probes}, snapshots);
  if (!servers) return Complain(kRuntimeError, servers.error().message());
  auto source = OpenSource(options, restored.position);
  if (!source) return Complain(kRuntimeError, source.error().message());

  Notifier notifier;  // outlives the loop, which tells it
  ServeLoopOptions loop_options = LoopOptionsOf(options, notifier);
  loop_options.state = state ? &*state : nullptr;
  loop_options.identity = identity;
  loop_options.reload_asked = &reload_asked;
  loop_options.on_reload = [&](Pipeline& pipeline) { reloader.Reload(pipeline); };
  loop_options.config_health = [&] { return reloader.health(); };
  loop_options.traces = traces->get();
  std::optional<ServeLoop> loop;
  {
    const SignalHold hold;
    loop.emplace(**source, snapshots, std::move(restored), std::move(loop_options));
  }
  Log(LogLevel::kInfo, "started",
      {{"version", std::string(Version())},
       {"source", Name(options.source)},
       {"state", options.state_path},
       {"timezone", ZoneText(options)}});
  LogListening(*servers->front(), *http);
  if (servers->size() > 1) LogListening(*servers->back(), *probes);
  notifier.Ready();
  auto ended = loop->Run(stop_asked);
  notifier.Stopping();
  if (!ended) return Complain(kRuntimeError, ended.error().message());
  Log(LogLevel::kInfo, "stopped");
  return kOk;
}

}  // namespace kle
