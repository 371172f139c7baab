// SPDX-License-Identifier: Apache-2.0
// One klog record, text or JSON, to header + message + key/value fields.
#pragma once

#include <cstdint>
#include <string_view>

#include "parser/frame.h"
#include "parser/record.h"

namespace kle {

enum class ParseError : uint8_t {
  kNone,
  kNotKlog,    // neither a klog header nor a JSON object with "msg"
  kBadHeader,  // starts like a header, but a part is out of range (month 13, 99:99:99)
  kBadJson,    // starts with '{', is no JSON object
  kBadFields,  // the tail does not follow the grammar; the fields up to there are kept
};
std::string_view Name(ParseError error);  // not_klog, bad_header, bad_json, bad_fields, "" for none

// The header, and where the message begins (raw_message): run for every line. A text record's
// first line is enough.
ParseError ParseHeader(const Frame& frame, Record& record);

// After ParseHeader: the message.
void ReadMessage(const Frame& frame, Record& record);
// After ParseHeader, in place of ReadMessage, when the caller knows the message to be the first
// `size` bytes behind the opening quote, without escapes.
void TakePlainMessage(Record& record, size_t size);
// Whether `rest`, what stands behind a message's closing quote in text, can follow one: nothing, or
// fields.
bool FollowsMessage(std::string_view rest);

// Header and message. Dispatch follows, and for the few lines that are events, ParseFields.
ParseError ParseHead(const Frame& frame, Record& record);

// Key/value pairs of the record last given to ParseHead. The first of a repeated key wins in Find.
ParseError ParseFields(Record& record);

// Parses only `key=value key=value` text (no header), for tests.
ParseError ParseFieldText(std::string_view text, Record& record);

// The two syntaxes, behind ParseHeader, ParseHead and ParseFields.
ParseError ParseTextHeader(std::string_view text, Record& record);
void ReadTextMessage(std::string_view text, Record& record);
ParseError ParseTextFields(std::string_view text, Record& record);
ParseError ParseJsonHeader(std::string_view text, Record& record);
void ReadJsonMessage(std::string_view text, Record& record);
ParseError ParseJsonFields(std::string_view text, Record& record);

}  // namespace kle
