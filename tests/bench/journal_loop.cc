// SPDX-License-Identifier: Apache-2.0
// The least that any reader of a journal does: entries of some units, and each one's MESSAGE.
//   journal_loop FOLDER UNIT...      prints entries and bytes
#include <systemd/sd-journal.h>

#include <cstdint>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: journal_loop FOLDER UNIT...\n", stderr);
    return 2;
  }
  sd_journal* journal = nullptr;
  if (sd_journal_open_directory(&journal, argv[1], 0) < 0) {
    std::fprintf(stderr, "journal_loop: cannot open %s\n", argv[1]);
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    sd_journal_add_match(journal, (std::string("_SYSTEMD_UNIT=") + argv[i]).c_str(), 0);
  }
  uint64_t entries = 0;
  uint64_t bytes = 0;
  sd_journal_seek_head(journal);
  while (sd_journal_next(journal) > 0) {
    const void* data = nullptr;
    size_t size = 0;
    if (sd_journal_get_data(journal, "MESSAGE", &data, &size) >= 0) bytes += size;
    ++entries;
  }
  sd_journal_close(journal);
  std::printf("%llu entries, %llu bytes\n", static_cast<unsigned long long>(entries),
              static_cast<unsigned long long>(bytes));
  return 0;
}
