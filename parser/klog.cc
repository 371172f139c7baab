// SPDX-License-Identifier: Apache-2.0
#include "parser/klog.h"

#include "parser/logrus.h"

namespace kle {

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

ParseError ParseHeader(const Frame& frame, Record& record) {
  record.Clear();
  record.pid = frame.pid;
  if (IsWhole(frame.format)) return ParseWholeHeader(frame, record);
  if (!frame.text.empty() && frame.text[0] == '{') return ParseJsonHeader(frame.text, record);
  return ParseTextHeader(frame.text, record);
}

void ReadMessage(const Frame& frame, Record& record) {
  if (record.format == LineFormat::kKlogJson) {
    ReadJsonMessage(frame.text, record);
  } else if (IsWhole(record.format)) {
    ReadWholeMessage(frame.text, record);
  } else {
    ReadTextMessage(frame.text, record);
  }
}

void TakePlainMessage(Record& record, size_t size) {
  record.captures.count = 0;
  record.message = record.raw_message.substr(0, size);
  if (record.format == LineFormat::kKlogJson) return;
  const char* const end = record.tail.data() + record.tail.size();
  record.tail = {record.message.data() + size + 1, end};
  record.structured = true;
}

ParseError ParseHead(const Frame& frame, Record& record) {
  const ParseError error = ParseHeader(frame, record);
  if (error == ParseError::kNone) ReadMessage(frame, record);
  return error;
}

ParseError ParseFields(Record& record) {
  record.fields.clear();
  record.scratch_used = record.scratch_head;
  switch (record.format) {
    case LineFormat::kKlogText:
      return ParseTextFields(record.tail, record);
    case LineFormat::kKlogJson:
      return ParseJsonFields(record.tail, record);
    case LineFormat::kRuntime:
      return record.tail.starts_with('{') ? ParseJsonFields(record.tail, record)
                                          : ParseTextFields(record.tail, record);
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
