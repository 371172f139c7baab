// SPDX-License-Identifier: Apache-2.0
// Every command of the program: its name, its flags and what runs it. To add one: a function in
// commands.cc that AddCommands calls. Help, completions and the manual page are made of them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "exporter/config_file.h"
#include "exporter/options.h"
#include "exporter/state_file.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}  // namespace CLI

namespace kle {

struct CommandLine {
  // Returns the process's exit code.
  using Runner = std::function<int()>;

  StateFile::StepHook on_commit_step;  // for tests that die there
  std::map<const CLI::App*, Runner> runners;

  // What the command line asks for, once it has been read.
  Settings serve;  // as given
  ReportOptions report;
  ExplainOptions explain;
  CatalogueOptions catalogue;
  std::string prepare_state_path = ServeOptions{}.state_path;
  std::string check_config;
  std::string shell;
};

// Adds them to `app`, with the runner of each. Both must outlive the runners.
void AddCommands(CLI::App& app, CommandLine& line);

}  // namespace kle
