// SPDX-License-Identifier: Apache-2.0
#include "exporter/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/commands.h"
#include "exporter/complain.h"
#include "exporter/result.h"
#include "exporter/suggest.h"

namespace kle {
namespace {

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

int Unknown(const CLI::App& command, const std::string& argument) {
  if (!argument.starts_with('-')) {
    return ComplainOfUsage("unexpected argument \"" + argument + "\"", command.get_name());
  }
  const std::string flag = argument.substr(0, argument.find('='));
  return ComplainOfUsage("unknown flag " + flag + Suggestion(flag, OptionNames(command)),
                         command.get_name());
}

int Dispatch(const CLI::App& app, const CommandLine& line) {
  const CLI::App* command = app.get_subcommands().front();
  if (const auto extras = command->remaining(); !extras.empty()) {
    return Unknown(*command, extras.front());
  }
  return line.runners.at(command)();
}

// Null when there is none.
const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto found = std::ranges::find(commands, name,
                                       [](const CLI::App* command) { return command->get_name(); });
  return found == commands.end() ? nullptr : *found;
}

std::vector<std::string> ShownCommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

// What is wrong with how flags are given, before CLI11 takes the next argument for the value that
// one lacks: "" when nothing is.
std::string Misgiven(const CLI::App& command, const std::vector<std::string>& arguments) {
  std::set<std::string> given;
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (!arguments[i].starts_with("--")) continue;
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const CLI::Option* option = command.get_option_no_throw(name);
    if (option == nullptr) continue;
    const bool apart = equals == std::string::npos;
    if (option->get_items_expected_max() == 0) {
      if (!apart) return name + ": takes no value";
      continue;
    }
    if (apart && i + 1 == arguments.size()) {
      return name + ": has no value: give one or leave it out";
    }
    if (apart ? i + 1 < arguments.size() && arguments[i + 1].empty()
              : equals + 1 == arguments[i].size()) {
      return name + ": is empty: give a value or leave it out";
    }
    if (!given.insert(name).second && option->get_items_expected_max() == 1) {
      return name + ": is given more than once";
    }
  }
  return {};
}

// The command first: `help report` is `report --help`, and flags without a command are serve's.
std::vector<std::string> ArgumentsOf(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) return {"serve"};
  std::string& first = arguments.front();
  if (first == "version") first = "--version";
  if (first == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  const std::string& leading = arguments.front();
  const bool own = leading == "--help" || leading == "-h" || leading == "--version";
  if (leading.starts_with('-') && !own) arguments.insert(arguments.begin(), "serve");
  return arguments;
}

int Parse(int argc, char** argv, StateFile::StepHook on_commit_step) {
  CommandLine line;
  line.on_commit_step = std::move(on_commit_step);
  CLI::App app("Measures how long every step of a pod's termination takes, from the kubelet's log.",
               "kubelet-lifecycle-exporter");
  app.set_version_flag("--version", VersionText());
  AddCommands(app, line);
  app.footer(  // after the commands, which would take it over
      "Without a command: serve, with its flags. COMMAND --help has the flags of each.\n"
      "Exit: 0 ok, 1 runtime error, 2 usage error, 3 when --fail-if-stuck or --fail-if-slower "
      "found one.");
  std::vector<std::string> arguments = ArgumentsOf(argc, argv);
  const std::string& first = arguments.front();
  if (const CLI::App* command = FindCommand(app, first)) {
    const std::string wrong = Misgiven(*command, arguments);
    if (!wrong.empty()) return ComplainOfUsage(wrong, first);
  } else if (!first.starts_with('-')) {
    return ComplainOfUsage("unknown command " + first + Suggestion(first, ShownCommands(app)));
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    const auto parsed = app.get_subcommands();
    return ComplainOfUsage(error.what(), parsed.empty() ? "" : parsed.front()->get_name());
  }
  return Dispatch(app, line);
}

// What a command printed is worth its exit code only once the system has taken it.
int AllWritten(int code) {
  errno = 0;
  const bool stream = std::cout.flush().good();
  const bool file = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (stream && file) return code;
  constexpr std::string_view kAdvice = "is the disk full?";
  const Error error = errno != 0 ? SystemError("cannot write the output", "", errno, kAdvice)
                                 : Error("cannot write the output: " + std::string(kAdvice));
  return Complain(kRuntimeError, error.message());
}

}  // namespace

int RunCli(int argc, char** argv, StateFile::StepHook on_commit_step) {
  try {
    return AllWritten(Parse(argc, argv, std::move(on_commit_step)));
  } catch (const std::exception& error) {
    return Complain(kRuntimeError, error.what());
  }
}

}  // namespace kle
