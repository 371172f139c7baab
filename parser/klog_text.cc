// SPDX-License-Identifier: Apache-2.0
// klog's text: the header, and one tokenizer for the values of every klog from 2.2 to 2.140. It
// cuts each value as one piece and never looks inside it, so that nothing quoted can pose as a
// field.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "parser/bytes.h"
#include "parser/digits.h"
#include "parser/klog.h"
#include "parser/scan.h"
#include "parser/skim.h"

namespace kle {
namespace {

using digits::IsDigit;

using scan::kNone;

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

uint64_t WordAt(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// All but the fraction.
bool ReadSecond(const char* text, HeaderStamp& stamp) {
  static constexpr std::array<uint8_t, 13> kDays = {0,  31, 29, 31, 30, 31, 30,
                                                    31, 31, 30, 31, 30, 31};
  const auto date = digits::Shaped<"nnnn nn:">(text + 1);
  const auto time = digits::Shaped<"nn:nn.nn">(text + 9);
  if (!date || !time) return false;
  const uint32_t month = digits::Pair(*date, 0);
  const uint32_t day = digits::Pair(*date, 2);
  const uint32_t hour = digits::Pair(*date, 5);
  const uint32_t minute = digits::Pair(*time, 0);
  const uint32_t second = digits::Pair(*time, 3);
  if (month < 1 || month > 12 || day < 1 || day > kDays[month] || hour > 23 || minute > 59 ||
      second > 59) {
    return false;
  }
  stamp.month = static_cast<uint8_t>(month);
  stamp.day = static_cast<uint8_t>(day);
  stamp.hour = static_cast<uint8_t>(hour);
  stamp.minute = static_cast<uint8_t>(minute);
  stamp.second = static_cast<uint8_t>(second);
  return true;
}

bool ReadStamp(std::string_view text, Record::LastHeader& last) {
  if (text.size() < kStampSize) return false;
  const char* const at = text.data();
  const uint64_t date = WordAt(at + 1);
  const uint64_t time = WordAt(at + 7);
  if (date != last.date || time != last.time) {
    last.date = last.time = 0;
    if (!ReadSecond(at, last.stamp)) return false;
    last.date = date;
    last.time = time;
  }
  const auto fraction = digits::Shaped<"n.nnnnnn">(at + 13);
  if (!fraction) return false;
  last.stamp.microsecond = digits::Pair(*fraction, 2) * 10000 + digits::Pair(*fraction, 4) * 100 +
                           digits::Pair(*fraction, 6);
  return true;
}

// The closing bracket is that near behind the beginning of the file's name.
constexpr ptrdiff_t kLongestFile = 256;

const char* SkipBlanks(const char* at, const char* end) {
  while (at != end && *at == ' ') ++at;
  return at;
}

// klog's "%7d " at `at`; false when it is wider.
bool ReadPidColumn(const char* at, Record::LastHeader& last) {
  constexpr uint64_t kSevenOnes = 0x0001010101010101;
  constexpr uint64_t kLow = 0x0F0F0F0F0F0F0F0F;
  const uint64_t column = WordAt(at);
  if (column == last.pid_column) return true;
  uint64_t word = column;
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  word ^= 0x2020202020202020;  // a blank is 0x00 now, a digit 0x10 to 0x19
  const uint64_t seven = word & kLow;
  const uint64_t ones = (word >> 4) & kLow;
  const int blanks = std::countr_zero(ones) & ~7;
  const bool shaped = blanks < 56 && ones == (kSevenOnes >> blanks) << blanks &&
                      (seven & ~(ones * 0x0F)) == 0 &&
                      ((seven + 0x7676767676767676) & 0x8080808080808080) == 0;
  if (!shaped) return false;
  last.pid = digits::Number(seven << 8);  // eight digits, the first of them zero
  last.pid_column = column;
  return true;
}

// "kubelet.go:1987]" at `file`: where the colon is, and past the bracket in `at`; or null.
const char* ReadFile(const char* const file, const char* end, const char*& at) {
  end = std::min(end, file + std::min(end - file, kLongestFile));
  const char* const bracket =
      bytes::Find(file, end, [](auto here) { return here.Is(']') | here.IsAtMost(' '); });
  if (bracket == end || *bracket != ']') return nullptr;
  const char* colon = bracket;
  while (colon != file && IsDigit(colon[-1])) --colon;
  at = bracket + 1;
  return colon != bracket && colon - file >= 2 && *--colon == ':' ? colon : nullptr;
}

// " 28696 kubelet.go:1987]" after the stamp; where the message begins, or null.
const char* ReadOrigin(const char* at, const char* const end, Record& record) {
  constexpr ptrdiff_t kPidColumn = 8;
  if (at == end || *at++ != ' ') return nullptr;
  if (end - at >= kPidColumn && ReadPidColumn(at, record.last)) {
    record.pid = record.last.pid;
    at += kPidColumn;
  } else {
    at = SkipBlanks(at, end);
    // Some tools drop the pid: a number is one only when a blank follows.
    uint64_t number = 0;
    const char* digit = at;
    for (; digit != end && digit - at < 18 && IsDigit(*digit); ++digit) {
      number = number * 10 + static_cast<uint64_t>(*digit - '0');
    }
    if (digit != at && digit != end && *digit == ' ') {
      record.pid = number;
      at = digit;
    }
  }
  const char* const file = SkipBlanks(at, end);
  const char* const colon = ReadFile(file, end, at);
  if (colon == nullptr) return nullptr;
  record.file = {file, colon};
  if (at == end) return at;
  return *at == ' ' || *at == '\n' ? at + 1 : nullptr;
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
    const char* const data = text_.data();
    const char* const end = bytes::FindAny<' ', '\n'>(data + at_, data + text_.size());
    Take(field, static_cast<size_t>(end - data));
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

const char* SkimStamp(const char* line, const Record::LastHeader& last) {
  static_assert(kTextStamp == kStampSize + 1 + 8);
  const bool repeats = WordAt(line + 1) == last.date && WordAt(line + 7) == last.time &&
                       line[kStampSize] == ' ' && WordAt(line + kStampSize + 1) == last.pid_column;
  const bool taken = repeats && SeverityOf(*line) && digits::Shaped<"n.nnnnnn">(line + 13);
  return taken ? line + kTextStamp : nullptr;
}

const char* SkimHeader(std::string_view line, const Record::LastHeader& last) {
  if (line.size() < kTextStamp) return nullptr;
  const char* const end = line.data() + line.size();
  const char* const file = SkimStamp(line.data(), last);
  const char* at = nullptr;
  if (file == nullptr || ReadFile(file, end, at) == nullptr) return nullptr;
  if (end - at < 2 || *at++ != ' ') return nullptr;
  const char* const quote = SkipBlanks(at, end);
  return quote != end && *quote == '"' ? quote + 1 : at;
}

void SkimmedTextHeader(std::string_view line, Record& record) {
  record.format = LineFormat::kKlogText;
  record.severity = *SeverityOf(line[0]);
  record.pid = record.last.pid;
  ReadStamp(line, record.last);
  record.stamp = record.last.stamp;
  record.tail = line;
}

ParseError ParseTextHeader(std::string_view text, Record& record) {
  const std::optional<Severity> severity = SeverityOf(text.empty() ? ' ' : text[0]);
  if (!severity || !ReadStamp(text, record.last)) {
    const bool header = severity && text.size() >= 6 && text[5] == ' ' &&
                        std::ranges::all_of(text.substr(1, 4), IsDigit);
    return header ? ParseError::kBadHeader : ParseError::kNotKlog;
  }
  const char* const end = text.data() + text.size();
  const char* const message = ReadOrigin(text.data() + kStampSize, end, record);
  if (message == nullptr) return ParseError::kBadHeader;
  record.format = LineFormat::kKlogText;
  record.severity = *severity;
  record.stamp = record.last.stamp;
  record.tail = {message, end};
  const char* const quote = SkipBlanks(message, end);
  record.raw_message = {quote != end && *quote == '"' ? quote + 1 : message, end};
  return ParseError::kNone;
}

void ReadTextMessage(std::string_view text, Record& record) {
  const std::string_view rest = record.tail;
  if (record.raw_message.data() != rest.data()) {  // it is quoted
    record.Reserve(text);
    const size_t quote = rest.size() - record.raw_message.size() - 1;
    std::string_view inside;
    const size_t end = scan::TakeQuoted(rest, quote, record, inside);
    if (end != kNone && EndsValue(rest, end)) {
      record.message = scan::TrimRight(inside);
      record.scratch_head = record.scratch_used;
      record.tail = rest.substr(end);
      record.structured = true;
      return;
    }
  }
  record.message = scan::TrimRight(rest);
  record.tail = {};
}

bool FollowsMessage(std::string_view rest) { return EndsValue(rest, 0); }

ParseError ParseTextFields(std::string_view text, Record& record) {
  if (record.scratch_used == 0) record.Reserve(text);
  return Tokenizer(text, record).Run();
}

}  // namespace kle
