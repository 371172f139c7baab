// SPDX-License-Identifier: Apache-2.0
#include "parser/skim.h"

#include <cstring>

#include "parser/catalogue.h"

namespace kle {
namespace {

const char* FindNewline(const char* at, const char* end) {
  return static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
}

}  // namespace

// What the line's beginning tells: known, or found out here. `message` is where that begins.
void Skimmer::Judge(const char* file, const Beginnings::Told* told, const char* message,
                    const char* end, SkimmedLine& line) {
  Beginnings::Told found;
  if (told == nullptr) {
    const Glimpse glimpse = LookAtMessage({message, end});
    const bool whole = glimpse.row != nullptr && message[-1] == '"';
    found = {whole ? glimpse.row : nullptr, static_cast<size_t>(message - file), glimpse.size};
    if (whole) found.size += 1;  // with its closing quote
    found.size += found.message;
    line.event = glimpse.event;
    if (!glimpse.event || whole) beginnings_.Learn(file, found);
    told = &found;
  } else {
    line.event = told->row != nullptr;
  }
  line.row = told->row;
  if (line.row != nullptr) line.message = {message, file + told->size - 1};
}

bool Skimmer::Text(const char* at, const char* end, const Record::LastHeader& last,
                   SkimmedLine& line) {
  const char* const file = SkimStamp(at, last);
  if (file == nullptr) return false;
  const Beginnings::Told* const told = beginnings_.Find(file);
  const char* const newline = FindNewline(file, end);
  if (newline == nullptr) return false;
  line.text = {at, newline};
  const char* const message = told != nullptr ? file + told->message : SkimHeader(line.text, last);
  if (message == nullptr) return false;
  Judge(file, told, message, newline, line);
  return true;
}

bool Skimmer::Json(const char* at, const char* end, int level, SkimmedLine& line) {
  const char* const file = SkimJsonStamp(at);
  if (file == nullptr) return false;
  const Beginnings::Told* const told = beginnings_.Find(file);
  const char* const newline = FindNewline(file, end);
  if (newline == nullptr) return false;
  line.text = {at, newline};
  const char* const message = told != nullptr ? file + told->message : SkimJsonFile(file, newline);
  if (message == nullptr) return false;
  line.level = SkimJsonLevel(message, newline);
  if (line.level < 0 || line.level > level) return false;
  Judge(file, told, message, newline, line);
  return true;
}

bool TakeSkimmed(const SkimmedLine& line, Record& record) {
  record.Clear();
  if (line.level < 0) {
    SkimmedTextHeader(line.text, record);
  } else {
    SkimmedJsonHeader(line.text, line.message, record);
  }
  record.raw_message = {line.message.data(), line.text.data() + line.text.size()};
  return TakePlainMessage(record, line.message.size());
}

}  // namespace kle
