// SPDX-License-Identifier: Apache-2.0
// The command line as plain data, read off the parser itself, and what is made of it: completions
// and the manual page cannot name what the parser does not know.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace kle {

struct OptionRow {
  std::string name;                // --format; PATH for a positional
  std::string value;               // DURATION; "" for a flag
  std::vector<std::string> words;  // the only values it takes; empty: any
  std::string fallback;            // its default, "" when there is none to name
  std::string help;
  bool positional = false;
  bool repeatable = false;
};

struct CommandRow {
  std::string name;
  std::string help;
  std::vector<OptionRow> options;
};

struct CommandTable {
  std::string program;
  std::string help;
  std::string footer;
  std::string default_command;  // when the command line names none
  std::vector<CommandRow> commands;
};

// Hidden commands are left out.
CommandTable TableOf(const CLI::App& app, const std::string& default_command);

std::string BashCompletion(const CommandTable& table);
std::string ZshCompletion(const CommandTable& table);
std::string ManPage(const CommandTable& table);  // in mdoc

}  // namespace kle
