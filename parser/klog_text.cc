// SPDX-License-Identifier: Apache-2.0
// klog's text: the header, and one tokenizer for the values of every klog from 2.2 to 2.140. It
// cuts each value as one piece and never looks inside it, so that nothing quoted can pose as a
// field.
#include <algorithm>
#include <array>

#include "parser/klog.h"

namespace kle {
namespace {

using scan::kNone;

constexpr size_t kMaxFields = 256;

// Two digits; above 99 when they are none.
uint32_t Two(std::string_view text, size_t at) {
  const char* const data = text.data() + at;
  const uint32_t tens = static_cast<uint32_t>(static_cast<unsigned char>(data[0])) - '0';
  const uint32_t ones = static_cast<uint32_t>(static_cast<unsigned char>(data[1])) - '0';
  return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

std::optional<Severity> SeverityOf(char letter) {
  switch (letter) {
    case 'I':
      return Severity::kInfo;
    case 'W':
      return Severity::kWarning;
    case 'E':
      return Severity::kError;
    case 'F':
      return Severity::kFatal;
    default:
      return std::nullopt;
  }
}

// "Lmmdd hh:mm:ss.uuuuuu"
constexpr size_t kStampSize = 21;

bool ReadStamp(std::string_view text, HeaderStamp& stamp) {
  constexpr std::array<uint8_t, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size() < kStampSize || text[8] != ':' || text[11] != ':' || text[14] != '.') {
    return false;
  }
  const uint32_t month = Two(text, 1);
  const uint32_t day = Two(text, 3);
  const uint32_t hour = Two(text, 6);
  const uint32_t minute = Two(text, 9);
  const uint32_t second = Two(text, 12);
  const uint32_t high = Two(text, 15);
  const uint32_t middle = Two(text, 17);
  const uint32_t low = Two(text, 19);
  if (month < 1 || month > 12 || day < 1 || day > kDays[month] || hour > 23 || minute > 59 ||
      second > 59 || high > 99 || middle > 99 || low > 99) {
    return false;
  }
  stamp.month = static_cast<uint8_t>(month);
  stamp.day = static_cast<uint8_t>(day);
  stamp.hour = static_cast<uint8_t>(hour);
  stamp.minute = static_cast<uint8_t>(minute);
  stamp.second = static_cast<uint8_t>(second);
  stamp.microsecond = high * 10000 + middle * 100 + low;
  return true;
}

// " 28696 kubelet.go:1987]" after the stamp; the position of the message, or kNone.
size_t ReadOrigin(std::string_view text, Record& record) {
  size_t at = SkipBlanks(text, kStampSize);
  if (at == kStampSize) return kNone;
  // Some tools drop the pid: a number is one only when a blank follows.
  uint64_t pid = 0;
  size_t digits = at;
  while (digits < text.size() && digits - at < 18 && IsDigit(text[digits])) {
    pid = pid * 10 + static_cast<uint64_t>(text[digits] - '0');
    ++digits;
  }
  if (digits > at && digits < text.size() && text[digits] == ' ') {
    record.pid = pid;
    at = SkipBlanks(text, digits);
  }
  const size_t file = at;
  size_t colon = kNone;
  const char* const data = text.data();
  for (; at < text.size() && data[at] != ']'; ++at) {
    if (data[at] == ':') {
      colon = at;
    } else if (data[at] == ' ' || data[at] == '\n' || (colon != kNone && !IsDigit(data[at]))) {
      return kNone;
    }
  }
  if (at == text.size() || colon == kNone || colon == file || colon + 1 == at) return kNone;
  record.file = text.substr(file, colon - file);
  ++at;
  if (at < text.size() && text[at] != ' ' && text[at] != '\n') return kNone;
  return at < text.size() ? at + 1 : at;
}

// What klog's keys are made of: anything but blanks and what begins or ends a value.
constexpr std::array<bool, 256> kKeyChars = [] {
  std::array<bool, 256> good{};
  for (size_t c = ' ' + 1; c < good.size(); ++c) good[c] = c != 0x7F;
  for (const char c : std::string_view("\"={}[]<>\\")) good[static_cast<unsigned char>(c)] = false;
  return good;
}();

bool IsKeyChar(char c) { return kKeyChars[static_cast<unsigned char>(c)]; }

// The position of the `=` of a key at `at`, or kNone.
size_t EndOfKey(std::string_view text, size_t at) {
  const size_t begin = at;
  while (at < text.size() && IsKeyChar(text.data()[at])) ++at;
  return at > begin && at < text.size() && text[at] == '=' ? at : kNone;
}

// Whether a value may end at `at`: the record's or the line's end, or the next key follows.
bool EndsValue(std::string_view text, size_t at) {
  if (at == text.size() || text[at] == '\n') return true;
  if (text[at] != ' ') return false;
  at = SkipBlanks(text, at);
  return at == text.size() || text[at] == '\n' || EndOfKey(text, at) != kNone;
}

size_t EndOfLine(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return end == kNone ? text.size() : end;
}

// {..} [..] &{..} map[..] v1.Type{..} begin a composite; a bracket further on in a bare word does
// not.
bool BeginsComposite(std::string_view text, size_t at) {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{' || c == '[') return true;
    const bool name = IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '_' || c == '&' || c == '*';
    if (!name) return false;
  }
  return false;
}

// JSON or Go's %+v. Both can print a list of one bare word: only JSON's own words count as JSON.
ValueForm CompositeForm(std::string_view value) {
  size_t at = 0;
  while (at < value.size() && value[at] == '[') ++at;
  if (at == value.size()) return ValueForm::kGo;
  if (value[at] == '{') {
    const bool json = at + 1 < value.size() && (value[at + 1] == '"' || value[at + 1] == '}');
    return json ? ValueForm::kJson : ValueForm::kGo;
  }
  if (at == 0) return ValueForm::kGo;
  if (value[at] == '"') return ValueForm::kJson;
  if (value[at] == ']') return value.back() == ']' ? ValueForm::kJson : ValueForm::kGo;
  const size_t end = value.find_first_of(",] ", at);
  if (end == kNone || value[end] == ' ') return ValueForm::kGo;
  const std::string_view word = value.substr(at, end - at);
  const bool number = word.find_first_not_of("-0123456789.") == kNone;
  return number || word == "null" || word == "true" || word == "false" ? ValueForm::kJson
                                                                       : ValueForm::kGo;
}

class Tokenizer {
 public:
  Tokenizer(std::string_view text, Record& record) : text_(text), record_(record) {}

  ParseError Run() {
    while (true) {
      at_ = SkipBlanks(text_, at_);
      // What follows a line's end here is no part of klog's output: klog prints newlines in blocks
      // only.
      if (at_ >= text_.size() || text_[at_] == '\n') return ParseError::kNone;
      const size_t equals = EndOfKey(text_, at_);
      if (equals == kNone || record_.fields.size() == kMaxFields) return ParseError::kBadFields;
      Field field;
      field.key = text_.substr(at_, equals - at_);
      at_ = equals + 1;
      const bool good = ReadValue(field);
      record_.fields.push_back(field);
      if (!good) return ParseError::kBadFields;
    }
  }

 private:
  bool ReadValue(Field& field) {
    const char first = at_ < text_.size() ? text_[at_] : ' ';
    if (first == '"') return ReadQuoted(field);
    if (first == '<' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') return ReadBlock(field);
    if (BeginsComposite(text_, at_)) {
      ReadComposite(field);
      return true;
    }
    field.form = ValueForm::kBare;
    Take(field, std::min(text_.find_first_of(" \n", at_), text_.size()));
    return true;
  }

  bool ReadQuoted(Field& field) {
    const size_t end = scan::TakeQuoted(text_, at_, record_, field.value);
    if (end == kNone) {
      TakeRaw(field);
      return true;
    }
    field.form = ValueForm::kString;
    at_ = end;
    return end == text_.size() || text_[end] == ' ' || text_[end] == '\n';
  }

  void ReadComposite(Field& field) {
    const size_t end = scan::EndOfComposite(text_, at_);
    if (end == kNone || !EndsValue(text_, end)) {
      TakeRaw(field);
      return;
    }
    Take(field, end);
    field.form = CompositeForm(field.value);
  }

  // `=<`, lines with a TAB in front, ` >`.
  bool ReadBlock(Field& field) {
    char* const from = record_.scratch.data() + record_.scratch_used;
    char* out = from;
    at_ += 2;
    bool closed = false;
    while (at_ <= text_.size() && !closed) {
      const size_t end = EndOfLine(text_, at_);
      std::string_view line = text_.substr(at_, end - at_);
      closed = line.substr(0, 2) == " >" && (line.size() == 2 || line[2] == ' ');
      if (closed) {
        at_ += 2;
      } else {
        if (!line.empty() && line[0] == '\t') line.remove_prefix(1);
        if (out != from) *out++ = '\n';
        out = std::ranges::copy(line, out).out;
        at_ = end + 1;
      }
    }
    at_ = std::min(at_, text_.size());
    field.form = ValueForm::kString;
    field.value = std::string_view(from, static_cast<size_t>(out - from));
    record_.scratch_used += field.value.size();
    return closed;
  }

  void Take(Field& field, size_t end) {
    field.value = text_.substr(at_, end - at_);
    at_ = end;
  }

  void TakeRaw(Field& field) {
    field.form = ValueForm::kRaw;
    field.value = scan::TrimRight(text_.substr(at_, EndOfLine(text_, at_) - at_));
    at_ = text_.size();
  }

  std::string_view text_;
  Record& record_;
  size_t at_ = 0;
};

}  // namespace

ParseError ParseTextHead(std::string_view text, Record& record) {
  if (text.size() < 6 || text[5] != ' ' || Two(text, 1) > 99 || Two(text, 3) > 99) {
    return ParseError::kNotKlog;
  }
  const std::optional<Severity> severity = SeverityOf(text[0]);
  if (!severity) return ParseError::kNotKlog;
  HeaderStamp stamp;
  if (!ReadStamp(text, stamp)) return ParseError::kBadHeader;
  size_t at = ReadOrigin(text, record);
  if (at == kNone) return ParseError::kBadHeader;
  record.format = LineFormat::kKlogText;
  record.severity = *severity;
  record.stamp = stamp;
  const size_t quote = at < text.size() && text[at] == ' ' ? SkipBlanks(text, at) : at;
  if (quote < text.size() && text[quote] == '"') {
    record.Reserve(text);
    std::string_view inside;
    const size_t end = scan::TakeQuoted(text, quote, record, inside);
    if (end != kNone && EndsValue(text, end)) {
      record.message = scan::TrimRight(inside);
      record.scratch_head = record.scratch_used;
      record.tail = text.substr(end);
      record.structured = true;
      return ParseError::kNone;
    }
  }
  record.message = scan::TrimRight(text.substr(at));
  return ParseError::kNone;
}

ParseError ParseTextFields(std::string_view text, Record& record) {
  if (record.scratch_used == 0) record.Reserve(text);
  return Tokenizer(text, record).Run();
}

}  // namespace kle
