// SPDX-License-Identifier: Apache-2.0
// Log files, plain or compressed, as one stream in the order of time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "exporter/line_reader.h"
#include "exporter/line_source.h"
#include "parser/zone.h"

namespace kle {

struct InputFile {
  std::string path;                   // "-": standard input
  std::optional<Timestamp> first;     // of the first record
  std::optional<Timestamp> last;      // of the last one, where the file's end could be looked at
  std::optional<Timestamp> modified;  // regular files
  uint64_t size = 0;
  bool runtime = false;                // a container runtime's log
  std::string zone;                    // of a runtime's times, "+01:00"; "" where they are UTC
  std::vector<std::string> overlaps;   // earlier files that end after this one begins
  std::unique_ptr<LineReader> reader;  // held where opening again would lose what was looked at
};

struct FileInputs {
  std::vector<InputFile> files;       // in the order of time
  std::vector<std::string> skipped;   // why a file was left out, one line each
  std::optional<Timestamp> modified;  // the latest
};

// Looks into every file and puts them in order. A folder's files are taken as far as they are
// kubelet logs; a binary file named by itself is an error, and so are empty files alone.
[[nodiscard]] Result<FileInputs> OpenFileInputs(const std::vector<std::string>& paths,
                                                const ZoneOptions& zone);

class FileSource final : public LineSource {
 public:
  explicit FileSource(std::vector<InputFile> files);

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override;
  std::string_view Ahead() const override;
  void Skip(size_t bytes) override;
  Progress progress() const override;

 private:
  Result<void> Open(InputFile& file);
  Result<bool> NextOf(InputFile& file, std::string_view& line);

  std::vector<InputFile> files_;
  size_t current_ = 0;
  uint64_t done_ = 0;  // bytes of the files before the current one
  // Of the files that the current one overlaps: hashes of their lines. Empty once it has told
  // something new, as excerpts of one log do: what they share comes first.
  std::unordered_set<size_t> known_;
  int odd_ = 0;  // lines before what is shared: the end of a line that was cut
};

}  // namespace kle
