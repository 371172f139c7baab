// SPDX-License-Identifier: Apache-2.0
#include "exporter/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

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

bool TerminalTakesColours() {
  const char* refused = std::getenv("NO_COLOR");
  return TerminalIsSmart() && (refused == nullptr || *refused == '\0');
}

}  // namespace kle
