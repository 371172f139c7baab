// SPDX-License-Identifier: Apache-2.0
#include "parser/unwrap.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "parser/digits.h"
#include "parser/klog.h"
#include "parser/logrus.h"

namespace kle {
namespace {

using digits::IsDigit;

using Origin = Unwrapper::Origin;

// The line as far as it is unwrapped, and what a wrapper may use.
struct Work : Unwrapped {
  std::string* scratch = nullptr;  // for text that had to be unescaped
  Origin* origin = nullptr;
};

constexpr size_t kNone = std::string_view::npos;

bool ShapedLike(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'n' ? !IsDigit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

bool JsonShaped(std::string_view text) {
  constexpr size_t kNear = 512;  // "msg" follows ts, logger and caller
  return BeginsAsKlogJson(text) || (text.starts_with("{\"") && !text.starts_with("{\"log\":") &&
                                    text.substr(0, kNear).find("\"msg\":") != kNone);
}

LineFormat Begins(std::string_view text) {
  if (scan::HeaderShaped(text)) return LineFormat::kKlogText;
  return !text.empty() && text[0] == '{' && JsonShaped(text) ? LineFormat::kKlogJson
                                                             : LineFormat::kOther;
}

uint64_t Hash(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash | 1;  // 0 is the key of bare lines
}

// Under what names a kubelet logs; distributions run it inside a larger binary.
bool KubeletIdentifier(std::string_view name) {
  constexpr std::string_view kNames[] = {"kubelet", "kubenswrapper", "hyperkube", "kubelite", "k3s",
                                         "rke2",    "microshift",    "k0s",       "edgecore"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return name.find(one) != kNone; });
}

// rsyslog prints control bytes as #ooo. Only the TAB is undone: klog puts one before each line of a
// block. A newline undone would let a value write lines of its own.
void UndoTabs(std::string_view& text, std::string& scratch) {
  constexpr std::string_view kTab = "#011";
  size_t at = text.find(kTab);
  if (at == kNone) return;
  scratch.clear();
  size_t from = 0;
  for (; at != kNone; at = text.find(kTab, from)) {
    scratch.append(text.substr(from, at - from)).push_back('\t');
    from = at + kTab.size();
  }
  scratch.append(text.substr(from));
  text = scratch;
}

// "host kubelet[812]: ", or without the host, or without the pid, at the front of `text`.
bool ReadOrigin(std::string_view text, Origin& origin) {
  size_t at = 0;
  size_t end = text.find_first_of(" [:");
  // A colon that no blank follows is part of an IPv6 address.
  if (end != kNone && text[end] == ':' && text.substr(end, 2) != ": ") end = text.find(' ', end);
  if (end == kNone) return false;
  if (text[end] == ' ') {
    at = end + 1;
    end = text.find_first_of(" [:", at);
    if (end == kNone) return false;
  }
  const std::string_view name = text.substr(at, end - at);
  uint64_t pid = 0;
  if (text[end] == '[') {
    for (++end; end < text.size() && IsDigit(text[end]) && pid < 1'000'000'000; ++end) {
      pid = pid * 10 + static_cast<uint64_t>(text[end] - '0');
    }
    if (text.substr(end, 1) != "]") return false;
    ++end;
  }
  if (name.empty() || text.substr(end, 1) != ":") return false;
  ++end;
  if (end < text.size() && text[end] != ' ') return false;
  origin.text.assign(text.substr(0, end));
  origin.pid = pid;
  origin.key = Hash(name, pid);
  origin.writer = WriterNamed(name);
  return true;
}

// Lines of any other program are foreign.
void SetWriter(Work& line, LogWriter writer) {
  line.writer = writer;
  line.foreign = writer == LogWriter::kAny;
  if (writer == LogWriter::kKernel) line.format = LineFormat::kKernel;
  if (writer == LogWriter::kCollector) line.format = LineFormat::kCollector;
}

void NameWriter(Work& line, std::string_view name, uint64_t pid) {
  line.pid = pid;
  line.key = Hash(name, pid);
  SetWriter(line, WriterNamed(name));
}

uint64_t NumberOf(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool StripOrigin(std::string_view text, Work& line) {
  Origin& origin = *line.origin;
  const size_t known = origin.text.size();
  const bool same =
      known > 0 && text.starts_with(origin.text) && (text.size() == known || text[known] == ' ');
  if (!same && !ReadOrigin(text, origin)) return false;
  line.text = text.substr(std::min(origin.text.size() + 1, text.size()));
  line.pid = origin.pid;
  line.key = origin.key;
  SetWriter(line, origin.writer);
  if (!line.foreign) UndoTabs(line.text, *line.scratch);
  return true;
}

// A name of a month or a weekday in whatever language: "Nov", "2月", "févr.".
bool IsName(std::string_view word) {
  constexpr size_t kLongest = 24;
  bool letters = false;
  for (const char c : word) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!letter && !IsDigit(c) && c != '.') return false;
    letters = letters || letter;
  }
  return letters && word.size() <= kLongest;
}

// Past "23:01:26", with or without a fraction, and the blank after it; kNone when it is not there.
size_t PastClock(std::string_view text, size_t at) {
  if (at >= text.size() || !ShapedLike(text.substr(at), "nn:nn:nn")) return kNone;
  at += std::string_view("nn:nn:nn").size();
  if (at < text.size() && text[at] == '.') {
    at = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  }
  return at < text.size() && text[at] == ' ' ? at + 1 : kNone;
}

// Past "Nov 23 23:01:26 "; kNone when the text does not begin with that.
size_t PastSyslogDate(std::string_view text) {
  const size_t from = std::min(text.find_first_not_of(' '), text.size());
  const size_t blank = text.find(' ', from);
  if (from > 2 || blank == kNone || !IsName(text.substr(from, blank - from))) return kNone;
  size_t at = std::min(text.find_first_not_of(' ', blank), text.size());
  size_t digits = 0;
  while (digits < 2 && at < text.size() && IsDigit(text[at])) ++digits, ++at;
  if (digits == 0 || at >= text.size() || text[at] != ' ') return kNone;
  return PastClock(text, at + 1);
}

// What follows a date: whose line it is, or the line itself (`ts`, docker logs -t).
bool StripDated(std::string_view text, Work& line) {
  if (Begins(text) == LineFormat::kOther) return StripOrigin(text, line);
  line.text = text;
  line.key = Hash("stamped", 0);
  return true;
}

// "Nov 23 23:01:26 host kubelet[812]: ": syslog files, journalctl -o short and short-precise.
bool StripSyslog(Work& line) {
  const size_t at = PastSyslogDate(line.text);
  return at != kNone && StripDated(line.text.substr(at), line);
}

// "stderr F " after a time stamp.
bool StripCri(std::string_view text, Work& line) {
  const std::string_view name = text.substr(0, 7);
  if (name != "stderr " && name != "stdout ") return false;
  const size_t tags = text.find(' ', 7);
  const std::string_view tag = text.substr(7, tags == kNone ? kNone : tags - 7);
  if (tag.empty() || (tag[0] != 'F' && tag[0] != 'P') || (tag.size() > 1 && tag[1] != ':')) {
    return false;
  }
  line.partial = tag[0] == 'P';
  line.key = Hash(name, 0);
  line.text = tags == kNone ? std::string_view() : text.substr(tags + 1);
  return true;
}

// What begins with an RFC 3339 stamp: rsyslog's file format, journalctl -o short-iso, CRI container
// logs, and plain time stamps before the line (docker logs -t).
bool StripIso(Work& line) {
  std::string_view text = line.text;
  if (text.empty() || !IsDigit(text[0])) return false;
  const std::optional<Timestamp> at = ConsumeTimestamp(text);
  if (!at || text.empty() || text[0] != ' ') return false;
  text.remove_prefix(1);
  if (StripCri(text, line)) {
    line.received = at;
    return true;
  }
  line.received = at;
  if (StripDated(text, line)) return true;
  line.text = text;
  line.key = Hash("stamped", 0);
  return true;
}

// "Mon 2026-11-23 23:01:26 UTC host kubelet[812]: ": journalctl -o short-full and with-unit; the
// day's name and the zone may be missing. Of zones only UTC is sure to be one.
bool StripFullDate(Work& line) {
  constexpr std::string_view kDate = "nnnn-nn-nn ";
  std::string_view text = line.text;
  if (const size_t blank = text.find(' '); blank != kNone && IsName(text.substr(0, blank))) {
    text.remove_prefix(blank + 1);
  }
  if (!ShapedLike(text, kDate)) return false;
  const size_t at = PastClock(text, kDate.size());
  if (at == kNone) return false;
  const std::string_view rest = text.substr(at);
  const size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view zone = rest.substr(0, blank);
  if (!StripDated(rest, line) &&
      !(blank < rest.size() && StripDated(rest.substr(blank + 1), line))) {
    return false;
  }
  if (zone == "UTC" || zone == "GMT") {
    std::string stamp(text.substr(0, at - 1));
    stamp[kDate.size() - 1] = 'T';
    line.received = ParseTimestamp(stamp + "Z");
  }
  return true;
}

// "1795428000.123456 host kubelet[812]: ": journalctl -o short-unix.
bool StripUnixTime(Work& line) {
  const std::string_view text = line.text;
  const size_t dot = text.find_first_not_of("0123456789");
  if (dot == kNone || dot < 9 || dot > 11 || text[dot] != '.') return false;
  const size_t end = text.find_first_not_of("0123456789", dot + 1);
  if (end == kNone || end - dot != 7 || text[end] != ' ') return false;
  uint64_t micros = 0;
  for (size_t i = 0; i < end; ++i) {
    if (i != dot) micros = micros * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  if (!StripOrigin(text.substr(end + 1), line)) return false;
  line.received = Timestamp(Duration(micros));
  return true;
}

// "[ 1234.567890] host kubelet[812]: ": journalctl -o short-monotonic and short-delta.
bool StripUptime(Work& line) {
  constexpr size_t kLongest = 64;
  const std::string_view text = line.text;
  if (text.empty() || text[0] != '[') return false;
  const size_t end = text.substr(0, kLongest).find("] ");
  if (end == kNone || text.substr(1, end - 1).find_first_not_of(" .0123456789<>") != kNone) {
    return false;
  }
  return StripOrigin(text.substr(end + 2), line);
}

// What follows a name alone, with nothing to vouch for it, must itself be a line of theirs.
bool BeginsRecord(std::string_view text) {
  return Begins(text) != LineFormat::kOther || text.starts_with(kLogrusText);
}

// "kubelet[812]: " and "host kubelet[812]: ", of a log whose dates were cut off.
bool StripNameAlone(Work& line) {
  constexpr size_t kLongest = 256;
  const std::string_view text = line.text;
  const size_t end = text.substr(0, kLongest).find(": ");
  if (text.starts_with('\t') || end == kNone || !BeginsRecord(text.substr(end + 2))) return false;
  return StripOrigin(text, line);
}

// "/var/log/kubelet.log:123:", as grep prints it; with `-` around the lines that only stand near.
bool StripGrep(Work& line) {
  constexpr size_t kLongest = 512;
  const std::string_view text = line.text;
  const std::string_view front = text.substr(0, std::min(text.find_first_of(" \t"), kLongest));
  for (size_t at = front.find_first_of(":-"); at != kNone; at = front.find_first_of(":-", at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const bool begins = BeginsRecord(rest) || PastSyslogDate(rest) != kNone ||
                        ShapedLike(rest, "nnnn-nn-nnTnn:nn:nn");
    if (!begins || at == 0) continue;
    line.text = rest;
    line.key = Hash("grep", line.key);
    return true;
  }
  return false;
}

// "1 2026-11-23T23:01:26Z host kubelet 812 - - ": RFC 5424, behind its priority.
bool StripSyslogProtocol(Work& line) {
  std::string_view text = line.text;
  if (!text.starts_with("1 ")) return false;
  text.remove_prefix(2);
  const std::optional<Timestamp> at = ConsumeTimestamp(text);
  if (!at) return false;
  std::array<std::string_view, 4> words;  // host, name, process, kind of message
  for (std::string_view& word : words) {
    if (!text.starts_with(' ')) return false;
    text.remove_prefix(1);
    word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
  }
  if (!text.starts_with(" -") && !text.starts_with(" [")) return false;
  const size_t data = text[1] == '-' ? 2 : text.find("] ") + 1;
  if (data == 0 || data >= text.size()) return false;
  line.received = at;
  line.text = text.substr(data + 1);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (line.text.starts_with(kMark)) line.text.remove_prefix(kMark.size());
  NameWriter(line, words[1], NumberOf(words[2]));
  return true;
}

// "<6>"
bool StripPriority(Work& line) {
  const std::string_view text = line.text;
  if (text.size() < 3 || text[0] != '<' || !IsDigit(text[1])) return false;
  size_t end = 2;
  while (end < 4 && end < text.size() && IsDigit(text[end])) ++end;
  if (end >= text.size() || text[end] != '>') return false;
  line.text = text.substr(end + 1);
  return true;
}

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

// {"log":"...\n","stream":"stderr","time":"..."}; without the \n docker cut the line.
bool StripDockerJson(Work& line) {
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
  line.key = Hash(QuotedAfter(rest, "\"stream\":"), 0);
  line.received = ParseTimestamp(Inside(QuotedAfter(rest, "\"time\":")));
  return true;
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

// {"__REALTIME_TIMESTAMP":"...","_PID":"812","MESSAGE":"...",...}: journalctl -o json and json-seq.
// A message that is no text is an array of bytes.
bool StripJournalJson(Work& line) {
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
  line.key = Hash("journal", line.pid);
  if (const uint64_t micros = NumberOf(field("\"__REALTIME_TIMESTAMP\"")); micros > 0) {
    line.received = Timestamp(Duration(micros));
  }
  // The unit is journald's word, the identifier anybody's.
  std::string_view name = field("\"_SYSTEMD_UNIT\"");
  if (WriterNamed(name) == LogWriter::kAny) name = field("\"SYSLOG_IDENTIFIER\"");
  if (!name.empty()) NameWriter(line, name, line.pid);
  line.text = *line.scratch;
  return true;
}

// A line of its own for each field: journalctl -o export, verbose and json-pretty. Whose entry it
// is stands on other lines, so that only what is a line of theirs is taken.
bool StripJournalField(Work& line) {
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
  line.key = Hash("journal", 0);
  return true;
}

// k0s: time="..." level=info msg="<line>" component=kubelet stream=stderr. Container runtimes log
// in the same form, without a component.
bool StripLogrus(Work& line) {
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
  line.key = Hash(name, line.key);
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

// MicroShift runs all components in one process and names the one that logs: "kubelet I0821 ...",
// "??? I0821 ..." where the goroutine has no name.
bool StripComponent(Work& line) {
  constexpr size_t kLongest = 64;
  const std::string_view text = line.text;
  const size_t blank = text.substr(0, kLongest).find(' ');
  if (blank == kNone || blank == 0 || !scan::HeaderShaped(text.substr(blank + 1))) return false;
  const std::string_view name = text.substr(0, blank);
  const bool word = std::ranges::all_of(name, [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == '?';
  });
  if (!word) return false;
  line.other = name != "kubelet" && name != "???";
  line.text = text.substr(blank + 1);
  return true;
}

// The wrappers, one row each. A stream keeps to its own, so that of the last line is tried first.
constexpr bool (*kWrappers[])(Work&) = {
    &StripSyslog,      &StripIso,          &StripPriority,  &StripDockerJson, &StripLogrus,
    &StripComponent,   &StripFullDate,     &StripUnixTime,  &StripUptime,     &StripSyslogProtocol,
    &StripJournalJson, &StripJournalField, &StripNameAlone, &StripGrep,
};

// Tries the one that is at hand first, and keeps the one that it was.
bool StripOne(size_t& hint, Work& line) {
  if (hint < std::size(kWrappers) && kWrappers[hint](line)) return true;
  for (size_t i = 0; i < std::size(kWrappers); ++i) {
    if (i == hint || !kWrappers[i](line)) continue;
    hint = i;
    return true;
  }
  return false;
}

}  // namespace

LogWriter WriterNamed(std::string_view name) {
  constexpr std::string_view kRuntimes[] = {"containerd", "crio", "dockerd", "cri-dockerd"};
  constexpr std::string_view kJournald[] = {"systemd-journald", "systemd-journal", "journal"};
  constexpr std::string_view kUnit = ".service";
  name.remove_prefix(name.rfind('/') + 1);
  if (name.ends_with(kUnit)) name.remove_suffix(kUnit.size());
  const auto among = [name](const auto& names) {
    return std::ranges::find(names, name) != std::end(names);
  };
  if (name == "kernel") return LogWriter::kKernel;
  if (among(kRuntimes)) return LogWriter::kRuntime;
  if (among(kJournald) || name.starts_with("rsyslogd")) return LogWriter::kCollector;
  return KubeletIdentifier(name) ? LogWriter::kKubelet : LogWriter::kAny;
}

bool BeginsAsKlogJson(std::string_view text) {
  constexpr std::string_view kBegin = "{\"ts\":";
  return text.size() >= kBegin.size() &&
         std::memcmp(text.data(), kBegin.data(), kBegin.size()) == 0;
}

Unwrapped Unwrapper::Unwrap(std::string_view text, LogWriter writer, bool tab_wraps) {
  Work work;
  work.text = text;
  work.writer = writer;
  work.origin = &origin_;
  for (size_t layer = 0; layer <= kLayers; ++layer) {
    work.format = Begins(work.text);
    if (work.format != LineFormat::kOther || layer == kLayers) break;
    if (work.text.starts_with('\t') && (layer > 0 || !tab_wraps)) break;
    work.scratch = &unescaped_[layer];
    if (!StripOne(hints_[layer], work) || work.foreign || work.other || IsWhole(work.format)) {
      break;
    }
  }
  if (work.text.ends_with('\r')) work.text.remove_suffix(1);
  if (work.format == LineFormat::kKlogJson && IsLogrusJson(work.text)) {
    work.format = LineFormat::kRuntime;
    if (work.writer == LogWriter::kKubelet) work.foreign = true;
  } else if (work.writer >= LogWriter::kRuntime && !IsWhole(work.format)) {
    work.foreign = true;  // a runtime that prints what looks like a kubelet's line
  }
  const Unwrapped& bare = work;
  return bare;
}

}  // namespace kle
