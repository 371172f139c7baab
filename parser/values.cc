// SPDX-License-Identifier: Apache-2.0
// Scanners over views; nothing is copied. A value that does not have the form it should have gives
// nothing: names end up in labels and keys, so that odd bytes must not pass.
#include "parser/values.h"

#include <array>
#include <charconv>
#include <cmath>

#include "parser/bytes.h"
#include "parser/digits.h"
#include "parser/scan.h"

namespace kle {
namespace {

using digits::IsDigit;

using scan::kNone;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

// Letters and digits, and these others, by character.
using Class = std::array<bool, 256>;
template <typename Letters>
constexpr Class MakeClass(Letters letters, std::string_view others) {
  Class good{};
  for (size_t c = 0; c < good.size(); ++c) good[c] = c < 128 && letters(static_cast<char>(c));
  for (const char c : others) good[static_cast<unsigned char>(c)] = true;
  return good;
}
constexpr auto kAlnum = [](char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
};
constexpr auto kLowerAlnum = [](char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
};
constexpr Class kUidChars = MakeClass(kAlnum, "-");
constexpr Class kIdChars = MakeClass(kAlnum, "-_.");
constexpr Class kLabelChars = MakeClass(kLowerAlnum, "-");
constexpr Class kSubdomainChars = MakeClass(kLowerAlnum, "-.");
constexpr Class kTypeChars = MakeClass(kAlnum, "&*._");

bool AllOf(std::string_view text, const Class& good) {
  bool all = true;
  for (const char c : text) all &= good[static_cast<unsigned char>(c)];
  return all;
}

// DNS-1123: a label for namespaces, a subdomain (dots) for pod names.
bool IsDnsName(std::string_view name, size_t longest, const Class& chars) {
  if (name.empty() || name.size() > longest) return false;
  const auto alnum = [](char c) { return IsDigit(c) || IsLower(c); };
  return alnum(name.front()) && alnum(name.back()) && AllOf(name, chars);
}

bool IsNamespace(std::string_view name) { return IsDnsName(name, 63, kLabelChars); }

bool IsPodName(std::string_view name) { return IsDnsName(name, 253, kSubdomainChars); }

// Of any form: a caller that needs a pod's own asks for more (extract.cc).
bool MayBeUid(std::string_view uid) { return uid.size() <= 64 && AllOf(uid, kUidChars); }

bool IsId(std::string_view id) { return !id.empty() && id.size() <= 128 && AllOf(id, kIdChars); }

std::string_view Unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"'
             ? text.substr(1, text.size() - 2)
             : text;
}

bool IsNull(std::string_view text) { return text == "null" || text == "<nil>" || text == "nil"; }

// The end of a value inside a list or struct: quoted, composite, or up to a blank, comma or closer.
size_t EndOfElement(std::string_view text, size_t at) {
  if (at >= text.size()) return kNone;
  if (text[at] == '"') return scan::EndOfQuoted(text, at);
  size_t end = at;
  const char* const data = text.data();
  while (end < text.size() && kTypeChars[static_cast<unsigned char>(data[end])]) ++end;
  if (end < text.size() && (text[end] == '{' || text[end] == '[')) {
    return scan::EndOfBracketed(text, end);
  }
  const char* const past = bytes::FindAny<' ', ',', ']', '}', '\n'>(data + end, data + text.size());
  return static_cast<size_t>(past - data);
}

size_t SkipSeparators(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == ',')) ++at;
  return at;
}

// Elements of [a b] and ["a","b"].
class List {
 public:
  explicit List(std::string_view text) {
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return;
    ok_ = true;
    inside_ = text.substr(1, text.size() - 2);
  }

  bool ok() const { return ok_; }

  bool Next(std::string_view& element) {
    at_ = SkipSeparators(inside_, at_);
    if (!ok_ || at_ >= inside_.size()) return false;
    const size_t end = EndOfElement(inside_, at_);
    if (end == kNone || end == at_) {
      ok_ = false;
      return false;
    }
    element = inside_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

 private:
  std::string_view inside_;
  size_t at_ = 0;
  bool ok_ = false;
};

// Members of {"A":1,"B":"x"}, {A:1 B:x}, &{A:1 B:x} and &p.T{A:1, B:"x"}; values lose their quotes.
class Struct {
 public:
  explicit Struct(std::string_view text) {
    const size_t brace = text.find('{');
    if (brace == kNone || text.back() != '}') return;
    if (!AllOf(text.substr(0, brace), kTypeChars)) return;
    ok_ = true;
    inside_ = text.substr(brace + 1, text.size() - brace - 2);
  }

  bool ok() const { return ok_; }
  std::string_view key;
  std::string_view value;

  bool Next() {
    at_ = SkipSeparators(inside_, at_);
    if (!ok_ || at_ >= inside_.size()) return false;
    size_t colon = kNone;
    if (inside_[at_] == '"') {
      colon = scan::EndOfQuoted(inside_, at_);
      if (colon != kNone && inside_.substr(colon, 1) != ":") colon = kNone;
    } else {
      colon = inside_.find(':', at_);
    }
    if (colon == kNone) return Fail();
    key = Unquoted(inside_.substr(at_, colon - at_));
    at_ = colon + 1;
    while (at_ < inside_.size() && inside_[at_] == ' ' && quoted_json()) ++at_;
    size_t end = at_;
    if (at_ < inside_.size() && inside_[at_] != ' ' && inside_[at_] != ',') {
      end = EndOfElement(inside_, at_);
      if (end == kNone) return Fail();
    }
    value = Unquoted(inside_.substr(at_, end - at_));
    at_ = end;
    return true;
  }

 private:
  // Only JSON may have blanks after the colon; in Go's form a blank there is an empty value.
  bool quoted_json() const { return inside_.front() == '"'; }

  bool Fail() {
    ok_ = false;
    return false;
  }

  std::string_view inside_;
  size_t at_ = 0;
  bool ok_ = false;
};

// name_ns(uid), as printed by kubelets up to 1.20.
std::optional<PodRef> ParseLegacyPodRef(std::string_view text) {
  const size_t open = text.find('(');
  const size_t close = text.find(')', open);
  if (close == kNone) return std::nullopt;
  const std::string_view suffix = text.substr(close + 1);
  if (!suffix.empty() && !suffix.starts_with(":DeletionTimestamp=")) return std::nullopt;
  // Neither part may contain the underscore.
  const size_t split = text.find('_');
  if (split == kNone || split > open) return std::nullopt;
  PodRef ref;
  ref.name = text.substr(0, split);
  ref.namespace_ = text.substr(split + 1, open - split - 1);
  ref.uid = text.substr(open + 1, close - open - 1);
  if (!IsPodName(ref.name) || !IsNamespace(ref.namespace_) || !MayBeUid(ref.uid))
    return std::nullopt;
  return ref;
}

std::optional<PodRef> ParsePodObject(std::string_view text) {
  Struct object(text);
  PodRef ref;
  while (object.Next()) {
    if (object.key == "name" && ref.name.empty()) ref.name = object.value;
    if (object.key == "namespace" && ref.namespace_.empty()) ref.namespace_ = object.value;
    if (object.key == "uid" && ref.uid.empty()) ref.uid = object.value;
  }
  if (!object.ok() || !IsPodName(ref.name) || !MayBeUid(ref.uid)) return std::nullopt;
  if (!ref.namespace_.empty() && !IsNamespace(ref.namespace_)) return std::nullopt;
  return ref;
}

// [ns/a ns/b]  ["ns/a",null]  [{"name":..}]
bool AppendPodList(std::string_view text, std::vector<PodRef>& out) {
  List list(text);
  std::string_view element;
  while (list.Next(element)) {
    if (IsNull(element)) continue;
    const std::optional<PodRef> ref = ParsePodRef(Unquoted(element));
    if (!ref) return false;
    out.push_back(*ref);
  }
  return list.ok();
}

// a_ns(uid1), b_ns(uid2)
bool AppendLegacyPods(std::string_view text, std::vector<PodRef>& out) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::optional<PodRef> ref = ParsePodRef(text.substr(0, comma));
    if (!ref) return false;
    out.push_back(*ref);
    if (comma == kNone) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return false;
    if (text.front() == ' ') text.remove_prefix(1);
  }
  return true;
}

// The seconds in a unit at the front of `text`, which it removes; 0 when there is none.
double TakeUnit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  constexpr Unit kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"\u00b5s", 1e-6}, {"\u03bcs", 1e-6},
                             {"ms", 1e-3}, {"s", 1},     {"m", 60},         {"h", 3600}};
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return unit.seconds;
    }
  }
  return 0;
}

// An unsigned decimal at the front of `text`, which it removes.
std::optional<double> TakeDecimal(std::string_view& text) {
  if (text.empty() || !(IsDigit(text[0]) || text[0] == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<int64_t> IntegerOf(std::string_view text) {
  int64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, static_cast<size_t>(last - end));
  if (rest.empty()) return value;
  const bool zeros = rest.size() > 1 && rest[0] == '.' && rest.find_first_not_of('0', 1) == kNone;
  return zeros ? std::optional(value) : std::nullopt;
}

bool AddState(ContainerState state, std::vector<ContainerState>& out) {
  if (state.name.empty() || state.state.empty()) return false;
  // The struct prints a zero for containers that did not exit.
  if (state.state != "exited") {
    state.exit_code.reset();
    state.finished_at.reset();
  }
  out.push_back(state);
  return true;
}

// (app state=exited exitCode=0 finishedAt=...) (b state=running)
bool AppendStateWords(std::string_view text, std::vector<ContainerState>& out) {
  size_t at = 0;
  while (true) {
    at = SkipSeparators(text, at);
    if (at == text.size()) return true;
    const size_t close = text.find(')', at);
    if (text[at] != '(' || close == kNone) return false;
    std::string_view words = text.substr(at + 1, close - at - 1);
    at = close + 1;
    ContainerState state;
    for (bool first = true; !words.empty(); first = false) {
      const size_t blank = std::min(words.find(' '), words.size());
      const std::string_view word = words.substr(0, blank);
      words.remove_prefix(std::min(blank + 1, words.size()));
      if (first) {
        state.name = word;
      } else if (word.starts_with("state=")) {
        state.state = word.substr(6);
      } else if (word.starts_with("exitCode=")) {
        state.exit_code = IntegerOf(word.substr(9));
      } else if (word.starts_with("finishedAt=")) {
        state.finished_at = ParseTimestamp(word.substr(11));
      }
    }
    if (!AddState(state, out)) return false;
  }
}

// [{Name:app State:exited ...}]  [{"Name":"app",...}]
bool AppendStateObjects(std::string_view text, std::vector<ContainerState>& out) {
  List list(text);
  std::string_view element;
  while (list.Next(element)) {
    Struct object(element);
    ContainerState state;
    while (object.Next()) {
      if (object.key == "Name") state.name = object.value;
      if (object.key == "State") state.state = object.value;
      if (object.key == "ExitCode") state.exit_code = IntegerOf(object.value);
      if (object.key == "FinishedAt") state.finished_at = ParseTimestamp(object.value);
    }
    if (!object.ok() || !AddState(state, out)) return false;
  }
  return list.ok();
}

}  // namespace

std::optional<PodRef> ParsePodRef(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.front() == '{') return ParsePodObject(text);
  if (text.find('(') != kNone) return ParseLegacyPodRef(text);
  PodRef ref;
  const size_t slash = text.find('/');
  if (slash != kNone) {
    ref.namespace_ = text.substr(0, slash);
    if (!IsNamespace(ref.namespace_)) return std::nullopt;
    text.remove_prefix(slash + 1);
  }
  if (!IsPodName(text)) return std::nullopt;
  ref.name = text;
  return ref;
}

std::optional<PodRef> ParsePodRef(const Field& field) {
  if (field.form == ValueForm::kRaw || field.null()) return std::nullopt;
  return ParsePodRef(field.value);
}

bool ParsePodRefs(const Field& field, std::vector<PodRef>& out) {
  if (field.form == ValueForm::kRaw) return false;
  if (field.null() || field.value.empty()) return true;
  const size_t before = out.size();
  const bool good = field.value.front() == '[' ? AppendPodList(field.value, out)
                                               : AppendLegacyPods(field.value, out);
  if (!good) out.resize(before);
  return good;
}

std::string_view ParseContainerId(std::string_view text) {
  if (!text.empty() && text.back() == '}') {
    Struct object(text);
    while (object.Next()) {
      if (object.key == "ID") return IsId(object.value) ? object.value : std::string_view();
    }
    return {};
  }
  const size_t scheme = text.find("://");
  if (scheme != kNone) text.remove_prefix(scheme + 3);
  return IsId(text) ? text : std::string_view();
}

std::string_view ParseContainerId(const Field& field) {
  if (field.form == ValueForm::kRaw || field.null()) return {};
  return ParseContainerId(field.value);
}

void ParseContainerIds(const Field& field, std::vector<std::string_view>& out) {
  if (field.form == ValueForm::kRaw) return;
  List list(field.value);
  std::string_view element;
  while (list.Next(element)) {
    if (IsNull(element)) continue;
    const std::string_view id = ParseContainerId(Unquoted(element));
    if (!id.empty()) out.push_back(id);
  }
}

std::optional<int64_t> ParseInteger(const Field& field) {
  return field.form == ValueForm::kRaw ? std::nullopt : IntegerOf(field.value);
}

std::optional<double> ParseGoDuration(std::string_view text) {
  double sign = 1;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (text == "0") return 0.0;
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const std::optional<double> number = TakeDecimal(text);
    if (!number) return std::nullopt;
    const double unit = TakeUnit(text);
    if (unit == 0) return std::nullopt;
    seconds += *number * unit;
  }
  // Go's durations end at 292 years.
  constexpr double kLongest = 9.3e9;
  return seconds < kLongest ? std::optional(sign * seconds) : std::nullopt;
}

std::optional<double> ParseSeconds(const Field& field) {
  if (field.form == ValueForm::kRaw || field.value.empty()) return std::nullopt;
  std::string_view text = field.value;
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::optional<double> number = TakeDecimal(text);
  if (number && text.empty()) return negative ? -*number : *number;
  return ParseGoDuration(field.value);
}

std::optional<PlegEvent> ParsePlegEvent(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Struct object(text);
  PlegEvent event;
  while (object.Next()) {
    if (object.key == "ID" && event.uid.empty()) event.uid = object.value;
    if (object.key == "Type" && event.type.empty()) event.type = object.value;
    if (object.key == "Data" && event.data.empty()) event.data = object.value;
  }
  if (!object.ok() || event.uid.empty() || event.type.empty() || !MayBeUid(event.uid)) {
    return std::nullopt;
  }
  if (!IsId(event.type)) return std::nullopt;
  if (!IsId(event.data) || IsNull(event.data))
    event.data = {};  // some types carry none: null, <nil>
  return event;
}

std::optional<PlegEvent> ParsePlegEvent(const Field& field) {
  if (field.form == ValueForm::kRaw || field.null()) return std::nullopt;
  return ParsePlegEvent(field.value);
}

std::optional<int64_t> ExitCodeIn(std::string_view status, std::string_view container_id) {
  constexpr std::string_view kId = "ontainerID";  // its first letter differs between Go and JSON
  const std::string_view before = status.substr(0, status.find(container_id));
  if (container_id.empty() || before.size() == status.size()) return std::nullopt;
  // With what is around it: a container's own last words may well name an exit code.
  for (const std::string_view code :
       {"StateTerminated{ExitCode:", "\"terminated\":{\"exitCode\":"}) {
    const size_t at = before.rfind(code);
    // A second id between the two: the code is another container's.
    if (at == kNone || before.find(kId, at) != before.rfind(kId)) continue;
    const std::string_view rest = before.substr(at + code.size());
    return IntegerOf(rest.substr(0, rest.find(',')));
  }
  return std::nullopt;
}

bool ParseContainerStates(const Field& field, std::vector<ContainerState>& out) {
  if (field.form == ValueForm::kRaw) return false;
  if (field.null() || field.value.empty()) return true;
  const size_t before = out.size();
  const bool good = field.value.front() == '[' ? AppendStateObjects(field.value, out)
                                               : AppendStateWords(field.value, out);
  if (!good) out.resize(before);
  return good;
}

}  // namespace kle
