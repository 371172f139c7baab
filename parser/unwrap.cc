// SPDX-License-Identifier: Apache-2.0
#include "parser/unwrap.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "parser/logrus.h"
#include "parser/scan.h"
#include "parser/wrappers.h"

namespace kle {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool JsonShaped(std::string_view text) {
  constexpr size_t kNear = 512;  // "msg" follows ts, logger and caller
  return BeginsAsKlogJson(text) || (text.starts_with("{\"") && !text.starts_with("{\"log\":") &&
                                    text.substr(0, kNear).find("\"msg\":") != kNone);
}

// Under what names a kubelet logs; distributions run it inside a larger binary.
bool KubeletIdentifier(std::string_view name) {
  constexpr std::string_view kNames[] = {"kubelet", "kubenswrapper", "hyperkube", "kubelite", "k3s",
                                         "rke2",    "microshift",    "k0s",       "edgecore"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return name.find(one) != kNone; });
}

// The wrappers, one row each. A stream keeps to its own, so that of the last line is tried first.
constexpr bool (*kWrappers[])(wrappers::Line&) = {
    &wrappers::Syslog,         &wrappers::Iso,         &wrappers::Priority,
    &wrappers::DockerJson,     &wrappers::Logrus,      &wrappers::Component,
    &wrappers::FullDate,       &wrappers::UnixTime,    &wrappers::Uptime,
    &wrappers::SyslogProtocol, &wrappers::JournalJson, &wrappers::JournalField,
    &wrappers::NameAlone,      &wrappers::Grep,
};

// Tries the one that is at hand first, and keeps the one that it was.
bool StripOne(size_t& hint, wrappers::Line& line) {
  if (hint < std::size(kWrappers) && kWrappers[hint](line)) return true;
  for (size_t i = 0; i < std::size(kWrappers); ++i) {
    if (i == hint || !kWrappers[i](line)) continue;
    hint = i;
    return true;
  }
  return false;
}

}  // namespace

namespace wrappers {

LineFormat Begins(std::string_view text) {
  if (scan::HeaderShaped(text)) return LineFormat::kKlogText;
  return !text.empty() && text[0] == '{' && JsonShaped(text) ? LineFormat::kKlogJson
                                                             : LineFormat::kOther;
}

bool BeginsRecord(std::string_view text) {
  return Begins(text) != LineFormat::kOther || text.starts_with(kLogrusText);
}

uint64_t KeyOf(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash | 1;
}

void SetWriter(Line& line, LogWriter writer) {
  line.writer = writer;
  line.foreign = writer == LogWriter::kAny;
  if (writer == LogWriter::kKernel) line.format = LineFormat::kKernel;
  if (writer == LogWriter::kCollector) line.format = LineFormat::kCollector;
}

void NameWriter(Line& line, std::string_view name, uint64_t pid) {
  line.pid = pid;
  line.key = KeyOf(name, 0);
  SetWriter(line, WriterNamed(name));
}

uint64_t NumberOf(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace wrappers

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
  wrappers::Line work;
  work.text = text;
  work.writer = writer;
  work.origin = &origin_;
  work.last_boot = &boot_;
  for (size_t layer = 0; layer <= kLayers; ++layer) {
    work.format = wrappers::Begins(work.text);
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
