// SPDX-License-Identifier: Apache-2.0
#include "parser/template.h"

#include <algorithm>

namespace kle {
namespace {

// Length of a Go-quoted string at the start of `text`, quotes included; 0 when there is none.
size_t QuotedLength(std::string_view text) {
  constexpr size_t kNone = std::string_view::npos;
  if (text.empty() || text.front() != '"') return 0;
  const size_t quote = text.find('"', 1);
  if (quote == kNone) return 0;
  size_t at = text.substr(0, quote).find('\\');
  if (at == kNone) return quote + 1;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return 0;
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

Template::Template(std::string_view pattern) : parts_(1) {
  for (size_t at = 0; at < pattern.size(); ++at) {
    Part& part = parts_.back();
    const char c = pattern[at];
    if (c != '{' && c != '}') {
      part.literal += c;
      continue;
    }
    if (pattern.substr(at + 1, 1) == pattern.substr(at, 1)) {
      part.literal += c;
      ++at;
      continue;
    }
    const size_t close = std::min(pattern.find('}', at), pattern.size());
    part.role = pattern.substr(at + 1, close - at - 1);
    part.mode = Mode::kUpTo;
    if (part.role.ends_with(":q")) part.mode = Mode::kQuoted;
    if (part.role.ends_with(":*")) part.mode = Mode::kRest;
    if (part.mode != Mode::kUpTo) part.role.remove_suffix(2);
    parts_.emplace_back();
    at = close;
  }
}

bool Template::Match(std::string_view text, Captures& captures) const {
  captures.count = 0;
  text = TrimRight(text);
  if (!text.ends_with(parts_.back().literal)) return false;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (!text.starts_with(part.literal)) return false;
    text.remove_prefix(part.literal.size());
    std::string_view value;
    switch (part.mode) {
      case Mode::kNone:
        continue;
      case Mode::kRest:
        value = text;
        text = {};
        break;
      case Mode::kQuoted: {
        const size_t length = QuotedLength(text);
        if (length == 0) return false;
        value = text.substr(1, length - 2);
        text.remove_prefix(length);
        break;
      }
      case Mode::kUpTo: {
        const std::string& next = parts_[i + 1].literal;
        const size_t end = next.empty() ? text.size() : text.find(next);
        if (end == std::string_view::npos) return false;
        value = text.substr(0, end);
        text.remove_prefix(end);
        break;
      }
    }
    if (part.role != "_" && captures.count < captures.items.size()) {
      captures.items[captures.count++] = {part.role, value};
    }
  }
  return text.empty();
}

std::vector<std::string_view> Template::roles() const {
  std::vector<std::string_view> roles;
  for (const Part& part : parts_) {
    if (part.mode != Mode::kNone && part.role != "_") roles.push_back(part.role);
  }
  return roles;
}

bool IsTemplate(std::string_view message) {
  for (size_t i = 0; i < message.size(); ++i) {
    if (message[i] != '{') continue;
    if (i + 1 < message.size() && message[i + 1] == '{') {
      ++i;
      continue;
    }
    return true;
  }
  return false;
}

}  // namespace kle
