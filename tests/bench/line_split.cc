// SPDX-License-Identifier: Apache-2.0
// The least that any reader of a log file does: its bytes, cut into lines.
//   line_split FILE      prints lines and bytes
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

int main(int argc, char** argv) {
  const int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) {
    std::fputs("usage: line_split FILE\n", stderr);
    return 2;
  }
  std::vector<char> buffer(256 * 1024);
  uint64_t lines = 0;
  uint64_t bytes = 0;
  size_t held = 0;
  ssize_t got = 0;
  while ((got = read(fd, buffer.data() + held, buffer.size() - held)) > 0) {
    const char* at = buffer.data();
    const char* const end = at + held + static_cast<size_t>(got);
    while (const void* stop = std::memchr(at, '\n', static_cast<size_t>(end - at))) {
      bytes += static_cast<size_t>(static_cast<const char*>(stop) - at);
      ++lines;
      at = static_cast<const char*>(stop) + 1;
    }
    held = static_cast<size_t>(end - at);
    if (held == buffer.size()) held = 0;  // no line of ours is that long
    std::memmove(buffer.data(), end - held, held);
  }
  std::printf("%llu lines, %llu bytes\n", static_cast<unsigned long long>(lines),
              static_cast<unsigned long long>(bytes));
  close(fd);
  return 0;
}
