// SPDX-License-Identifier: Apache-2.0
// One look at a usual line: that it is no event, or which row it belongs to. The answer is the one
// that ParseHeader and FindRow would give; lines that are not usual are left to them.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/beginnings.h"
#include "parser/klog.h"

namespace kle {

struct SkimmedLine {
  std::string_view text;              // without its newline
  bool event = false;                 // false: no row can take it
  const CatalogueRow* row = nullptr;  // of an event, if known already: TakeSkimmed makes its record
  bool whole = false;        // with a row: all of the message was read. Not so only for kVerbosity
  std::string_view message;  // as far as it was read
  int level = -1;            // JSON's
};

class Skimmer {
 public:
  // Look at a line of klog's text whose header repeats `last`, or of klog's JSON, and fill `line`.
  // False: it is not usual, and `line` tells nothing.
  bool Text(std::string_view text, const Record::LastHeader& last, SkimmedLine& line);
  bool Json(std::string_view text, SkimmedLine& line);

 private:
  void Judge(std::string_view from_file, const char* message, SkimmedLine& line);

  Beginnings beginnings_;
};

// Fills the record of a line whose row is known, in place of ParseHeader and FindRow: all but the
// file, and without the message unless `line.whole`.
void TakeSkimmed(const SkimmedLine& line, Record& record);

}  // namespace kle
