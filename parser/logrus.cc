// SPDX-License-Identifier: Apache-2.0
#include "parser/logrus.h"

#include <algorithm>
#include <array>

#include "parser/scan.h"

namespace kle {
namespace {

using scan::kNone;

// Where `key` is first: mostly at `place`, before which it is not.
size_t Find(std::string_view text, std::string_view key, size_t place) {
  return text.substr(place).starts_with(key) ? place : text.find(key, place);
}

// The string after `key`, without its quotes; empty when there is none.
std::string_view StringAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == kNone) return {};
  const size_t quote = at + key.size() - 1;
  const size_t end = scan::EndOfQuoted(text, quote);
  return end == kNone ? std::string_view() : text.substr(quote + 1, end - quote - 2);
}

// RFC 3339; older CRI-O prints a blank for the T.
std::optional<Timestamp> ReadTime(std::string_view text) {
  constexpr size_t kLongest = 40;
  constexpr size_t kBetween = 10;
  if (text.size() <= kBetween || text.size() > kLongest) return std::nullopt;
  if (text[kBetween] != ' ') return ParseTimestamp(text);
  std::array<char, kLongest> copy{};
  std::ranges::copy(text, copy.begin());
  copy[kBetween] = 'T';
  return ParseTimestamp({copy.data(), text.size()});
}

Severity ReadSeverity(std::string_view level) {
  if (level.starts_with("info")) return Severity::kInfo;  // nearly all
  if (level.starts_with("warn")) return Severity::kWarning;
  if (level.starts_with("err")) return Severity::kError;
  if (level.starts_with("fatal") || level.starts_with("panic")) return Severity::kFatal;
  return Severity::kInfo;
}

// time="..." level=info msg="...", then the line's own fields.
ParseError ReadText(std::string_view text, Record& record) {
  constexpr std::string_view kLevel = " level=";
  constexpr std::string_view kMessage = " msg=\"";
  if (!text.starts_with(kLogrusText)) return ParseError::kNotKlog;
  const size_t time_end = scan::EndOfQuoted(text, kLogrusText.size() - 1);
  if (time_end == kNone) return ParseError::kNotKlog;
  record.epoch = ReadTime(text.substr(kLogrusText.size(), time_end - 1 - kLogrusText.size()));
  const size_t level = Find(text, kLevel, time_end);
  if (!record.epoch || level == kNone) return ParseError::kNotKlog;
  const size_t level_end = text.find(' ', level + kLevel.size());
  const size_t at = level_end == kNone ? kNone : Find(text, kMessage, level_end);
  if (at == kNone) return ParseError::kNotKlog;
  record.severity = ReadSeverity(text.substr(level + kLevel.size()));
  const size_t quote = at + kMessage.size() - 1;
  const size_t end = scan::EndOfQuoted(text, quote);
  if (end == kNone) return ParseError::kNotKlog;
  record.raw_message = text.substr(quote + 1, end - quote - 2);
  record.tail = text.substr(end);
  return ParseError::kNone;
}

ParseError ReadJson(std::string_view text, Record& record) {
  record.epoch = ReadTime(StringAfter(text, "\"time\":\""));
  record.severity = ReadSeverity(StringAfter(text, "\"level\":\""));
  record.raw_message = StringAfter(text, "\"msg\":\"");
  record.tail = text;
  return record.epoch ? ParseError::kNone : ParseError::kNotKlog;
}

// "[ 8123.456789] " before the kernel's message, in a syslog file.
std::string_view WithoutUptime(std::string_view text) {
  const size_t end = text.find("] ");
  const bool there = text.starts_with('[') && end != kNone &&
                     text.substr(1, end - 1).find_first_not_of(" .0123456789") == kNone;
  return there ? text.substr(end + 2) : text;
}

}  // namespace

bool IsLogrusJson(std::string_view object) {
  // The keys are sorted: klog begins with "ts", and logrus ends with "time".
  constexpr size_t kTime = 64;
  if (object.starts_with("{\"ts\":") || !object.ends_with("\"}")) return false;
  const size_t from = object.size() - std::min(object.size(), kTime);
  return object.find("\"time\":\"", from) != kNone && object.find("\"level\":\"") != kNone;
}

std::string_view ZoneOfTime(std::string_view line) {
  constexpr size_t kOffset = 6;
  std::string_view time = StringAfter(line, line.starts_with('{') ? "\"time\":\"" : kLogrusText);
  if (time.size() < kOffset || !ReadTime(time)) return {};
  time.remove_prefix(time.size() - kOffset);
  return time[0] == '+' || time[0] == '-' ? time : std::string_view();
}

ParseError ParseWholeHeader(const Frame& frame, Record& record) {
  record.format = frame.format;
  record.pid = 0;  // not a kubelet's
  record.structured = true;
  if (frame.format != LineFormat::kRuntime) {
    const bool kernel = frame.format == LineFormat::kKernel;
    record.raw_message = kernel ? WithoutUptime(frame.text) : frame.text;
    return ParseError::kNone;
  }
  return frame.text.starts_with('{') ? ReadJson(frame.text, record) : ReadText(frame.text, record);
}

void ReadWholeMessage(std::string_view text, Record& record) {
  record.Reserve(text);
  record.message = record.raw_message;
  if (record.format == LineFormat::kRuntime) {
    record.message = scan::TrimRight(scan::Unescape(record.raw_message, record));
  }
  record.scratch_head = record.scratch_used;
}

}  // namespace kle
