// SPDX-License-Identifier: Apache-2.0
// One look at a line tells most that are no events, and of the others mostly the row. It is the
// same as ParseHeader and FindRow would tell; what is not usual is left to them.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/beginnings.h"
#include "parser/klog.h"

namespace kle {

struct SkimmedLine {
  std::string_view text;  // without its newline
  bool event = false;     // false: no row can take it
  // Its row, when that is known already, by the message: then the record can be had by TakeSkimmed.
  const CatalogueRow* row = nullptr;
  bool whole = false;  // otherwise the row's only proves a verbosity, and the message is unread
  std::string_view message;  // as far as it was read
  int level = -1;            // JSON's
};

class Skimmer {
 public:
  // Looks at a line of klog's text whose header repeats `last`, or of its JSON; false for one that
  // is not usual.
  bool Text(std::string_view text, const Record::LastHeader& last, SkimmedLine& line);
  bool Json(std::string_view text, SkimmedLine& line);

 private:
  void Judge(std::string_view from_file, const char* message, SkimmedLine& line);

  Beginnings beginnings_;
};

// In place of ParseHeader and FindRow, of a line whose row is known: all but record.file, and only
// the header unless the message is whole.
void TakeSkimmed(const SkimmedLine& line, Record& record);

}  // namespace kle
