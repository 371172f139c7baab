// SPDX-License-Identifier: Apache-2.0
#include "exporter/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace kle {

size_t TerminalWidth(int fd) {
  if (isatty(fd) == 0) return 0;
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool TerminalIsSmart() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

bool LocaleTakesUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* locale = std::getenv(name);
    if (locale == nullptr || *locale == '\0') continue;
    const std::string_view text(locale);
    return std::ranges::any_of(std::array{"UTF-8", "utf-8", "UTF8", "utf8"},
                               [text](auto charset) { return text.find(charset) != text.npos; });
  }
  return true;
}

bool TerminalTakesColours() {
  const char* refused = std::getenv("NO_COLOR");
  return TerminalIsSmart() && (refused == nullptr || *refused == '\0');
}

}  // namespace kle
