// SPDX-License-Identifier: Apache-2.0
#include "parser/template.h"

namespace kle {
namespace {

// Length of a Go-quoted string at the start of `text`, quotes included; 0 when there is none.
size_t QuotedLength(std::string_view text) {
  if (text.empty() || text.front() != '"') return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

// The pattern's next literal run (up to a placeholder or an escaped brace); consumes it.
std::string_view TakeLiteral(std::string_view& pattern) {
  const size_t end = pattern.find_first_of("{}");
  if (end == std::string_view::npos) {
    const std::string_view all = pattern;
    pattern = {};
    return all;
  }
  if (end > 0) {
    const std::string_view literal = pattern.substr(0, end);
    pattern.remove_prefix(end);
    return literal;
  }
  if (pattern.size() > 1 && pattern[1] == pattern[0]) {
    const std::string_view brace = pattern.substr(0, 1);
    pattern.remove_prefix(2);
    return brace;
  }
  return {};  // a placeholder
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool MatchTemplate(std::string_view pattern, std::string_view text, Captures& captures) {
  captures.count = 0;
  text = TrimRight(text);
  while (!pattern.empty()) {
    const std::string_view literal = TakeLiteral(pattern);
    if (!literal.empty()) {
      if (!text.starts_with(literal)) return false;
      text.remove_prefix(literal.size());
      continue;
    }
    const size_t close = pattern.find('}');
    std::string_view role = pattern.substr(1, close - 1);
    pattern.remove_prefix(close + 1);
    std::string_view mode;
    if (const size_t colon = role.find(':'); colon != std::string_view::npos) {
      mode = role.substr(colon + 1);
      role = role.substr(0, colon);
    }
    std::string_view value;
    if (mode == "*") {
      value = text;
      text = {};
    } else if (mode == "q") {
      const size_t length = QuotedLength(text);
      if (length == 0) return false;
      value = text.substr(1, length - 2);
      text.remove_prefix(length);
    } else {
      std::string_view rest = pattern;
      const std::string_view next = TakeLiteral(rest);
      const size_t end = next.empty() ? text.size() : text.find(next);
      if (end == std::string_view::npos) return false;
      value = text.substr(0, end);
      text.remove_prefix(end);
    }
    if (role != "_" && captures.count < captures.items.size()) {
      captures.items[captures.count++] = {role, value};
    }
  }
  return text.empty();
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

std::string LiteralPrefix(std::string_view pattern) {
  std::string prefix;
  while (!pattern.empty()) {
    const std::string_view literal = TakeLiteral(pattern);
    if (literal.empty()) break;
    prefix += literal;
  }
  return prefix;
}

}  // namespace kle
