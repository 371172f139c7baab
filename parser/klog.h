// SPDX-License-Identifier: Apache-2.0
// One klog record, text or JSON, to header + message + key/value fields.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/digits.h"
#include "parser/framer.h"
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

enum class ParseError : uint8_t {
  kNone,
  kNotKlog,    // neither a klog header nor a JSON object with "msg"
  kBadHeader,  // starts like a header, but a part is out of range (month 13, 99:99:99)
  kBadJson,    // starts with '{', is no JSON object
  kBadFields,  // the tail does not follow the grammar; the fields up to there are kept
};
std::string_view Name(ParseError error);  // not_klog, bad_header, bad_json, bad_fields, "" for none

// The header, and where the message begins (raw_message): run for every line. A text record's
// first line is enough.
ParseError ParseHeader(const Frame& frame, Record& record);

// After ParseHeader: the message.
void ReadMessage(const Frame& frame, Record& record);
// After ParseHeader, in place of ReadMessage, when the caller knows the message to be the first
// `size` bytes behind the opening quote, without escapes.
void TakePlainMessage(Record& record, size_t size);
// Whether `rest`, what stands behind a message's closing quote in text, can follow one: nothing, or
// fields.
bool FollowsMessage(std::string_view rest);

// Header and message. Dispatch follows, and for the few lines that are events, ParseFields.
ParseError ParseHead(const Frame& frame, Record& record);

// Key/value pairs of the record last given to ParseHead. The first of a repeated key wins in Find.
ParseError ParseFields(Record& record);

// A quick look at the parts of a usual line, for skim.h. All return a place in the line, or null
// when it is not a usual one.
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

// Parses only `key=value key=value` text (no header), for tests.
ParseError ParseFieldText(std::string_view text, Record& record);

// What the readers of this folder share.
namespace scan {

inline constexpr size_t kNone = std::string_view::npos;

// `text[at]` is a double quote: past the one that closes it on the same line, or kNone.
size_t EndOfQuoted(std::string_view text, size_t at);

// Past the bracket that closes the one at `opener`, or kNone when brackets or the quotes between
// them do not balance, or more than 256 are open at once.
size_t EndOfBracketed(std::string_view text, size_t opener);

// A composite value ({..}, [..], &{..}, v1.Type{..}, map[..]) at `from`: the position past it,
// quoted parts skipped, or kNone when quotes or brackets do not balance.
size_t EndOfComposite(std::string_view text, size_t from);

// Appends the inside of a quoted string, Go's and JSON's escapes undone: never more than `inside`.
void AppendUnescaped(std::string_view inside, std::string& out);

// Reads the quoted string at `at`; past its closing quote, or kNone as above. `inside` is unescaped
// into the record's scratch when it has escapes, for which Reserve must have made room.
size_t TakeQuoted(std::string_view text, size_t at, Record& record, std::string_view& inside);

// The same for the inside of a string that ends where `inside` does.
std::string_view Unescape(std::string_view inside, Record& record);

std::string_view TrimRight(std::string_view text);

// Whether the line has the shape of a klog header's stamp, whatever its numbers say.
inline bool HeaderShaped(std::string_view line) {
  constexpr size_t kSize = std::string_view("Lnnnn nn:nn:nn.").size();
  if (line.size() < kSize) return false;
  const char* const at = line.data();
  return (at[0] == 'I' || at[0] == 'E' || at[0] == 'W' || at[0] == 'F') &&
         digits::Shaped<"nnnn nn:">(at + 1) && digits::Shaped<"n:nn:nn.">(at + 7);
}

// The eight characters in which klog prints its process's id; nothing where no header is.
inline std::string_view PidColumn(std::string_view line) {
  constexpr size_t kAt = std::string_view("Lmmdd hh:mm:ss.uuuuuu ").size();
  constexpr size_t kWidth = 8;
  return line.size() >= kAt + kWidth && HeaderShaped(line) ? line.substr(kAt, kWidth)
                                                           : std::string_view();
}

}  // namespace scan

// The two syntaxes, behind ParseHeader, ParseHead and ParseFields.
ParseError ParseTextHeader(std::string_view text, Record& record);
void ReadTextMessage(std::string_view text, Record& record);
ParseError ParseTextFields(std::string_view text, Record& record);
ParseError ParseJsonHeader(std::string_view text, Record& record);
void ReadJsonMessage(std::string_view text, Record& record);
ParseError ParseJsonFields(std::string_view text, Record& record);

}  // namespace kle
