// SPDX-License-Identifier: Apache-2.0
#include "exporter/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/command_table.h"
#include "exporter/complain.h"
#include "exporter/config_file.h"
#include "exporter/options.h"
#include "exporter/result.h"
#include "exporter/serve_config.h"
#include "exporter/serve_flags.h"
#include "exporter/small_file.h"
#include "exporter/suggest.h"
#include "exporter/time_words.h"
#include "parser/values.h"

namespace kle {
namespace {

constexpr const char* kName = "kubelet-lifecycle-exporter";

struct AllOptions {
  Settings serve;  // as given
  StateFile::StepHook on_commit_step;
  ReportOptions report;
  ExplainOptions explain;
  CatalogueOptions catalogue;
  std::string prepare_state_path = ServeOptions{}.state_path;
  std::string check_config;
  std::string shell;
};

// Into a Duration or one that may be absent.
template <typename Target>
CLI::Option* AddDuration(CLI::App& command, const std::string& name, Target& target,
                         const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const auto seconds = ParseGoDuration(text);
            if (!seconds || *seconds < 0) {
              throw CLI::ValidationError(name, "\"" + text + "\" is no duration: try 60s or 5m");
            }
            target = FromSeconds(*seconds);
          },
          help)
      ->type_name("DURATION");
}

// Only the text: the zone may be given after it.
CLI::Option* AddMoment(CLI::App& command, const std::string& name, std::optional<Moment>& target,
                       const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target](const std::string& text) {
            target = Moment{text, {}, {}};
          },
          help)
      ->type_name("TIME");
}

CLI::Option* AddZone(CLI::App& command, const std::string& name, std::string& target,
                     const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const auto zone = ZoneNamed(text);
            if (!zone) {
              throw CLI::ValidationError(
                  name, "\"" + text + "\" is no known time zone: try Europe/Berlin or +02:00");
            }
            target = *zone;
          },
          help)
      ->type_name("ZONE");
}

template <typename Number>
CLI::Option* AddNumber(CLI::App& command, const std::string& name, Number& target, Number least,
                       Number most, const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name, least, most](const std::string& text) {
            const char* end = text.data() + text.size();
            Number number = 0;
            const auto [rest, error] = std::from_chars(text.data(), end, number);
            if (error != std::errc() || rest != end || number < least || number > most) {
              throw CLI::ValidationError(name, "\"" + text + "\" is no number from " +
                                                   std::to_string(least) + " to " +
                                                   std::to_string(most));
            }
            target = number;
          },
          help)
      ->type_name("NUMBER");
}

std::string Alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

// Lets through what is one of `words`.
std::function<std::string(const std::string&)> OneOf(const std::vector<std::string>& words) {
  return [words](const std::string& text) -> std::string {
    if (std::ranges::find(words, text) != words.end()) return {};
    std::string known;
    for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
    return "\"" + text + "\" is none of " + known;
  };
}

CLI::Option* AddWord(CLI::App& command, const std::string& name, std::string& target,
                     const std::vector<std::string>& words, const std::string& help) {
  return command.add_option(name, target, help)
      ->check(OneOf(words))
      ->type_name(Alternatives(words))
      ->capture_default_str();
}

template <typename Value>
CLI::Option* AddRepeatable(CLI::App& command, const std::string& name, Value& target,
                           const std::string& help) {
  return command.add_option(name, target, help)->allow_extra_args(false);
}

// Only collects: the configuration file may say more, and all of it is read together.
void AddServe(CLI::App& app, Settings& given) {
  CLI::App& command =
      *app.add_subcommand("serve", "Follow the kubelet's log and serve metrics (the default)");
  command.footer("SIGHUP reads the configuration files again. What can change then: " +
                 ReloadableFlags() + ".");
  for (const ServeFlag& flag : ServeFlags()) {
    const std::string name(flag.name);
    CLI::Option* option = command.add_option_function<std::vector<std::string>>(
        "--" + name,
        [&given, name](const std::vector<std::string>& values) { given[name].values = values; },
        std::string(flag.help) + (flag.repeatable ? "; repeatable" : ""));
    option->type_name(std::string(flag.value))->group(std::string(flag.group));
    option->type_size(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->allow_extra_args(false);
    if (!flag.repeatable) option->expected(1);
    if (!flag.initial.empty()) option->default_str(std::string(flag.initial));
  }
}

void AddReport(CLI::App& app, ReportOptions& options) {
  CLI::App& command =
      *app.add_subcommand("report", "Read saved logs or journals and print every termination");
  command.footer(
      "Exit: 0 ok, 1 runtime error, 2 usage error, 3 when --fail-if-stuck or --fail-if-slower "
      "found one.");
  command
      .add_option("PATH", options.paths,
                  "Logs (plain, .gz, .zst), journals or folders; - is standard input")
      ->type_name("");
  AddWord(command, "--format", options.format,
          {"table", "json", "csv", "html", "openmetrics", "otlp"}, "What is printed");
  AddMoment(
      command, "--since", options.since,
      "Leaves out what had ended by then: a time (2026-11-23T23:00:00Z; without a zone, in that "
      "of --timezone), or so long (2h, 30m) before the log's end");
  AddMoment(command, "--until", options.until,
            "Leaves out what was asked for later: a time, or so long before the log's end");
  AddZone(command, "--timezone", options.timezone, "Zone of the log's times; default UTC");
  AddNumber(command, "--year", options.year, 1970, 2200,
            "Year of the first line; default from the file's time");
  AddNumber<size_t>(command, "--slowest", options.slowest, 0, 1'000'000,
                    "How many of the slowest the table shows")
      ->default_str(std::to_string(options.slowest));
  command.add_flag("--stuck-only", options.stuck_only, "Only pods that are stuck");
  command.add_flag("--fail-if-stuck", options.fail_if_stuck, "Exit with 3 when a pod is stuck");
  AddRepeatable(command, "--diff", options.diff,
                "The log of before, repeatable, PATH being that of after: each phase's count, "
                "median and p99 in "
                "both, and their ratio; table or json")
      ->type_name("BEFORE");
  AddDuration(command, "--fail-if-slower", options.fail_if_slower,
              "Exit with 3 when a termination shown took longer, or has been under way longer");
  command.add_option("--namespace", options.namespace_, "Only this namespace")
      ->type_name("NAMESPACE");
  command.add_option("--pod", options.pod, "Only pods whose name begins with this")
      ->type_name("NAME");
  AddRepeatable(command, "--journal.unit", options.journal_units,
                "Unit to read from a journal, repeatable; default: the known kubelet units")
      ->type_name("UNIT");
  command
      .add_option_function<std::string>(
          "--runtime.source",
          [&options](const std::string& word) { options.runtime = word == "auto"; },
          "The container runtime's own log, which makes times exact: read where it is found, or "
          "not at all")
      ->check(OneOf({"auto", "none"}))
      ->type_name("auto|none")
      ->default_str("auto");
  AddDuration(command, "--stuck.slack", options.stuck_slack,
              "A pod is stuck when its age exceeds the granted grace by this")
      ->default_str("60s");
}

void AddOthers(CLI::App& app, AllOptions& options) {
  app.add_subcommand("explain", "Tell which event a line is, or why it is none")
      ->add_option("LINE", options.explain.lines,
                   "Lines of a log, each one argument; none or -: standard input")
      ->type_name("");
  for (const auto& [name, help] : {std::pair("catalogue", "Print every event that is recognised"),
                                   std::pair("metrics", "Print every metric")}) {
    CLI::App* command = app.add_subcommand(name, help);
    AddWord(*command, "--format", options.catalogue.format, {"table", "json", "markdown"},
            "What is printed");
    if (std::string_view(name) == "metrics") command->group("");
  }
  app.add_subcommand("configuration", "Print docs/CONFIGURATION.md")->group("");
  app.add_subcommand("prepare-state", "Let this process's group write the state's folder, and exit")
      ->add_option("--state.path", options.prepare_state_path, "The state file, as given to serve")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_subcommand("check-config", "Check a configuration file and exit")
      ->add_option("FILE", options.check_config,
                   "What serve would get by --config.file or --web.config.file")
      ->type_name("");
  app.add_subcommand("completion", "Print a completion for bash or zsh")
      ->add_option("SHELL", options.shell, "bash or zsh")
      ->type_name("");
  app.add_subcommand("man", "Print the manual page");
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

int Usage(std::string message, const std::string& command = {}) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  return Complain(kUsageError,
                  message + " (see " + kName + (command.empty() ? "" : " ") + command + " --help)");
}

int Unknown(const CLI::App& command, const std::string& argument) {
  if (!argument.starts_with('-')) {
    return Usage("unexpected argument \"" + argument + "\"", command.get_name());
  }
  const std::string flag = argument.substr(0, argument.find('='));
  const std::string near = Nearest(flag, OptionNames(command));
  return Usage("unknown flag " + flag + (near.empty() ? "" : ", did you mean " + near + "?"),
               command.get_name());
}

int Serve(const Settings& given, const StateFile::StepHook& on_commit_step) {
  Problems problems;
  ServeConfig config = ReadServeConfig(given, problems);
  if (!problems.empty()) return Complain(kUsageError, InOneLine(problems));
  return RunServe(given, std::move(config), on_commit_step);
}

int CheckConfig(const std::string& path) {
  if (path.empty()) return Usage("name the file to check", "check-config");
  if (auto text = ReadSmallFile(path); !text) {
    return Complain(kRuntimeError, text.error().message());
  }
  Problems problems;
  CheckConfigFile(path, problems);
  for (const Problem& problem : problems) std::fprintf(stderr, "%s\n", problem.Text().c_str());
  if (!problems.empty()) return kUsageError;
  std::printf("%s: ok\n", path.c_str());
  return kOk;
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return kOk;
}

// The moments of a report, now that the zone is known: what is wrong with them, or "".
std::string ReadMoments(ReportOptions& options) {
  for (auto [name, moment] :
       {std::pair("--since", &options.since), std::pair("--until", &options.until)}) {
    if (!*moment) continue;
    const std::string text = (*moment)->text;
    *moment = MomentNamed(text, options.timezone);
    if (*moment) continue;
    return std::string(name) + ": \"" + text + "\" is no time: try 2026-11-23T23:00:00Z, 2h or 30m";
  }
  return {};
}

int PrintCompletion(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return Print(BashCompletion(TableOf(app, "serve")));
  if (shell == "zsh") return Print(ZshCompletion(TableOf(app, "serve")));
  return Usage("a completion is for bash or zsh", "completion");
}

int Dispatch(CLI::App& app, AllOptions& options) {
  CLI::App& command = *app.get_subcommands().front();
  if (const auto extras = command.remaining(); !extras.empty()) {
    return Unknown(command, extras.front());
  }
  const std::string& name = command.get_name();
  if (name == "serve") return Serve(options.serve, options.on_commit_step);
  if (name == "explain") return RunExplain(options.explain);
  if (name == "catalogue") return RunCatalogue(options.catalogue);
  if (name == "metrics") return RunMetrics(options.catalogue);
  if (name == "prepare-state") return RunPrepareState(options.prepare_state_path);
  if (name == "configuration") return RunConfiguration();
  if (name == "check-config") return CheckConfig(options.check_config);
  if (name == "completion") return PrintCompletion(app, options.shell);
  if (name == "man") return Print(ManPage(TableOf(app, "serve")));
  if (options.report.paths.empty()) return Usage("name a log, a journal or - to report", name);
  if (const std::string wrong = ReadMoments(options.report); !wrong.empty()) {
    return Usage(wrong, name);
  }
  return RunReport(options.report);
}

// Null when there is none.
const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto found = std::ranges::find(commands, name,
                                       [](const CLI::App* command) { return command->get_name(); });
  return found == commands.end() ? nullptr : *found;
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
  AllOptions options;
  options.on_commit_step = std::move(on_commit_step);
  CLI::App app("Measures how long every step of a pod's termination takes, from the kubelet's log.",
               kName);
  app.set_version_flag("--version", VersionText());
  AddServe(app, options.serve);
  AddReport(app, options.report);
  AddOthers(app, options);
  app.footer(  // after the commands, which would take it over
      "Without a command: serve, with its flags. COMMAND --help has the flags of each.\n"
      "Exit: 0 ok, 1 runtime error, 2 usage error, 3 when --fail-if-stuck or --fail-if-slower "
      "found one.");
  std::vector<std::string> commands;
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->allow_extras();
    if (!command->get_group().empty()) commands.push_back(command->get_name());
  }
  std::vector<std::string> arguments = ArgumentsOf(argc, argv);
  const std::string& first = arguments.front();
  if (const CLI::App* command = FindCommand(app, first)) {
    const std::string wrong = Misgiven(*command, arguments);
    if (!wrong.empty()) return Usage(wrong, first);
  } else if (!first.starts_with('-')) {
    const std::string near = Nearest(first, commands);
    return Usage("unknown command " + first + (near.empty() ? "" : ", did you mean " + near + "?"));
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    const auto parsed = app.get_subcommands();
    return Usage(error.what(), parsed.empty() ? "" : parsed.front()->get_name());
  }
  return Dispatch(app, options);
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
