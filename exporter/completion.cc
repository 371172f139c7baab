// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exporter/command_table.h"

namespace kle {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

// Within single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string FunctionName(const std::string& program) {
  std::string name = "_" + program;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<std::string> Names(const CommandTable& table) {
  std::vector<std::string> names;
  for (const CommandRow& command : table.commands) names.push_back(command.name);
  return names;
}

// What _arguments takes for text has its own marks.
std::string ForZsh(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshOption(const OptionRow& option) {
  std::string action = "_files";
  if (!option.words.empty()) action = "(" + Joined(option.words) + ")";
  if (option.value == "DURATION" || option.value == "NUMBER") action = " ";
  if (option.positional) {
    return (option.repeatable ? "*:" : ":") + ForZsh(option.name) + ":" + action;
  }
  std::string text = option.repeatable ? "*" : "";
  text.append(option.name).append(option.value.empty() ? "" : "=");
  text.append("[").append(ForZsh(option.help)).append("]");
  if (!option.value.empty()) {
    text.append(":").append(option.words.empty() ? option.value : "value").append(":");
    text.append(action);
  }
  return text;
}

}  // namespace

// Bash takes `--format=x` apart at the "=": the option then stands two words back.
std::string BashCompletion(const CommandTable& table) {
  const std::string function = FunctionName(table.program);
  std::string text = "# bash completion for " + table.program + "; made by `" + table.program +
                     " completion bash`\n" + function + "() {\n" +
                     "  local word=${COMP_WORDS[COMP_CWORD]} command=" + table.default_command +
                     " option= words= flags=\n"
                     "  COMPREPLY=()\n"
                     "  if [[ $word == = ]]; then\n"
                     "    option=${COMP_WORDS[COMP_CWORD - 1]} word=\n"
                     "  elif ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then\n"
                     "    option=${COMP_WORDS[COMP_CWORD - 2]}\n"
                     "  elif ((COMP_CWORD > 1)); then\n"
                     "    option=${COMP_WORDS[COMP_CWORD - 1]}\n"
                     "  fi\n"
                     "  if ((COMP_CWORD > 1)); then\n"
                     "    case ${COMP_WORDS[1]} in\n      " +
                     [&] {
                       std::string names = Joined(Names(table));
                       for (size_t at = 0; (at = names.find(' ', at)) != names.npos; at += 3) {
                         names.replace(at, 1, " | ");
                       }
                       return names;
                     }() +
                     ") command=${COMP_WORDS[1]} ;;\n"
                     "    esac\n"
                     "  fi\n"
                     "  case $command in\n";
  for (const CommandRow& command : table.commands) {
    std::vector<std::string> flags, free;
    std::string values;
    for (const OptionRow& option : command.options) {
      if (option.positional) continue;
      flags.push_back(option.name + (option.value.empty() ? "" : "="));
      if (!option.words.empty()) {
        values += "        " + option.name + ") words=" + Quoted(Joined(option.words)) + " ;;\n";
      } else if (!option.value.empty()) {
        free.push_back(option.name);
      }
    }
    // Any value: what is left is the names of files, which bash completes by itself.
    for (const std::string& name : free) values += "        " + name + ") return ;;\n";
    text += "    " + command.name + ")\n      flags=" + Quoted(Joined(flags)) +
            "\n      case $option in\n" + values + "      esac\n      ;;\n";
  }
  text +=
      "  esac\n"
      "  if [[ -n $words ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "    return\n"
      "  fi\n"
      "  [[ $word == -* ]] && words=$flags\n"
      "  ((COMP_CWORD == 1)) && words=\"$words " +
      Joined(Names(table)) +
      " --version\"\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
      "  return 0\n"
      "}\n"
      "complete -o default -F " +
      function + " " + table.program + "\n";
  return text;
}

std::string ZshCompletion(const CommandTable& table) {
  const std::string function = FunctionName(table.program);
  std::string text = "#compdef " + table.program + "\n# zsh completion; made by `" + table.program +
                     " completion zsh`\n\n" + function + "() {\n  local -a commands=(\n";
  for (const CommandRow& command : table.commands) {
    text += "    " + Quoted(command.name + ":" + ForZsh(command.help)) + "\n";
  }
  text +=
      "  )\n"
      "  local command=" +
      table.default_command +
      "\n"
      "  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  if [[ $words[2] != -* ]]; then\n"
      "    command=$words[2]\n"
      "    shift words\n"
      "    ((CURRENT--))\n"
      "  fi\n"
      "  case $command in\n";
  for (const CommandRow& command : table.commands) {
    text += "    " + command.name + ")\n      _arguments";
    for (const OptionRow& option : command.options) {
      text += " \\\n        " + Quoted(ZshOption(option));
    }
    text += "\n      ;;\n";
  }
  // Sourced or found in $fpath: zsh calls a completion file of $fpath as the function itself.
  text +=
      "  esac\n}\n\n"
      "if [[ ${funcstack[1]-} == " +
      function + " ]]; then\n  " + function +
      " \"$@\"\nelse\n"
      "  compdef " +
      function + " " + table.program + "\nfi\n";
  return text;
}

}  // namespace kle
