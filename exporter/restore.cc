// SPDX-License-Identifier: Apache-2.0
#include "exporter/restore.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "exporter/log.h"

namespace kle {
namespace {

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

StateFile::Loaded LoadOwn(const StateFile& file, const SavedState& identity) {
  StateFile::Loaded loaded = file.Load();
  if (!loaded.state) return loaded;
  const SavedState& state = *loaded.state;
  std::string why;
  if (state.source != identity.source) {
    why = "it is of --source=" + state.source;
  } else if (!state.machine_id.empty() && !identity.machine_id.empty() &&
             state.machine_id != identity.machine_id) {
    why = "it is of the machine " + state.machine_id;
  }
  if (why.empty()) return loaded;
  return {std::nullopt, StateFault::kForeign, std::move(why)};
}

}  // namespace

SavedState IdentityOf(std::string source) {
  SavedState identity;
  identity.machine_id = FirstLine("/etc/machine-id");
  identity.boot_id = FirstLine("/proc/sys/kernel/random/boot_id");
  identity.source = std::move(source);
  return identity;
}

Restored RestoreFrom(const StateFile& file, const SavedState& identity,
                     const PipelineOptions& options) {
  StateFile::Loaded loaded = LoadOwn(file, identity);
  Restored restored;
  restored.pipeline = std::make_unique<Pipeline>(options);
  if (loaded.state) {
    const SavedState& state = *loaded.state;
    if (!restored.pipeline->Restore(state.pipeline)) {
      restored.pipeline = std::make_unique<Pipeline>(options);
      loaded.fault = StateFault::kPods;
      loaded.why = "another version of the exporter wrote it: its pods in flight are forgotten";
    }
    if (restored.pipeline->metrics().RestoreTotals(state.totals)) {
      restored.position = state.position;
    } else {
      restored.pipeline = std::make_unique<Pipeline>(options);
      loaded.fault = StateFault::kDamaged;
      loaded.why = "its counters cannot be read";
    }
    if (state.boot_id != identity.boot_id && state.source != "journal") {
      // A file does not say where one boot ends; the journal does, and its source tells.
      restored.pipeline->tracker().OnBoot(
          std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
      restored.changed = true;
    }
  }
  if (loaded.fault) {
    const bool kept = file.SetAside();
    restored.pipeline->metrics().CountStateRejected(Name(*loaded.fault));
    restored.changed = true;
    Log(LogLevel::kWarn, "the state file is not used as it is",
        {{"path", file.path()},
         {"reason", std::string(Name(*loaded.fault))},
         {"error", loaded.why},
         {"kept_as", kept ? file.path() + ".bad" : "nothing"}});
  } else if (loaded.state) {
    Log(LogLevel::kInfo, "going on from the state file", {{"path", file.path()}});
  }
  return restored;
}

}  // namespace kle
