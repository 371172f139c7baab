// SPDX-License-Identifier: Apache-2.0
// klog's JSON. The head is read member by member, without looking at the rest of the object: most
// lines are no events. The fields of the few that are go through simdjson.
#include <simdjson.h>

#include <charconv>
#include <cstring>

#include "parser/bytes.h"
#include "parser/digits.h"
#include "parser/klog.h"
#include "parser/scan.h"
#include "parser/skim.h"

namespace kle {
namespace {

using scan::kNone;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Top-level members in order; values are cut, not checked.
class Members {
 public:
  explicit Members(std::string_view object) : text_(object), at_(1) {}

  std::string_view key;    // inside its quotes
  std::string_view value;  // with its quotes

  // Reads the next member. False at the end, or when the text is no object: see ok().
  bool Next() {
    SkipSpace();
    if (!first_ && At() == ',') {
      ++at_;
      SkipSpace();
    } else if (At() == '}') {
      return false;
    } else if (!first_) {
      return Fail();
    }
    first_ = false;
    if (At() != '"') return Fail();
    const size_t key_end = scan::EndOfQuoted(text_, at_);
    if (key_end == kNone) return Fail();
    key = text_.substr(at_ + 1, key_end - at_ - 2);
    at_ = key_end;
    SkipSpace();
    if (At() != ':') return Fail();
    ++at_;
    SkipSpace();
    const size_t end = EndOfValue();
    if (end == kNone || end == at_) return Fail();
    value = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  bool ok() const { return ok_; }

 private:
  char At() const { return at_ < text_.size() ? text_.data()[at_] : '\0'; }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  bool Fail() {
    ok_ = false;
    return false;
  }

  size_t EndOfValue() const {
    switch (At()) {
      case '"':
        return scan::EndOfQuoted(text_, at_);
      case '{':
      case '[':
        return scan::EndOfBracketed(text_, at_);
      default: {
        size_t end = at_;
        while (end < text_.size() && text_[end] != ',' && text_[end] != '}' &&
               !IsSpace(text_[end])) {
          ++end;
        }
        return end;
      }
    }
  }

  std::string_view text_;
  size_t at_;
  bool first_ = true;
  bool ok_ = true;
};

bool Quoted(std::string_view value) { return value.size() >= 2 && value.front() == '"'; }

std::string_view Inside(std::string_view value) { return value.substr(1, value.size() - 2); }

// Eight digits at `at`, or nothing.
std::optional<uint64_t> EightDigits(const char* at) {
  const std::optional<uint64_t> eight = digits::Shaped<"nnnnnnnn">(at);
  return eight ? std::optional<uint64_t>(digits::Number(*eight)) : std::nullopt;
}

// "1700000000123.4567", milliseconds: read digit by digit, since a double cannot hold the
// microseconds of today exactly.
std::optional<Timestamp> ReadEpoch(std::string_view text) {
  constexpr int64_t kLeast = 100'000'000'000;     // 1973; below it are other loggers' seconds
  constexpr int64_t kMost = 100'000'000'000'000;  // 5138
  const char* at = text.data();
  const char* const end = at + text.size();
  int64_t millis = 0;
  const auto eight = text.size() >= 8 ? EightDigits(at) : std::nullopt;
  if (!eight) return std::nullopt;
  millis = static_cast<int64_t>(*eight);
  for (at += 8; at != end && *at >= '0' && *at <= '9' && millis < kMost; ++at) {
    millis = millis * 10 + (*at - '0');
  }
  if (millis < kLeast || millis >= kMost) return std::nullopt;
  int64_t micros = 0;
  if (at != end) {
    if (*at != '.' || at + 1 == end) return std::nullopt;
    int64_t scale = 100;
    for (++at; at != end; ++at) {
      if (*at < '0' || *at > '9') return std::nullopt;
      micros += (*at - '0') * scale;
      scale /= 10;
    }
  }
  return Timestamp(std::chrono::milliseconds(millis) + std::chrono::microseconds(micros));
}

std::optional<int> ReadLevel(std::string_view text) {
  int level = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, level);
  if (error != std::errc() || stop != end || level < 0) return std::nullopt;
  return level;
}

// "kubelet/kubelet.go:2490"
std::string_view FileOf(std::string_view caller) {
  const size_t colon = caller.rfind(':');
  return caller.substr(0, colon);
}

bool HeadKey(std::string_view key) {
  return key == "msg" || key == "ts" || key == "v" || key == "caller";
}

// simdjson wants some bytes after the text that it may read.
struct Parser {
  simdjson::ondemand::parser parser;
  std::string padded;
};

Parser& ThreadParser() {
  thread_local Parser parser;
  return parser;
}

// The bytes of a value, as it stands in the padded copy.
simdjson::simdjson_result<std::string_view> RawText(simdjson::ondemand::value& value,
                                                    simdjson::ondemand::json_type type) {
  if (type == simdjson::ondemand::json_type::object) {
    simdjson::ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    return object.raw_json();
  }
  if (type == simdjson::ondemand::json_type::array) {
    simdjson::ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    return array.raw_json();
  }
  return scan::TrimRight(value.raw_json_token());
}

// Adds one member; `padded` is the copy of `text` that simdjson reads. False on bad JSON.
bool AddField(simdjson::ondemand::field& member, std::string_view text, const char* padded,
              Record& record) {
  const auto original = [&](std::string_view copy) {
    return text.substr(static_cast<size_t>(copy.data() - padded), copy.size());
  };
  // key() is the key's raw bytes up to its closing quote, which nothing but the text marks.
  const size_t key_at = static_cast<size_t>(member.key().raw() - padded);
  const size_t key_end = scan::EndOfQuoted(text, key_at - 1);
  if (key_end == kNone) return false;
  Field field;
  field.key = scan::Unescape(text.substr(key_at, key_end - 1 - key_at), record);
  const bool wanted = !HeadKey(field.key);
  simdjson::ondemand::value value = member.value();
  simdjson::ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == simdjson::ondemand::json_type::string) {
    const std::string_view raw = original(value.raw_json_token());
    std::string_view unused;
    if (value.get_string().get(unused) != simdjson::SUCCESS) return false;
    const size_t end = scan::EndOfQuoted(raw, 0);
    if (end == kNone) return false;
    // What the head has already unescaped has no room a second time.
    if (wanted) field.value = scan::Unescape(raw.substr(1, end - 2), record);
  } else {
    std::string_view raw;
    if (RawText(value, type).get(raw) != simdjson::SUCCESS) return false;
    field.value = original(scan::TrimRight(raw));
    field.form = ValueForm::kJson;
  }
  if (wanted) record.fields.push_back(field);
  return true;
}

// Past the closing quote of a string whose inside begins at `at`, behind two more bytes at least;
// null when there is none. The caller looks for newlines.
const char* EndOfInside(const char* at, const char* const end) {
  const char* const begin = at;
  const auto may_close =
      [](auto here) {  // not after a backslash, unless that may be escaped itself
        return here.Is('"') & (~here.Is('\\', -1) | here.Is('\\', -2));
      };
  for (; (at = bytes::Find(at, end, may_close)) != end; ++at) {
    const char* slash = at;
    while (slash != begin && slash[-1] == '\\') --slash;
    if ((at - slash) % 2 == 0) return at + 1;
  }
  return nullptr;
}

// klog's own order, which nearly all lines have:
// {"ts":N.N,"logger":"...","caller":"...","msg":"...","v":N. Few loggers have a name.
constexpr char kStamp[] = "{\"ts\":";
constexpr char kLogger[] = ",\"logger\":\"";
constexpr char kCaller[] = ",\"caller\":\"";
constexpr char kMessage[] = ",\"msg\":\"";
constexpr char kLevel[] = ",\"v\":";

// Past the literal at `at`, which is not all that is left; or null.
template <size_t kSize>
const char* Past(const char* at, const char* end, const char (&literal)[kSize]) {
  constexpr size_t kLength = kSize - 1;
  const bool has =
      end - at > static_cast<ptrdiff_t>(kLength) && std::memcmp(at, literal, kLength) == 0;
  return has ? at + kLength : nullptr;
}

// `,"v":N` at `at`, which is past the message: past its N, or null.
const char* PastLevel(const char* at, const char* end, int& level) {
  at = Past(at, end, kLevel);
  if (at == nullptr || *at < '0' || *at > '9') return nullptr;
  level = *at++ - '0';
  if (at != end && *at >= '0' && *at <= '9') level = level * 10 + *at++ - '0';
  return at != end && (*at == ',' || *at == '}') ? at : nullptr;
}

// False when it is not that, and the record as it was.
bool ReadUsualHead(std::string_view text, Record& record) {
  const char* const end = text.data() + text.size();
  const char* at = Past(text.data(), end, kStamp);
  if (at == nullptr || *(end - 1) != '}') return false;
  const char* const stamp = at;
  while (at != end && *at != ',') ++at;
  const std::optional<Timestamp> epoch = ReadEpoch({stamp, at});
  if (const char* const logger = Past(at, end, kLogger)) at = EndOfInside(logger, end);
  const char* const file = at != nullptr ? Past(at, end, kCaller) : nullptr;
  if (!epoch || file == nullptr) return false;
  const char* const message = SkimJsonFile(file, end);
  if (message == nullptr) return false;
  const char* const message_end = EndOfInside(message, end);
  if (message_end == nullptr) return false;
  if (std::memchr(file, '\n', static_cast<size_t>(message_end - file)) != nullptr) return false;
  int level = 0;
  const char* const fields = PastLevel(message_end, end, level);
  if (fields == nullptr) return false;
  record.epoch = epoch;
  record.file = FileOf({file, message - sizeof kMessage});
  record.raw_message = {message, message_end - 1};
  record.level = level;
  record.tail = {fields, end};
  return true;
}

ParseError AsJson(Record& record) {
  record.format = LineFormat::kKlogJson;
  // Only info lines carry "v"; no member names the severity.
  record.severity = record.level >= 0 ? Severity::kInfo : Severity::kError;
  record.structured = true;
  return ParseError::kNone;
}

}  // namespace

const char* SkimJsonStamp(const char* line) {
  constexpr ptrdiff_t kMillis = 13;  // their digits from 2001 to 2286
  const char* const end = line + kJsonStamp;
  const char* at = Past(line, end, kStamp);
  if (at == nullptr) return nullptr;
  if (!digits::Shaped<"nnnnnnnn">(at) || !digits::Shaped<"nnnnnnnn">(at + kMillis - 8))
    return nullptr;
  at += kMillis;
  if (*at == '.') {
    const char* const fraction = ++at;
    while (at - fraction < 9 && *at >= '0' && *at <= '9') ++at;
    if (at == fraction) return nullptr;
  }
  const char* const file = Past(at, end, kCaller);
  return file != nullptr ? file : Past(at, end, kLogger);
}

const char* SkimJsonFile(const char* file, const char* end) {
  const char* past = EndOfInside(file, end);
  const char* const caller = past != nullptr ? Past(past, end, kCaller) : nullptr;
  if (caller != nullptr) past = EndOfInside(caller, end);
  return past != nullptr ? Past(past, end, kMessage) : nullptr;
}

const char* SkimJsonMessage(const char* message, const char* end, int& level) {
  if (*(end - 1) != '}') return nullptr;
  const char* const past = EndOfInside(message, end);
  return past != nullptr && PastLevel(past, end, level) != nullptr ? past - 1 : nullptr;
}

void SkimmedJsonHeader(std::string_view line, std::string_view message, Record& record) {
  const size_t stamp = sizeof kStamp - 1;
  record.epoch = ReadEpoch(line.substr(stamp, line.find(',') - stamp));
  const char* const end = line.data() + line.size();
  record.tail = {PastLevel(message.data() + message.size() + 1, end, record.level), end};
  AsJson(record);
}

ParseError ParseJsonHeader(std::string_view text, Record& record) {
  if (ReadUsualHead(text, record)) return AsJson(record);
  Members members(text);
  bool message = false;
  bool stamp = false;
  while (record.level < 0 && members.Next()) {
    if (members.key == "ts") {
      if (!stamp) record.epoch = ReadEpoch(members.value);
      stamp = true;
    } else if (members.key == "caller" && Quoted(members.value)) {
      if (record.file.empty()) record.file = FileOf(Inside(members.value));
    } else if (members.key == "msg" && Quoted(members.value)) {
      if (message) continue;
      message = true;
      record.raw_message = Inside(members.value);
    } else if (members.key == "v" && message) {
      record.level = ReadLevel(members.value).value_or(-1);
    }
  }
  if (!members.ok() || scan::TrimRight(text).back() != '}') {
    record.raw_message = {};
    return ParseError::kBadJson;
  }
  record.tail = text;
  return message ? AsJson(record) : ParseError::kNotKlog;
}

void ReadJsonMessage(std::string_view text, Record& record) {
  record.Reserve(text);
  record.message = scan::TrimRight(scan::Unescape(record.raw_message, record));
  record.scratch_head = record.scratch_used;
}

ParseError ParseJsonFields(std::string_view text, Record& record) {
  if (record.scratch_used == 0) record.Reserve(text);
  Parser& parser = ThreadParser();
  parser.padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  parser.padded.assign(text);
  // What follows the usual head, made an object of its own.
  if (text.starts_with('}')) return text.size() == 1 ? ParseError::kNone : ParseError::kBadJson;
  if (text.starts_with(',')) parser.padded.front() = '{';
  simdjson::ondemand::document document;
  const simdjson::padded_string_view view(parser.padded.data(), text.size(),
                                          parser.padded.capacity());
  simdjson::ondemand::object object;
  if (parser.parser.iterate(view).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return ParseError::kBadJson;
  }
  for (auto result : object) {
    if (record.fields.size() == kMaxFields) return ParseError::kBadFields;
    simdjson::ondemand::field member;
    if (std::move(result).get(member) != simdjson::SUCCESS ||
        !AddField(member, text, parser.padded.data(), record)) {
      return ParseError::kBadJson;
    }
  }
  // Past the last token simdjson has no location any more.
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? ParseError::kNone : ParseError::kBadJson;
}

}  // namespace kle
