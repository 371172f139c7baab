// SPDX-License-Identifier: Apache-2.0
// One look at a line of a block tells most that are no events, and of the others mostly the row. It
// is the same as ParseHeader and FindRow would tell; what is not usual is left to them.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/beginnings.h"
#include "parser/klog.h"

namespace kle {

struct SkimmedLine {
  std::string_view text;  // without its newline
  bool event = false;     // false: no row can take it, and its verbosity is no news
  // Its row, when that is known already, by the message: then the record can be had by TakeSkimmed.
  const CatalogueRow* row = nullptr;
  std::string_view message;
  int level = -1;
};

class Skimmer {
 public:
  // So many bytes are read whatever the line's length.
  static constexpr size_t kReads = 64 + Beginnings::kLongest;

  // Looks at the line from `at` on, of at least kReads bytes up to `end`: of klog's text where the
  // header repeats `last`, or of its JSON where the verbosity is `level` at most. False when it is
  // none of these, or not all of it is there.
  bool Text(const char* at, const char* end, const Record::LastHeader& last, SkimmedLine& line);
  bool Json(const char* at, const char* end, int level, SkimmedLine& line);

 private:
  void Judge(const char* file, const Beginnings::Told* told, const char* message, const char* end,
             SkimmedLine& line);

  Beginnings beginnings_;
};

// In place of ParseHeader and FindRow, of a line whose row is known: all but record.file. False
// when what follows the message is not what follows one.
bool TakeSkimmed(const SkimmedLine& line, Record& record);

}  // namespace kle
