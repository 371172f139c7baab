// SPDX-License-Identifier: Apache-2.0
// A record of a log, as its readers (klog.h, logrus.h) fill it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/frame.h"
#include "parser/template.h"
#include "parser/time.h"

namespace kle {

enum class Severity : uint8_t { kInfo, kWarning, kError, kFatal };
char Letter(Severity severity);  // I W E F

// A klog header's stamp: local time of the kubelet's zone, no year (klog prints none).
struct HeaderStamp {
  uint8_t month = 0, day = 0, hour = 0, minute = 0, second = 0;
  uint32_t microsecond = 0;
};

// How a value was printed. Strings are unescaped; the rest is kept raw, as one balanced piece.
enum class ValueForm : uint8_t {
  kString,  // "..." in text (unquoted and unescaped here), a JSON string, or a `=<` block
  kBare,    // 4f37..., 30, true, <nil>: up to the next blank
  kGo,      // {A:1 B:x}  [a b]  &{...}: %+v of klog <= 2.80
  kJson,    // {"A":1}  ["a","b"]  30  null: klog >= 2.100, and every non-string value of JSON logs
  kRaw,     // an unbalanced dump: all the rest of the line. Never searched inside.
};

struct Field {
  std::string_view key;
  std::string_view value;
  ValueForm form = ValueForm::kString;

  bool null() const { return form != ValueForm::kString && (value == "<nil>" || value == "null"); }
};

// No record has more; what follows is no field.
inline constexpr size_t kMaxFields = 256;

// Reused from record to record, so that parsing allocates nothing once warm. All views point into
// the frame or into this object and die with the next ParseHead.
struct Record {
  LineFormat format = LineFormat::kOther;
  Severity severity = Severity::kInfo;
  int level = -1;                    // JSON "v" of info lines; -1 when the line does not tell
  uint64_t pid = 0;                  // header's pid column, else the frame's
  std::optional<HeaderStamp> stamp;  // text
  std::optional<Timestamp> epoch;    // JSON "ts"
  std::string_view file;      // "kubelet.go" or "kubelet/kubelet.go"; the line number is dropped
  std::string_view message;   // unquoted, unescaped; of an unstructured line the whole rest.
                              // Trailing blanks and newlines are trimmed.
  bool structured = false;    // "msg" key=value (always true for JSON)
  std::vector<Field> fields;  // filled by ParseFields
  Captures captures;          // filled by FindRow

  // First field of that key, or null.
  const Field* Find(std::string_view key) const;

  std::string_view raw_message;  // as it stands in the line, without its opening quote
  std::string_view tail;  // for ParseFields: what follows the message, or a whole JSON object
  std::string scratch;    // room for unescaped bytes, made before use, so that no view moves
  size_t scratch_used = 0;
  size_t scratch_head = 0;  // what of it the message takes

  // What the last header said: most lines repeat all but the fraction of the second and the file.
  struct LastHeader {
    uint64_t date = 0;  // "mmdd hh:"
    uint64_t time = 0;  // "h:mm:ss."
    HeaderStamp stamp;
    uint64_t pid_column = 0;  // eight characters
    uint64_t pid = 0;
  };
  LastHeader last;

  // As new, but for what is kept from record to record.
  void Clear();
  // Makes room for what `text` can unescape to. Keeps the bytes used, not the views into them.
  void Reserve(std::string_view text);
};

}  // namespace kle
