// SPDX-License-Identifier: Apache-2.0
// Fields around the line, of which one is the line: JSON, an exported journal, logrus.
#include <algorithm>

#include "parser/logrus.h"
#include "parser/scan.h"
#include "parser/wrappers.h"

namespace kle::wrappers {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr uint64_t kNoClockShows = 100'000'000'000'000'000;  // microseconds; the year 5138

// The string after `key` in `text`, quotes and all; empty when there is none.
std::string_view QuotedAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == kNone) return {};
  const size_t quote = at + key.size();
  if (quote >= text.size() || text[quote] != '"') return {};
  const size_t end = scan::EndOfQuoted(text, quote);
  return end == kNone ? std::string_view() : text.substr(quote, end - quote);
}

std::string_view Inside(std::string_view quoted) {
  return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
}

// What follows a member's name and colon in a line of JSON, with or without blanks between; empty
// when there is no such member. Inside of a value the name's quotes would be escaped.
std::string_view AfterName(std::string_view json, std::string_view quoted_name) {
  const size_t at = json.find(quoted_name);
  if (at == kNone) return {};
  json.remove_prefix(at + quoted_name.size());
  json.remove_prefix(std::min(json.find_first_not_of(' '), json.size()));
  if (!json.starts_with(':')) return {};
  return json.substr(std::min(json.find_first_not_of(' ', 1), json.size()));
}

// The string at its beginning, quotes and all.
std::string_view LeadingString(std::string_view json) { return QuotedAfter(json, ""); }

// "73,49,49": one byte each.
void AppendBytes(std::string_view numbers, std::string& out) {
  while (!numbers.empty()) {
    numbers.remove_prefix(std::min(numbers.find_first_of("0123456789"), numbers.size()));
    if (numbers.empty()) return;
    out.push_back(static_cast<char>(NumberOf(numbers)));
    numbers.remove_prefix(std::min(numbers.find(','), numbers.size()));
  }
}

// When the machine had run for that long, and in which of its boots.
void NoteUptime(uint64_t micros, std::string_view boot_id, Line& line) {
  if (micros == 0 || micros >= kNoClockShows || boot_id.empty()) return;
  Unwrapper::Boot& boot = *line.last_boot;
  if (boot.id != boot_id) {
    boot.number += boot.id.empty() ? 0 : 1;
    boot.id = boot_id;
  }
  line.boot = boot.number;
  line.monotonic = Duration(micros);
}

}  // namespace

// {"log":"...\n","stream":"stderr","time":"..."}; without the \n docker cut the line.
bool DockerJson(Line& line) {
  constexpr std::string_view kBegin = "{\"log\":";
  if (!line.text.starts_with(kBegin)) return false;
  const std::string_view log = QuotedAfter(line.text, kBegin);
  if (log.empty()) return false;
  const std::string_view rest = line.text.substr(kBegin.size() + log.size());
  line.scratch->clear();
  scan::AppendUnescaped(Inside(log), *line.scratch);
  line.text = *line.scratch;
  line.partial = !line.text.ends_with('\n');
  if (!line.partial) line.text.remove_suffix(1);
  line.key = KeyOf(QuotedAfter(rest, "\"stream\":"), 0);
  line.received = ParseTimestamp(Inside(QuotedAfter(rest, "\"time\":")));
  return true;
}

// {"__REALTIME_TIMESTAMP":"...","_PID":"812","MESSAGE":"...",...}: journalctl -o json and json-seq.
// A message that is no text is an array of bytes.
bool JournalJson(Line& line) {
  std::string_view json = line.text;
  for (const std::string_view before : {"\x1e", "data: "}) {
    if (json.starts_with(before)) json.remove_prefix(before.size());
  }
  if (!json.starts_with('{')) return false;
  const std::string_view message = AfterName(json, "\"MESSAGE\"");
  line.scratch->clear();
  if (message.starts_with('[')) {
    AppendBytes(message.substr(1, message.find(']') - 1), *line.scratch);
  } else if (message.starts_with('"')) {
    scan::AppendUnescaped(Inside(LeadingString(message)), *line.scratch);
  } else {
    return false;
  }
  const auto field = [json](std::string_view name) {
    return Inside(LeadingString(AfterName(json, name)));
  };
  line.pid = NumberOf(field("\"_PID\""));
  line.key = KeyOf("journal", 0);
  const uint64_t micros = NumberOf(field("\"__REALTIME_TIMESTAMP\""));
  if (micros > 0 && micros < kNoClockShows) line.received = Timestamp(Duration(micros));
  NoteUptime(NumberOf(field("\"__MONOTONIC_TIMESTAMP\"")), field("\"_BOOT_ID\""), line);
  // The unit is journald's word, the identifier anybody's.
  std::string_view name = field("\"_SYSTEMD_UNIT\"");
  if (WriterNamed(name) == LogWriter::kAny) name = field("\"SYSLOG_IDENTIFIER\"");
  if (!name.empty()) NameWriter(line, name, line.pid);
  line.text = *line.scratch;
  return true;
}

// A line of its own for each field: journalctl -o export, verbose and json-pretty. Whose entry it
// is stands on other lines, so that only what is a line of theirs is taken.
bool JournalField(Line& line) {
  std::string_view text = line.text;
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  constexpr std::string_view kPlain = "MESSAGE=";
  constexpr std::string_view kJson = "\"MESSAGE\"";
  if (text.starts_with(kPlain)) {
    text.remove_prefix(kPlain.size());
  } else if (text.starts_with(kJson)) {
    line.scratch->clear();
    scan::AppendUnescaped(Inside(LeadingString(AfterName(text, kJson))), *line.scratch);
    text = *line.scratch;
  } else {
    return false;
  }
  if (!BeginsRecord(text)) return false;
  line.text = text;
  line.key = KeyOf("journal", 0);
  return true;
}

// k0s: time="..." level=info msg="<line>" component=kubelet stream=stderr. Container runtimes log
// in the same form, without a component.
bool Logrus(Line& line) {
  constexpr std::string_view kBegin = "time=";
  std::string_view rest = line.text;
  if (!rest.starts_with(kLogrusText)) return false;
  const std::string_view time = QuotedAfter(rest, kBegin);
  if (time.empty()) return false;
  rest.remove_prefix(kBegin.size() + time.size());
  if (!rest.starts_with(" level=")) return false;
  const size_t at = rest.find(" msg=");
  line.other = true;
  if (at == kNone || rest.find(' ', 1) != at) return true;
  rest.remove_prefix(at + 5);
  std::string_view message = QuotedAfter(rest, "");
  const size_t size = message.empty() ? std::min(rest.find(' '), rest.size()) : message.size();
  const std::string_view tail = rest.substr(size);
  constexpr std::string_view kComponent = " component=";
  const size_t name_at = tail.find(kComponent);
  if (name_at == kNone) {
    if (line.writer != LogWriter::kKubelet) line.format = LineFormat::kRuntime;
    return true;
  }
  std::string_view name = tail.substr(name_at + kComponent.size());
  name = name.substr(0, name.find(' '));
  line.key = KeyOf(name, line.key);
  line.other = name != "kubelet" && name != "containerd";
  if (line.other) return true;
  line.writer = name == "kubelet" ? LogWriter::kKubelet : LogWriter::kRuntime;
  if (message.empty()) {
    line.text = rest.substr(0, size);
    return true;
  }
  line.scratch->clear();
  scan::AppendUnescaped(Inside(message), *line.scratch);
  line.text = *line.scratch;
  return true;
}

}  // namespace kle::wrappers
