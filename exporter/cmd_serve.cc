// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/complain.h"
#include "exporter/http_server.h"
#include "exporter/log.h"
#include "exporter/notify.h"
#include "exporter/options.h"
#include "exporter/reloader.h"
#include "exporter/serve_config.h"
#include "exporter/serve_loop.h"
#include "exporter/serve_source.h"
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
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 65536));
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
  loop.needs_kubelet_line = NeedsKubeletLine(options);
  loop.no_line_advice = NoLineAdvice();
  loop.clock_advice = ClockAdvice(options);
  loop.on_turn = [&notifier] { notifier.Alive(); };
  loop.turn_every = notifier.alive_every();
  loop.on_publish = [&notifier](const Snapshot& snapshot) {
    notifier.Status(snapshot.ready ? "ready: following the kubelet's log" : snapshot.reason);
  };
  return loop;
}

// All addresses, before anything listens.
struct Listening {
  HttpOptions all;
  HttpOptions probes;
};

Result<Listening> ListeningOf(const ServeOptions& options, const LiveWebConfig& web) {
  auto all = HttpOptionsOf(options, options.listen_addresses, web);
  if (!all) return all.error();
  auto probes = HttpOptionsOf(options, options.probe_addresses, web);
  if (!probes) return probes.error();
  probes->probes_only = true;
  return Listening{std::move(*all), std::move(*probes)};
}

void LogStarted(const ServeOptions& options, const Servers& servers, const Listening& listening) {
  Log(LogLevel::kInfo, "started",
      {{"version", std::string(Version())},
       {"source", NameOf(options.source)},
       {"state", options.state_path},
       {"timezone", ZoneText(options)}});
  LogListening(*servers.front(), listening.all);
  if (servers.size() > 1) LogListening(*servers.back(), listening.probes);
}

// `state` stays empty when nothing is to be kept.
Result<Restored> RestoreAll(const ServeOptions& options, const SavedState& identity,
                            const PipelineOptions& pipeline,
                            const StateFile::StepHook& on_commit_step,
                            std::optional<StateFile>& state) {
  if (options.state_path == "none") {
    Restored fresh;
    fresh.pipeline = std::make_unique<Pipeline>(pipeline);
    return fresh;
  }
  state.emplace(options.state_path, on_commit_step);
  if (auto claimed = state->Claim(); !claimed) return claimed.error();
  return RestoreFrom(*state, identity, pipeline);
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
  auto listening = ListeningOf(options, web);
  if (!listening) return Complain(kUsageError, listening.error().message());
  auto traces = StartTraces(options);
  if (!traces) return Complain(kUsageError, traces.error().message());
  const SavedState identity = IdentityOf(NameOf(options.source));
  std::optional<StateFile> state;
  auto restored = RestoreAll(options, identity, PipelineOptionsOf(options, traces->get()),
                             on_commit_step, state);
  if (!restored) return Complain(kRuntimeError, restored.error().message());
  // Hundreds of cold journal files take their time to open: probes are answered meanwhile.
  SnapshotBox snapshots;
  auto servers = StartServers({listening->all, listening->probes}, snapshots);
  if (!servers) return Complain(kRuntimeError, servers.error().message());
  auto source = OpenSource(options, restored->position);
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
    loop.emplace(**source, snapshots, std::move(*restored), std::move(loop_options));
  }
  LogStarted(options, *servers, *listening);
  notifier.Ready();
  auto ended = loop->Run(stop_asked);
  notifier.Stopping();
  if (!ended) return Complain(kRuntimeError, ended.error().message());
  Log(LogLevel::kInfo, "stopped");
  return kOk;
}

}  // namespace kle
