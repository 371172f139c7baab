// SPDX-License-Identifier: Apache-2.0
#include "parser/unwrap.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "parser/klog.h"
#include "parser/logrus.h"

namespace kle {
namespace {

using Origin = Unwrapper::Origin;

// The line as far as it is unwrapped, and what a wrapper may use.
struct Work : Unwrapped {
  std::string* scratch = nullptr;  // for text that had to be unescaped
  Origin* origin = nullptr;
};

constexpr size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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
  constexpr std::string_view kNames[] = {"kubelet", "kubenswrapper", "hyperkube",  "kubelite",
                                         "k3s",     "rke2",          "microshift", "k0s"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return name.find(one) != kNone; });
}

LogWriter WriterOf(std::string_view name) {
  constexpr std::string_view kRuntimes[] = {"containerd", "crio", "dockerd", "cri-dockerd"};
  if (name == "kernel") return LogWriter::kKernel;
  if (std::ranges::find(kRuntimes, name) != std::end(kRuntimes)) return LogWriter::kRuntime;
  return KubeletIdentifier(name) ? LogWriter::kKubelet : LogWriter::kAny;
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
  origin.writer = WriterOf(name);
  origin.foreign = origin.writer == LogWriter::kAny;
  return true;
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
  line.foreign = origin.foreign;
  line.writer = origin.writer;
  if (origin.writer == LogWriter::kKernel) line.format = LineFormat::kKernel;
  if (!line.foreign) UndoTabs(line.text, *line.scratch);
  return true;
}

// "Nov 23 23:01:26 host kubelet[812]: ", with or without a fraction.
bool StripSyslog(Work& line) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::string_view text = line.text;
  if (text.size() < 17 || text[3] != ' ' || !(text[4] == ' ' || IsDigit(text[4])) ||
      !ShapedLike(text.substr(5), "n nn:nn:nn")) {
    return false;
  }
  const size_t month = kMonths.find(text.substr(0, 3));
  if (month == kNone || month % 3 != 0) return false;
  size_t at = 15;
  if (text[at] == '.') at = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  return at < text.size() && text[at] == ' ' && StripOrigin(text.substr(at + 1), line);
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
  if (Begins(text) == LineFormat::kOther && StripOrigin(text, line)) return true;
  line.text = text;
  line.key = Hash("stamped", 0);
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
    &StripSyslog, &StripIso, &StripPriority, &StripDockerJson, &StripLogrus, &StripComponent,
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

bool BeginsAsKlogJson(std::string_view text) {
  constexpr std::string_view kBegin = "{\"ts\":";
  return text.size() >= kBegin.size() &&
         std::memcmp(text.data(), kBegin.data(), kBegin.size()) == 0;
}

Unwrapped Unwrapper::Unwrap(std::string_view text, LogWriter writer) {
  Work work;
  work.text = text;
  work.writer = writer;
  work.origin = &origin_;
  for (size_t layer = 0; layer <= kLayers; ++layer) {
    work.format = Begins(work.text);
    if (work.format != LineFormat::kOther || layer == kLayers) break;
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
  return work;
}

}  // namespace kle
