// SPDX-License-Identifier: Apache-2.0
// What serve is to do: command line and files together, read, merged and checked.
#pragma once

#include <memory>
#include <string>

#include "exporter/config_file.h"
#include "exporter/live_web_config.h"
#include "exporter/options.h"
#include "exporter/problem.h"
#include "exporter/state_file.h"

namespace kle {

struct ServeConfig {
  Settings settings;  // as given; the command line's before the file's
  ServeOptions options;
  std::shared_ptr<const WebState> web;  // open and plain without a web configuration
};

// Reads the configuration file that `command_line` names, if any, and the web configuration with
// its certificates. Of use only when no problem was added.
ServeConfig ReadServeConfig(const Settings& command_line, Problems& problems);

// Returns the process's exit code. `on_commit_step` is for tests that die there.
int RunServe(const Settings& command_line, ServeConfig config,
             const StateFile::StepHook& on_commit_step);

// Checks a file by itself: of serve, or a web configuration.
void CheckConfigFile(const std::string& path, Problems& problems);

}  // namespace kle
