// SPDX-License-Identifier: Apache-2.0
// A date, a host or a name before the line.
#include <algorithm>
#include <array>

#include "parser/digits.h"
#include "parser/scan.h"
#include "parser/wrappers.h"

namespace kle::wrappers {
namespace {

using digits::IsDigit;

constexpr size_t kNone = std::string_view::npos;

bool ShapedLike(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'n' ? !IsDigit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
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
bool ReadOrigin(std::string_view text, Unwrapper::Origin& origin) {
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
  origin.key = KeyOf(name, 0);
  origin.writer = WriterNamed(name);
  return true;
}

bool StripOrigin(std::string_view text, Line& line) {
  Unwrapper::Origin& origin = *line.origin;
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
bool StripDated(std::string_view text, Line& line) {
  if (Begins(text) == LineFormat::kOther) return StripOrigin(text, line);
  line.text = text;
  line.key = KeyOf("stamped", 0);
  return true;
}

// "stderr F " after a time stamp.
bool StripCri(std::string_view text, Line& line) {
  const std::string_view name = text.substr(0, 7);
  if (name != "stderr " && name != "stdout ") return false;
  const size_t tags = text.find(' ', 7);
  const std::string_view tag = text.substr(7, tags == kNone ? kNone : tags - 7);
  if (tag.empty() || (tag[0] != 'F' && tag[0] != 'P') || (tag.size() > 1 && tag[1] != ':')) {
    return false;
  }
  line.partial = tag[0] == 'P';
  line.key = KeyOf(name, 0);
  line.text = tags == kNone ? std::string_view() : text.substr(tags + 1);
  return true;
}

}  // namespace

// "Nov 23 23:01:26 host kubelet[812]: ": syslog files, journalctl -o short and short-precise.
bool Syslog(Line& line) {
  const size_t at = PastSyslogDate(line.text);
  return at != kNone && StripDated(line.text.substr(at), line);
}

// What begins with an RFC 3339 stamp: rsyslog's file format, journalctl -o short-iso, CRI container
// logs, and plain time stamps before the line (docker logs -t).
bool Iso(Line& line) {
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
  line.key = KeyOf("stamped", 0);
  return true;
}

// "Mon 2026-11-23 23:01:26 UTC host kubelet[812]: ": journalctl -o short-full and with-unit; the
// day's name and the zone may be missing. Of zones only UTC is sure to be one.
bool FullDate(Line& line) {
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
bool UnixTime(Line& line) {
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
bool Uptime(Line& line) {
  constexpr size_t kLongest = 64;
  const std::string_view text = line.text;
  if (text.empty() || text[0] != '[') return false;
  const size_t end = text.substr(0, kLongest).find("] ");
  if (end == kNone || text.substr(1, end - 1).find_first_not_of(" .0123456789<>") != kNone) {
    return false;
  }
  return StripOrigin(text.substr(end + 2), line);
}

// "kubelet[812]: " and "host kubelet[812]: ", of a log whose dates were cut off.
bool NameAlone(Line& line) {
  constexpr size_t kLongest = 256;
  const std::string_view text = line.text;
  const size_t end = text.substr(0, kLongest).find(": ");
  if (text.starts_with('\t') || end == kNone || !BeginsRecord(text.substr(end + 2))) return false;
  return StripOrigin(text, line);
}

// "/var/log/kubelet.log:123:", as grep prints it; with `-` around the lines that only stand near.
bool Grep(Line& line) {
  constexpr size_t kLongest = 512;
  const std::string_view text = line.text;
  const std::string_view front = text.substr(0, std::min(text.find_first_of(" \t"), kLongest));
  for (size_t at = front.find_first_of(":-"); at != kNone; at = front.find_first_of(":-", at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const bool begins = BeginsRecord(rest) || PastSyslogDate(rest) != kNone ||
                        ShapedLike(rest, "nnnn-nn-nnTnn:nn:nn");
    if (!begins || at == 0) continue;
    line.text = rest;
    line.key = KeyOf("grep", line.key);
    return true;
  }
  return false;
}

// "1 2026-11-23T23:01:26Z host kubelet 812 - - ": RFC 5424, behind its priority.
bool SyslogProtocol(Line& line) {
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
bool Priority(Line& line) {
  const std::string_view text = line.text;
  if (text.size() < 3 || text[0] != '<' || !IsDigit(text[1])) return false;
  size_t end = 2;
  while (end < 4 && end < text.size() && IsDigit(text[end])) ++end;
  if (end >= text.size() || text[end] != '>') return false;
  line.text = text.substr(end + 1);
  return true;
}

// MicroShift runs all components in one process and names the one that logs: "kubelet I0821 ...",
// "??? I0821 ..." where the goroutine has no name.
bool Component(Line& line) {
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

}  // namespace kle::wrappers
