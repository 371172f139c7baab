// SPDX-License-Identifier: Apache-2.0
#include "parser/skim.h"

#include "parser/catalogue.h"

namespace kle {
namespace {

// What is known of the line's beginning.
void Take(const Beginnings::Told& told, const char* file, SkimmedLine& line) {
  line.event = told.event;
  line.row = told.row;
  if (line.row != nullptr) line.message = {file + told.message, file + told.size - 1};
}

}  // namespace

// Finds out what the message, which begins there, tells; all that begins alike is known then.
void Skimmer::Judge(const char* file, const char* message, const char* end, SkimmedLine& line) {
  const auto where = static_cast<size_t>(message - file);
  const char* const line_end = line.text.data() + line.text.size();
  const Glimpse glimpse = LookAtMessage({message, line_end});
  Beginnings::Told told{glimpse.event, nullptr, where, where + glimpse.size};
  if (glimpse.row != nullptr && message[-1] == '"') {
    told.row = glimpse.row;
    ++told.size;  // with its closing quote
  }
  Take(told, file, line);
  const bool readable = end - file >= static_cast<ptrdiff_t>(Beginnings::kLongest);
  if (readable && glimpse.size > 0) beginnings_.Learn(file, told);
}

bool Skimmer::Text(std::string_view text, const char* end, const Record::LastHeader& last,
                   SkimmedLine& line) {
  if (text.size() < kTextStamp) return false;
  const char* const file = SkimStamp(text.data(), last);
  if (file == nullptr) return false;
  line.text = text;
  line.level = -1;
  if (const Beginnings::Told* const told = Known(file, end)) {
    Take(*told, file, line);
    return true;
  }
  const char* const message = SkimHeader(text, last);
  if (message == nullptr) return false;
  Judge(file, message, end, line);
  return true;
}

bool Skimmer::Json(std::string_view text, const char* end, int level, SkimmedLine& line) {
  if (text.size() < kJsonStamp) return false;
  const char* const file = SkimJsonStamp(text.data());
  if (file == nullptr) return false;
  line.text = text;
  const char* const line_end = text.data() + text.size();
  const Beginnings::Told* const told = Known(file, end);
  const char* const message = told != nullptr ? file + told->message : SkimJsonFile(file, line_end);
  if (message == nullptr) return false;
  line.level = SkimJsonLevel(message, line_end);
  if (line.level < 0 || line.level > level) return false;
  if (told != nullptr) {
    Take(*told, file, line);
  } else {
    Judge(file, message, end, line);
  }
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
