// SPDX-License-Identifier: Apache-2.0
#include "parser/klog.h"

#include <array>
#include <cstring>

namespace kle {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `count` hex digits at `at`, or -1.
int64_t Hex(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int64_t value = 0;
  for (size_t i = at; i < at + count; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(int64_t rune, std::string& out) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) rune = 0xFFFD;
  const auto byte = [&out](int64_t value) { out.push_back(static_cast<char>(value)); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xC0 | (rune >> 6));
    byte(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    byte(0xE0 | (rune >> 12));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  } else {
    byte(0xF0 | (rune >> 18));
    byte(0x80 | ((rune >> 12) & 0x3F));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  }
}

// The one-letter escapes; 0 for the others.
char Plain(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case '\'':
      return '\'';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return 0;
  }
}

// One \x, \u or \U escape at the backslash `at`; its length, or 0 when it is none.
size_t AppendNumeric(std::string_view text, size_t at, std::string& out) {
  const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
  const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  int64_t rune = Hex(text, at + 2, digits);
  if (rune < 0) return 0;
  if (letter == 'x') {
    out.push_back(static_cast<char>(rune));
    return 4;
  }
  // JSON writes what is beyond 16 bits as two surrogates.
  if (rune >= 0xD800 && rune < 0xDC00 && text.substr(at + 6, 2) == "\\u") {
    const int64_t low = Hex(text, at + 8, 4);
    if (low >= 0xDC00 && low < 0xE000) {
      AppendUtf8(0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00), out);
      return 12;
    }
  }
  AppendUtf8(rune, out);
  return 2 + digits;
}

}  // namespace

namespace scan {

size_t EndOfQuoted(std::string_view text, size_t at) {
  const size_t begin = at + 1;
  size_t quote = text.find('"', begin);
  while (quote != kNone) {
    size_t slashes = 0;
    while (quote - slashes > begin && text[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) break;
    quote = text.find('"', quote + 1);
  }
  if (quote == kNone) return kNone;
  // Go and JSON never print a raw newline in a string: a quote on another line closes nothing.
  if (text.substr(begin, quote - begin).find('\n') != kNone) return kNone;
  return quote + 1;
}

size_t EndOfComposite(std::string_view text, size_t at) {
  std::array<char, 256> closers{};
  size_t depth = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '{':
      case '[':
        if (depth == closers.size()) return kNone;
        closers[depth++] = c == '{' ? '}' : ']';
        break;
      case '}':
      case ']':
        if (depth == 0 || closers[--depth] != c) return kNone;
        break;
      case '"': {
        const size_t end = EndOfQuoted(text, i);
        if (end == kNone) return kNone;
        i = end - 1;
        break;
      }
      case ' ':
      case '\n':
        if (depth == 0) return i;
        break;
      case ',':
        // A value inside another one: the outer one goes on.
        if (depth == 0) return i;
        break;
      default:
        break;
    }
  }
  return depth == 0 ? text.size() : kNone;
}

void AppendUnescaped(std::string_view inside, std::string& out) {
  size_t from = 0;
  while (from < inside.size()) {
    const size_t slash = inside.find('\\', from);
    if (slash == kNone || slash + 1 >= inside.size()) break;
    out.append(inside.substr(from, slash - from));
    if (const char plain = Plain(inside[slash + 1]); plain != 0) {
      out.push_back(plain);
      from = slash + 2;
    } else if (const size_t length = AppendNumeric(inside, slash, out); length > 0) {
      from = slash + length;
    } else {  // no escape that Go or JSON write: kept as it is
      out.append(inside.substr(slash, 2));
      from = slash + 2;
    }
  }
  out.append(inside.substr(from));
}

std::string_view Unescape(std::string_view inside, std::string& scratch) {
  if (inside.empty() || std::memchr(inside.data(), '\\', inside.size()) == nullptr) return inside;
  const size_t from = scratch.size();
  AppendUnescaped(inside, scratch);
  return std::string_view(scratch).substr(from);
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || (text.back() >= '\t' && text.back() <= '\r'))) {
    text.remove_suffix(1);
  }
  return text;
}

bool HeaderShaped(std::string_view line) {
  constexpr std::string_view kShape = "Lnnnn nn:nn:nn.";
  if (line.size() < kShape.size()) return false;
  if (line[0] != 'I' && line[0] != 'E' && line[0] != 'W' && line[0] != 'F') return false;
  for (size_t i = 1; i < kShape.size(); ++i) {
    const bool digit = line[i] >= '0' && line[i] <= '9';
    if (kShape[i] == 'n' ? !digit : line[i] != kShape[i]) return false;
  }
  return true;
}

}  // namespace scan

char Letter(Severity severity) { return "IWEF"[static_cast<size_t>(severity)]; }

std::string_view Name(ParseError error) {
  switch (error) {
    case ParseError::kNone:
      return "";
    case ParseError::kNotKlog:
      return "not_klog";
    case ParseError::kBadHeader:
      return "bad_header";
    case ParseError::kBadJson:
      return "bad_json";
    case ParseError::kBadFields:
      return "bad_fields";
  }
  return "";
}

const Field* Record::Find(std::string_view key) const {
  for (const Field& field : fields) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

ParseError ParseHead(const Frame& frame, Record& record) {
  record.format = LineFormat::kOther;
  record.severity = Severity::kInfo;
  record.level = -1;
  record.pid = frame.pid;
  record.stamp.reset();
  record.epoch.reset();
  record.file = {};
  record.message = {};
  record.structured = false;
  record.fields.clear();
  record.tail = {};
  record.scratch.clear();
  record.head_scratch = 0;
  if (!frame.text.empty() && frame.text[0] == '{') return ParseJsonHead(frame.text, record);
  return ParseTextHead(frame.text, record);
}

ParseError ParseFields(Record& record) {
  record.fields.clear();
  record.scratch.resize(record.head_scratch);
  switch (record.format) {
    case LineFormat::kKlogText:
      return ParseTextFields(record.tail, record);
    case LineFormat::kKlogJson:
      return ParseJsonFields(record.tail, record);
    default:
      return ParseError::kNone;
  }
}

ParseError ParseFieldText(std::string_view text, Record& record) {
  record = Record();
  record.format = LineFormat::kKlogText;
  record.structured = true;
  record.tail = text;
  return ParseFields(record);
}

}  // namespace kle
