// SPDX-License-Identifier: Apache-2.0
// Cells of the tables in the documents that the program prints.
#pragma once

#include <string>
#include <string_view>

namespace kle {

// A bar or a line's end would end the cell.
inline std::string MarkdownCell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

// As code, whatever backquotes it holds.
inline std::string MarkdownCode(std::string_view text) {
  if (text.empty()) return {};
  const std::string fence = text.find('`') == text.npos ? "`" : "`` ";
  return fence + MarkdownCell(text) + std::string(fence.rbegin(), fence.rend());
}

}  // namespace kle
