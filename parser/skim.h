// SPDX-License-Identifier: Apache-2.0
// One look at a usual line: that it is no event, or which row it belongs to. The answer is the one
// that ParseHeader and FindRow would give; lines that are not usual are left to them.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/beginnings.h"
#include "parser/record.h"

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

// How the parts of a usual line are skimmed, by its syntax (klog_text.cc, klog_json.cc). All return
// a place in the line, or null when it is not a usual one.
//
// Text whose header repeats `last` but for the fraction of the second: where the file
// ("kubelet.go:1987]") begins. Reads kTextStamp bytes.
inline constexpr size_t kTextStamp = 30;
const char* SkimStamp(const char* line, const Record::LastHeader& last);
// The same line: where the message begins (raw_message).
const char* SkimHeader(std::string_view line, const Record::LastHeader& last);
// JSON with its keys in klog's order: where the file begins, or the logger's name before it. Reads
// kJsonStamp bytes at most.
inline constexpr size_t kJsonStamp = 48;
const char* SkimJsonStamp(const char* line);
// The same line, from its file: where the message begins.
const char* SkimJsonFile(const char* file, const char* end);
// The same line, from its message: where that ends. Sets `level` to what follows, "v".
const char* SkimJsonMessage(const char* message, const char* end, int& level);
// Fill an empty record from the header of a line that passed the above, as ParseHeader does, but
// for file and message.
void SkimmedTextHeader(std::string_view line, Record& record);
void SkimmedJsonHeader(std::string_view line, std::string_view message, Record& record);

}  // namespace kle
