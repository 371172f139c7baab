// SPDX-License-Identifier: Apache-2.0
#include "parser/scan.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "parser/bytes.h"
#include "parser/record.h"

namespace kle::scan {
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

void PutUtf8(int64_t rune, char*& out) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) rune = 0xFFFD;
  const auto put = [&out](int64_t value) { *out++ = static_cast<char>(value); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0 | (rune >> 6));
    put(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    put(0xE0 | (rune >> 12));
    put(0x80 | ((rune >> 6) & 0x3F));
    put(0x80 | (rune & 0x3F));
  } else {
    put(0xF0 | (rune >> 18));
    put(0x80 | ((rune >> 12) & 0x3F));
    put(0x80 | ((rune >> 6) & 0x3F));
    put(0x80 | (rune & 0x3F));
  }
}

// The one-letter escapes; 0 for the others.
char Plain(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
    case '\'':
      return letter;
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
size_t PutNumeric(std::string_view text, size_t at, char*& out) {
  const char letter = text[at + 1];
  const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  const int64_t rune = Hex(text, at + 2, digits);
  if (rune < 0) return 0;
  if (letter == 'x') {
    *out++ = static_cast<char>(rune);
    return 4;
  }
  // JSON writes what is beyond 16 bits as two surrogates.
  if (rune >= 0xD800 && rune < 0xDC00 && text.size() > at + 7 && text[at + 6] == '\\' &&
      text[at + 7] == 'u') {
    const int64_t low = Hex(text, at + 8, 4);
    if (low >= 0xDC00 && low < 0xE000) {
      PutUtf8(0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00), out);
      return 12;
    }
  }
  PutUtf8(rune, out);
  return 2 + digits;
}

// The first byte from `at` on that ends a string's plain text, or `end`.
const char* EndOfPlain(const char* at, const char* end) {
  return bytes::FindAny<'"', '\\', '\n'>(at, end);
}

// Copies from `at` up to a quote, a newline or the end, escapes undone; returns where that is.
// `out` needs room for as many bytes as are read.
size_t CopyUnescaped(std::string_view text, size_t at, char*& out) {
  const size_t size = text.size();
  const char* const data = text.data();
  while (true) {
    const auto plain_end = static_cast<size_t>(EndOfPlain(data + at, data + size) - data);
    std::memcpy(out, data + at, plain_end - at);
    out += plain_end - at;
    at = plain_end;
    if (at == size) return at;
    const char c = data[at];
    if (c == '"' || c == '\n') return at;
    if (c != '\\' || at + 1 == size) {
      *out++ = c;
      ++at;
    } else if (const char plain = Plain(data[at + 1]); plain != 0) {
      *out++ = plain;
      at += 2;
    } else if (const size_t length = PutNumeric(text, at, out); length > 0) {
      at += length;
    } else {  // no escape that Go or JSON write: kept as it is
      *out++ = c;
      ++at;
    }
  }
}

// Unescapes all of `inside`; returns the size of the result.
size_t CopyAll(std::string_view inside, char* out) {
  char* const begin = out;
  size_t at = 0;
  while (at < inside.size()) {
    at = CopyUnescaped(inside, at, out);
    if (at < inside.size()) *out++ = inside[at++];
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace

size_t EndOfQuoted(std::string_view text, size_t at) {
  const char* const end = text.data() + text.size();
  const char* quote = text.data() + at + 1;
  while ((quote = EndOfPlain(quote, end)) != end && *quote == '\\') {
    if (end - quote < 2) return kNone;
    quote += 2;
  }
  // Go and JSON never print a raw newline in a string: a quote on another line closes nothing.
  return quote == end || *quote == '\n' ? kNone : static_cast<size_t>(quote - text.data()) + 1;
}

size_t TakeQuoted(std::string_view text, size_t at, Record& record, std::string_view& inside) {
  const size_t begin = at + 1;
  const char* const data = text.data();
  size_t end = static_cast<size_t>(EndOfPlain(data + begin, data + text.size()) - data);
  if (end == text.size() || text[end] == '\n') return kNone;
  if (text[end] == '"') {
    inside = text.substr(begin, end - begin);
    return end + 1;
  }
  char* const from = record.scratch.data() + record.scratch_used;
  char* out = from;
  end = CopyUnescaped(text, begin, out);
  if (end == text.size() || text[end] == '\n') return kNone;
  inside = std::string_view(from, static_cast<size_t>(out - from));
  record.scratch_used += inside.size();
  return end + 1;
}

size_t EndOfBracketed(std::string_view text, size_t opener) {
  std::array<char, 256> closers{};
  size_t depth = 0;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data() + opener;; ++at) {
    at = bytes::FindAny<'{', '[', '}', ']', '"'>(at, end);
    if (at == end) return kNone;
    const char c = *at;
    if (c == '"') {
      const size_t past = EndOfQuoted(text, static_cast<size_t>(at - text.data()));
      if (past == kNone) return kNone;
      at = text.data() + past - 1;
    } else if (c == '{' || c == '[') {
      if (depth == closers.size()) return kNone;
      closers[depth++] = c == '{' ? '}' : ']';
    } else if (depth == 0 || closers[--depth] != c) {
      return kNone;
    } else if (depth == 0) {
      return static_cast<size_t>(at - text.data()) + 1;
    }
  }
}

size_t EndOfComposite(std::string_view text, size_t from) {
  size_t at = from;
  while (at < text.size()) {
    switch (text[at]) {
      case '{':
      case '[':
        at = EndOfBracketed(text, at);
        break;
      case '"':
        at = EndOfQuoted(text, at);
        break;
      case '}':
      case ']':
        return kNone;
      case ' ':
      case '\n':
      case ',':  // a value inside another one: the outer one goes on
        return at;
      default:
        ++at;
    }
  }
  return at;
}

void AppendUnescaped(std::string_view inside, std::string& out) {
  const size_t from = out.size();
  out.resize(from + inside.size());
  char* const begin = out.data() + from;
  out.resize(from + CopyAll(inside, begin));
}

std::string_view Unescape(std::string_view inside, Record& record) {
  if (inside.find('\\') == kNone) return inside;
  char* const from = record.scratch.data() + record.scratch_used;
  const size_t size = CopyAll(inside, from);
  record.scratch_used += size;
  return std::string_view(from, size);
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || (text.back() >= '\t' && text.back() <= '\r'))) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace kle::scan
