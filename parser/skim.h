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
  bool event = false;     // false: no row can take it, and its verbosity is no news
  // Its row, when that is known already, by the message: then the record can be had by TakeSkimmed.
  const CatalogueRow* row = nullptr;
  std::string_view message;
  int level = -1;
};

class Skimmer {
 public:
  // Looks at a line of klog's text whose header repeats `last`, or of its JSON whose verbosity is
  // `level` at most; false for any other. More bytes than the line's can be read up to `end`.
  bool Text(std::string_view text, const char* end, const Record::LastHeader& last,
            SkimmedLine& line);
  bool Json(std::string_view text, const char* end, int level, SkimmedLine& line);

 private:
  const Beginnings::Told* Known(const char* file, const char* end) const {
    const bool readable = end - file >= static_cast<ptrdiff_t>(Beginnings::kLongest);
    return readable ? beginnings_.Find(file) : nullptr;
  }
  void Judge(const char* file, const char* message, const char* end, SkimmedLine& line);

  Beginnings beginnings_;
};

// In place of ParseHeader and FindRow, of a line whose row is known: all but record.file. False
// when what follows the message is not what follows one.
bool TakeSkimmed(const SkimmedLine& line, Record& record);

}  // namespace kle
