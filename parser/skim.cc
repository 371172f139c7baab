// SPDX-License-Identifier: Apache-2.0
#include "parser/skim.h"

#include "parser/catalogue.h"

namespace kle {
namespace {

// What is known of the line's beginning.
void Take(const Beginnings::Told& told, const char* file, SkimmedLine& line) {
  line.event = told.event;
  line.row = told.row;
  line.whole = told.whole;
  if (line.row != nullptr) line.message = {file + told.message, file + told.size - 1};
}

}  // namespace

// Finds out what the message, which begins there, tells; all that begins alike is known then.
void Skimmer::Judge(std::string_view from_file, const char* message, SkimmedLine& line) {
  const char* const file = from_file.data();
  const auto where = static_cast<size_t>(message - file);
  const Glimpse glimpse = LookAtMessage(from_file.substr(where));
  Beginnings::Told told{glimpse.event, nullptr, where, where + glimpse.size};
  if (glimpse.row != nullptr && message[-1] == '"') {
    told.row = glimpse.row;
    told.whole = glimpse.whole;
    if (told.whole) ++told.size;  // with its closing quote
  }
  Take(told, file, line);
  if (glimpse.size > 0) beginnings_.Learn(from_file, told);
}

bool Skimmer::Text(std::string_view text, const Record::LastHeader& last, SkimmedLine& line) {
  if (text.size() < kTextStamp) return false;
  const char* const file = SkimStamp(text.data(), last);
  if (file == nullptr) return false;
  line.text = text;
  line.level = -1;
  const std::string_view from_file(file, text.data() + text.size());
  if (const Beginnings::Told* const told = beginnings_.Find(from_file)) {
    Take(*told, file, line);
  } else {
    const char* const message = SkimHeader(text, last);
    if (message == nullptr) return false;
    Judge(from_file, message, line);
  }
  if (line.whole) {
    const char* const rest = line.message.data() + line.message.size() + 1;
    if (!FollowsMessage({rest, text.data() + text.size()})) line.row = nullptr;
  }
  return true;
}

bool Skimmer::Json(std::string_view text, SkimmedLine& line) {
  if (text.size() < kJsonStamp) return false;
  const char* const file = SkimJsonStamp(text.data());
  if (file == nullptr) return false;
  line.text = text;
  const char* const end = text.data() + text.size();
  const std::string_view from_file(file, end);
  const Beginnings::Told* const told = beginnings_.Find(from_file);
  const char* const message = told != nullptr ? file + told->message : SkimJsonFile(file, end);
  if (message == nullptr) return false;
  const char* const message_end = SkimJsonMessage(message, end, line.level);
  if (message_end == nullptr) return false;
  if (told != nullptr) {
    Take(*told, file, line);
  } else {
    Judge(from_file, message, line);
  }
  line.message = {message, message_end};
  return true;
}

void TakeSkimmed(const SkimmedLine& line, Record& record) {
  record.Clear();
  if (line.level < 0) {
    SkimmedTextHeader(line.text, record);
  } else {
    SkimmedJsonHeader(line.text, line.message, record);
  }
  record.raw_message = {line.message.data(), line.text.data() + line.text.size()};
  if (line.whole) TakePlainMessage(record, line.message.size());
}

}  // namespace kle
