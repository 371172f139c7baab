// SPDX-License-Identifier: Apache-2.0
#include "exporter/command_table.h"

#include <CLI/CLI.hpp>
#include <string_view>

namespace kle {
namespace {

std::vector<std::string> WordsOf(std::string_view type) {
  std::vector<std::string> words;
  if (type.find('|') == type.npos) return words;
  while (true) {
    const size_t end = type.find('|');
    words.emplace_back(type.substr(0, end));
    if (end == type.npos) return words;
    type.remove_prefix(end + 1);
  }
}

OptionRow RowOf(const CLI::Option& option) {
  OptionRow row;
  row.positional = option.get_positional();
  row.name = row.positional ? option.get_name(true) : "--" + option.get_lnames().front();
  row.help = option.get_description();
  row.fallback = option.get_default_str();
  row.repeatable = option.get_items_expected_max() > 1;
  if (option.get_items_expected_max() == 0) return row;
  const std::string type = option.get_type_name();
  row.words = WordsOf(type);
  row.value = row.words.empty() ? (type.empty() ? "VALUE" : type) : type;
  if (row.value == "TEXT") row.value = "VALUE";
  if (row.value == "UINT" || row.value == "INT") row.value = "NUMBER";
  return row;
}

}  // namespace

CommandTable TableOf(const CLI::App& app, const std::string& default_command) {
  CommandTable table;
  table.program = app.get_name();
  table.help = app.get_description();
  table.footer = app.get_footer();
  table.default_command = default_command;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    CommandRow row{command->get_name(), command->get_description(), {}};
    for (const CLI::Option* option : command->get_options()) row.options.push_back(RowOf(*option));
    table.commands.push_back(std::move(row));
  }
  return table;
}

}  // namespace kle
