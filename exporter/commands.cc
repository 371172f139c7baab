// SPDX-License-Identifier: Apache-2.0
#include "exporter/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "exporter/command_table.h"
#include "exporter/complain.h"
#include "exporter/flag_values.h"
#include "exporter/report_formats.h"
#include "exporter/serve_config.h"
#include "exporter/serve_flags.h"
#include "exporter/small_file.h"
#include "exporter/text.h"

namespace kle {
namespace {

CLI::App& Add(CLI::App& app, CommandLine& line, const std::string& name, const std::string& help,
              CommandLine::Runner runner) {
  CLI::App* command = app.add_subcommand(name, help);
  command->allow_extras();  // what is too much is told by us, with what may have been meant
  line.runners[command] = std::move(runner);
  return *command;
}

// A flag whose text `read` makes a value of, or tells what is wrong with it.
template <typename Target, typename Read>
CLI::Option* AddFlag(CLI::App& command, const std::string& name, Target& target,
                     const std::string& value, Read read, const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name, read](const std::string& text) {
            auto taken = read(text);
            if (!taken) throw CLI::ValidationError(name, taken.error().message());
            target = std::move(*taken);
          },
          help)
      ->type_name(value);
}

// Into a Duration or one that may be absent.
template <typename Target>
CLI::Option* AddDuration(CLI::App& command, const std::string& name, Target& target,
                         const std::string& help) {
  return AddFlag(command, name, target, "DURATION", DurationNamed, help);
}

// Only the text: the zone may be given after it.
CLI::Option* AddMoment(CLI::App& command, const std::string& name, std::optional<Moment>& target,
                       const std::string& help) {
  const auto read = [](const std::string& text) { return Result<Moment>(Moment{text, {}, {}}); };
  return AddFlag(command, name, target, "TIME", read, help);
}

template <typename Number>
CLI::Option* AddNumber(CLI::App& command, const std::string& name, Number& target, Number least,
                       Number most, const std::string& help) {
  const auto read = [least, most](const std::string& text) {
    return NumberNamed(text, least, most);
  };
  return AddFlag(command, name, target, "NUMBER", read, help);
}

CLI::Option* AddWord(CLI::App& command, const std::string& name, std::string& target,
                     const std::vector<std::string>& words, const std::string& help) {
  const auto read = [words](const std::string& text) { return OneOf(words, text); };
  return AddFlag(command, name, target, Joined(words, "|"), read, help)->default_str(target);
}

template <typename Value>
CLI::Option* AddRepeatable(CLI::App& command, const std::string& name, Value& target,
                           const std::string& help) {
  return command.add_option(name, target, help)->allow_extra_args(false);
}

int Serve(const CommandLine& line) {
  Problems problems;
  ServeConfig config = ReadServeConfig(line.serve, problems);
  if (!problems.empty()) return Complain(kUsageError, InOneLine(problems));
  return RunServe(line.serve, std::move(config), line.on_commit_step);
}

// Only collects: the configuration file may say more, and all of it is read together.
void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App& command =
      Add(app, line, "serve", "Follow the kubelet's log and serve metrics (the default)",
          [&line] { return Serve(line); });
  command.footer("SIGHUP reads the configuration files again. What can change then: " +
                 ReloadableFlags() + ".");
  for (const ServeFlag& flag : ServeFlags()) {
    const std::string name(flag.name);
    CLI::Option* option = command.add_option_function<std::vector<std::string>>(
        "--" + name,
        [&line, name](const std::vector<std::string>& values) { line.serve[name].values = values; },
        std::string(flag.help) + (flag.repeatable ? "; repeatable" : ""));
    option->type_name(std::string(flag.value))->group(std::string(flag.group));
    option->type_size(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->allow_extra_args(false);
    if (!flag.repeatable) option->expected(1);
    if (!flag.initial.empty()) option->default_str(std::string(flag.initial));
  }
}

// The moments of a report, now that the zone is known: what is wrong with them, or "".
std::string ReadMoments(ReportOptions& options) {
  for (auto [name, moment] :
       {std::pair("--since", &options.since), std::pair("--until", &options.until)}) {
    if (!*moment) continue;
    auto named = MomentNamed((*moment)->text, options.timezone);
    if (!named) return std::string(name) + ": " + named.error().message();
    *moment = std::move(*named);
  }
  return {};
}

int ReadAndReport(ReportOptions& options) {
  if (options.paths.empty())
    return ComplainOfUsage("name a log, a journal or - to report", "report");
  const std::string wrong = ReadMoments(options);
  return wrong.empty() ? RunReport(options) : ComplainOfUsage(wrong, "report");
}

void AddReport(CLI::App& app, CommandLine& line) {
  ReportOptions& options = line.report;
  CLI::App& command =
      Add(app, line, "report", "Read saved logs or journals and print every termination",
          [&options] { return ReadAndReport(options); });
  command.footer(
      "Exit: 0 ok, 1 runtime error, 2 usage error, 3 when --fail-if-stuck or --fail-if-slower "
      "found one.");
  command
      .add_option("PATH", options.paths,
                  "Logs (plain, .gz, .zst), journals or folders; - is standard input")
      ->type_name("");
  AddWord(command, "--format", options.format, ReportFormatNames(), "What is printed");
  AddMoment(
      command, "--since", options.since,
      "Leaves out what had ended by then: a time (2026-11-23T23:00:00Z; without a zone, in that "
      "of --timezone), or so long (2h, 30m) before the log's end");
  AddMoment(command, "--until", options.until,
            "Leaves out what was asked for later: a time, or so long before the log's end");
  AddFlag(command, "--timezone", options.timezone, "ZONE", ZoneNamed,
          "Zone of the log's times; default UTC");
  AddNumber(command, "--year", options.year, 1970, 2200,
            "Year of the first line; default from the file's time");
  AddNumber<size_t>(command, "--slowest", options.slowest, 0, 1'000'000,
                    "How many of the slowest the table shows")
      ->default_str(std::to_string(options.slowest));
  command.add_flag("--stuck-only", options.stuck_only, "Only pods that are stuck");
  command.add_flag("--fail-if-stuck", options.fail_if_stuck, "Exit with 3 when a pod is stuck");
  AddRepeatable(command, "--diff", options.diff,
                "The log of before, repeatable, PATH being that of after: each phase's count, "
                "median and p99 in both, and their ratio; " +
                    Joined(DiffFormatNames(), " or "))
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
  const auto runtime = [](const std::string& text) -> Result<bool> {
    auto word = OneOf({"auto", "none"}, text);
    if (!word) return word.error();
    return *word == "auto";
  };
  AddFlag(command, "--runtime.source", options.runtime, "auto|none", runtime,
          "The container runtime's own log, which makes times exact: read where it is found, or "
          "not at all")
      ->default_str("auto");
  AddDuration(command, "--stuck.slack", options.stuck_slack,
              "A pod is stuck when its age exceeds the granted grace by this")
      ->default_str("60s");
}

void AddExplain(CLI::App& app, CommandLine& line) {
  Add(app, line, "explain", "Tell which event a line is, or why it is none",
      [&line] { return RunExplain(line.explain); })
      .add_option("LINE", line.explain.lines,
                  "Lines of a log, each one argument; none or -: standard input")
      ->type_name("");
}

void AddTables(CLI::App& app, CommandLine& line) {
  std::string& format = line.catalogue.format;
  const std::vector<std::string> formats{"table", "json", "markdown"};
  AddWord(Add(app, line, "catalogue", "Print every event that is recognised",
              [&line] { return RunCatalogue(line.catalogue); }),
          "--format", format, formats, "What is printed");
  CLI::App& metrics = Add(app, line, "metrics", "Print every metric",
                          [&line] { return RunMetrics(line.catalogue); });
  AddWord(metrics, "--format", format, formats, "What is printed");
  metrics.group("");
  Add(app, line, "configuration", "Print docs/CONFIGURATION.md", RunConfiguration).group("");
}

void AddPrepareState(CLI::App& app, CommandLine& line) {
  Add(app, line, "prepare-state", "Let this process's group write the state's folder, and exit",
      [&line] { return RunPrepareState(line.prepare_state_path); })
      .add_option("--state.path", line.prepare_state_path, "The state file, as given to serve")
      ->type_name("FILE")
      ->capture_default_str();
}

int CheckConfig(const std::string& path) {
  if (path.empty()) return ComplainOfUsage("name the file to check", "check-config");
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

void AddCheckConfig(CLI::App& app, CommandLine& line) {
  Add(app, line, "check-config", "Check a configuration file and exit",
      [&line] { return CheckConfig(line.check_config); })
      .add_option("FILE", line.check_config,
                  "What serve would get by --config.file or --web.config.file")
      ->type_name("");
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return kOk;
}

int PrintCompletion(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return Print(BashCompletion(TableOf(app, "serve")));
  if (shell == "zsh") return Print(ZshCompletion(TableOf(app, "serve")));
  return ComplainOfUsage("a completion is for bash or zsh", "completion");
}

void AddDescriptions(CLI::App& app, CommandLine& line) {
  Add(app, line, "completion", "Print a completion for bash or zsh",
      [&app, &line] { return PrintCompletion(app, line.shell); })
      .add_option("SHELL", line.shell, "bash or zsh")
      ->type_name("");
  Add(app, line, "man", "Print the manual page",
      [&app] { return Print(ManPage(TableOf(app, "serve"))); });
}

}  // namespace

void AddCommands(CLI::App& app, CommandLine& line) {
  AddServe(app, line);
  AddReport(app, line);
  AddExplain(app, line);
  AddTables(app, line);
  AddPrepareState(app, line);
  AddCheckConfig(app, line);
  AddDescriptions(app, line);
}

}  // namespace kle
