// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "exporter/command_table.h"
#include "exporter/text.h"

namespace kle {
namespace {

constexpr size_t kLineLength = 70;

// Text that mdoc prints as it stands: no macro, no escape, no end of a sentence within a line.
std::string Plain(std::string_view text) {
  std::string plain;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) plain += "\\&";
    if (c == '\\') {
      plain += "\\e";
    } else if (c == '-') {
      plain += "\\-";
    } else {
      plain += c;
    }
    line_start = c == '\n';
  }
  return plain;
}

// A sentence, in lines that mandoc finds short enough.
std::string Sentence(const std::string& text) {
  return Plain(Wrap(text.ends_with('.') ? text : text + ".", kLineLength, 0));
}

// An argument of a macro: what is itself the name of one is protected.
std::string Argument(std::string_view text) {
  std::string argument = Plain(text);
  if (argument.size() <= 3 || argument.find(' ') != std::string::npos) argument.insert(0, "\\&");
  return argument.find(' ') == std::string::npos ? argument : "\"" + argument + "\"";
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void Item(std::string& text, const OptionRow& option) {
  text += ".It ";
  if (option.positional) {
    text += "Ar " + Argument(option.name) + (option.repeatable ? " ...\n" : "\n");
  } else {
    text += "Fl " + Argument(std::string_view(option.name).substr(1));
    if (!option.value.empty()) text += " Ns = Ns Ar " + Argument(option.value);
    text += "\n";
  }
  text += Sentence(option.help);
  if (!option.fallback.empty()) text += Sentence("Default: " + option.fallback);
}

void Command(std::string& text, const CommandRow& command) {
  text += ".Ss " + Plain(command.name) + "\n" + Sentence(command.help);
  if (command.options.empty()) return;
  text += ".Bl -tag -width Ds\n";
  for (const OptionRow& option : command.options) Item(text, option);
  text += ".El\n";
}

}  // namespace

std::string ManPage(const CommandTable& table) {
  std::string text = ".\\\" Made by `" + table.program + " man`.\n.Dd " KLE_DATE "\n.Dt " +
                     Upper(table.program) + " 1\n.Os\n.Sh NAME\n.Nm " + table.program +
                     "\n.Nd measures how pods die, from the kubelet's log\n.Sh SYNOPSIS\n";
  for (const CommandRow& command : table.commands) {
    text += ".Nm\n";
    text += command.name == table.default_command ? ".Op Cm " : ".Cm ";
    text += command.name + "\n.Op Ar options\n";
    for (const OptionRow& option : command.options) {
      if (!option.positional) continue;
      text += ".Op Ar " + Argument(option.name) + (option.repeatable ? " ...\n" : "\n");
    }
  }
  text +=
      ".Sh DESCRIPTION\n.Nm\nreads what the kubelet writes to the systemd journal or to a log "
      "file,\n"
      "follows every pod's life, and tells how long each step of its end took,\n"
      "what failed, and which pods are stuck.\n.Pp\nWithout a command it does\n.Cm " +
      table.default_command + " .\n.Sh COMMANDS\n";
  for (const CommandRow& command : table.commands) Command(text, command);
  text +=
      ".Sh ENVIRONMENT\n"
      ".Bl -tag -width Ds\n"
      ".It Ev LC_ALL , Ev LC_CTYPE , Ev LANG\n"
      "Tables are plain ASCII where the first of these that is set names no UTF\\-8.\n"
      ".It Ev NO_COLOR\n"
      "Tables have no colours on a terminal either.\n"
      ".El\n"
      ".Sh FILES\n"
      ".Bl -tag -width Ds\n"
      ".It Pa /var/lib/kubelet\\-lifecycle\\-exporter/state\n"
      "What\n.Cm serve\nkeeps over a restart.\n"
      ".It Pa /etc/kubelet\\-lifecycle\\-exporter/config.yaml\n"
      "What the unit of the Debian package gives to\n.Fl \\-config.file .\n"
      ".It Pa /usr/share/doc/kubelet\\-lifecycle\\-exporter/dashboards/runbooks\n"
      "The runbooks that a hint names, in the Debian package.\n"
      ".El\n"
      ".Sh EXIT STATUS\n"
      ".Bl -tag -width Ds\n"
      ".It 0\nAll went well.\n"
      ".It 1\nSomething could not be read or written.\n"
      ".It 2\nThe command line or the configuration is wrong.\n"
      ".It 3\n"
      "A pod is stuck and\n.Fl \\-fail\\-if\\-stuck\nwas given, or a termination was slower than\n"
      ".Fl \\-fail\\-if\\-slower\nallows.\n"
      ".It 130\nInterrupted by Ctrl\\-C.\n"
      ".El\n"
      ".Sh EXAMPLES\n"
      "Which pods are stuck, and where the time of the others went:\n"
      ".Dl " +
      table.program +
      " report /var/log/kubelet.log\n"
      ".Pp\n"
      "The last two hours of rotated logs as one page to attach to a ticket:\n"
      ".Dl " +
      table.program +
      " report --since=2h --format=html /var/log/kubelet > report.html\n"
      ".Pp\n"
      "What one line means, or why it means nothing:\n"
      ".Dl " +
      table.program +
      " explain \\(aqI1123 23:08:44.396357 28696 kubelet.go:2437] \\(dqSyncLoop DELETE\\(dq "
      "source=\\(dqapi\\(dq pods=[\\(dqprod/web\\-0\\(dq]\\(aq\n"
      ".Sh SEE ALSO\n.Xr journalctl 1\n";
  return text;
}

}  // namespace kle
