// SPDX-License-Identifier: Apache-2.0
#include "exporter/reloader.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "exporter/log.h"
#include "exporter/serve_flags.h"
#include "exporter/text.h"

namespace kle {
namespace {

std::vector<std::string> ValuesOf(const Settings& settings, std::string_view name) {
  const auto found = settings.find(std::string(name));
  return found == settings.end() ? std::vector<std::string>() : found->second.values;
}

// What systemd wants to know of a service while it reloads.
void NotifyReloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Reloader::Reloader(Settings command_line, ServeConfig running, LiveWebConfig& web)
    : command_line_(std::move(command_line)), running_(std::move(running)), web_(web) {}

LiveWebConfig::Health Reloader::health() const {
  const auto web = web_.health();
  return {health_.good && web.good, std::max(health_.last_success, web.last_success)};
}

void Reloader::Reload(Pipeline& pipeline) {
  NotifyReloading();
  const bool good = TryReload(pipeline);
  if (good) {
    health_ = {};
  } else {
    health_.good = false;
  }
  sd_notify(0, "READY=1");
}

bool Reloader::TryReload(Pipeline& pipeline) {
  Problems problems;
  const ServeConfig fresh = ReadServeConfig(command_line_, problems);
  for (const Problem& problem : problems) {
    Log(LogLevel::kError, "the configuration was not taken: what was there before goes on",
        {{"error", problem.Text()}});
  }
  if (!problems.empty() || !web_.Reload(fresh.options.web_config_file)) return false;
  Apply(fresh, pipeline);
  return true;
}

void Reloader::Apply(const ServeConfig& fresh, Pipeline& pipeline) {
  std::vector<std::string> changed;
  std::vector<std::string> waiting;
  for (const ServeFlag& flag : ServeFlags()) {
    if (ValuesOf(fresh.settings, flag.name) == ValuesOf(running_.settings, flag.name)) continue;
    (flag.reloadable() ? changed : waiting).emplace_back(flag.name);
    if (flag.reloadable()) flag.apply(fresh.options, pipeline);
  }
  Log(LogLevel::kInfo, "the configuration was read again",
      {{"changed", changed.empty() ? "nothing" : Joined(changed, ", ")}});
  if (!waiting.empty()) {
    Log(LogLevel::kWarn, "some changes take effect only at a restart",
        {{"keys", Joined(waiting, ", ")}});
  }
  // What waits for a restart stays as it runs, and is named again at the next reload.
  for (const ServeFlag& flag : ServeFlags()) {
    if (!flag.reloadable()) continue;
    const std::string name(flag.name);
    running_.settings.erase(name);
    const auto given = fresh.settings.find(name);
    if (given != fresh.settings.end()) running_.settings.insert(*given);
  }
}

}  // namespace kle
