// SPDX-License-Identifier: Apache-2.0
#include "exporter/file_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "exporter/sniff.h"

namespace kle {
namespace {

Timestamp FromTimespec(const timespec& at) {
  return Timestamp(std::chrono::seconds(at.tv_sec) + std::chrono::microseconds(at.tv_nsec / 1000));
}

// "kubelet.log.2" comes before "kubelet.log.10".
bool NaturalLess(const std::string& a, const std::string& b) {
  return strverscmp(a.c_str(), b.c_str()) < 0;
}

std::string TailOf(const std::string& path, uint64_t size) {
  auto bytes = OpenPlain(path, size - std::min<uint64_t>(size, kSniffBytes));
  std::string tail(kSniffBytes, '\0');
  size_t read = 0;
  while (bytes && read < tail.size()) {
    auto got = (*bytes)->Read({tail.data() + read, tail.size() - read});
    if (!got || *got == 0) break;
    read += *got;
  }
  tail.resize(read);
  return tail;
}

Result<InputFile> Look(const std::string& path, ZoneOptions zone, Sniffed& sniffed) {
  InputFile file;
  file.path = path;
  bool regular = false;
  struct stat info {};
  if (path != "-" && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    regular = true;
    file.size = static_cast<uint64_t>(info.st_size);
    // Archives may restore a file with the time 0: no kubelet is older than Kubernetes.
    constexpr Timestamp kFirstKubernetes = std::chrono::sys_days{std::chrono::year{2014} / 6 / 1};
    const Timestamp modified = FromTimespec(info.st_mtim);
    if (modified > kFirstKubernetes) file.modified = modified;
    if (!zone.reference) zone.reference = file.modified;
  }
  auto bytes = OpenBytes(path);
  if (!bytes) return bytes.error();
  auto reader = std::make_unique<LineReader>(std::move(*bytes));
  auto head = reader->Peek(kSniffBytes);
  if (!head) return head.error();
  sniffed = Sniff(*head, zone);
  file.first = sniffed.first;
  file.runtime = sniffed.runtime;
  file.zone = sniffed.zone;
  if (!regular) {
    file.reader = std::move(reader);
  } else if (!reader->bytes().compressed()) {
    const std::string tail = TailOf(path, file.size);
    file.last = LastRecord(tail, zone);
  }
  return file;
}

std::string Described(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<std::vector<std::string>> FilesIn(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with('.') && it->is_regular_file(error)) paths.push_back(it->path().string());
  }
  if (error) {
    return Error("cannot read folder " + folder + ": " + error.message() +
                 ": run as a user who may read it");
  }
  std::sort(paths.begin(), paths.end(), NaturalLess);
  return paths;
}

Result<void> AddFolder(const std::string& folder, const ZoneOptions& zone, FileInputs& inputs) {
  auto paths = FilesIn(folder);
  if (!paths) return paths.error();
  const size_t before = inputs.files.size();
  for (const std::string& path : *paths) {
    Sniffed sniffed;
    auto file = Look(path, zone, sniffed);
    if (!file) return file.error();
    if (sniffed.klog || sniffed.runtime) {
      inputs.files.push_back(std::move(*file));
    } else {
      inputs.skipped.push_back(path + " skipped: no kubelet line in its first 64 KB");
    }
  }
  if (inputs.files.size() == before) {
    return Error(folder + " holds no kubelet log and no *.journal file: name the files themselves");
  }
  return {};
}

Result<void> AddFile(const std::string& path, const ZoneOptions& zone, FileInputs& inputs) {
  Sniffed sniffed;
  auto file = Look(path, zone, sniffed);
  if (!file) return file.error();
  if (sniffed.empty) {
    inputs.skipped.push_back(Described(path) + " is empty: no kubelet lines");
    return {};
  }
  if (sniffed.journal) {
    return Error(Described(path) + " is a packed journal: unpack it first (zstd -d, gunzip)");
  }
  if (!sniffed.unpack.empty()) {
    const std::string unpack(sniffed.unpack);
    return Error(Described(path) + " is not read as it is packed: " + unpack + " " + path +
                 " | kubelet-lifecycle-exporter report -");
  }
  if (sniffed.binary) {
    return Error(Described(path) + " is a binary file, not a kubelet log: give the kubelet's log");
  }
  inputs.files.push_back(std::move(*file));
  return {};
}

// One year was given for all: files that lie more than half a year after others were written before
// them.
void OverNewYear(std::vector<InputFile>& files) {
  constexpr Duration kHalfAYear = std::chrono::days(182);
  const auto far_apart = [kHalfAYear](const InputFile& a, const InputFile& b) {
    return a.first && b.first && *b.first - *a.first > kHalfAYear;
  };
  const auto next = std::adjacent_find(files.begin(), files.end(), far_apart);
  if (next != files.end()) std::rotate(files.begin(), std::next(next), files.end());
}

void FindOverlaps(std::vector<InputFile>& files) {
  for (size_t i = 0; i < files.size(); ++i) {
    InputFile& file = files[i];
    if (!file.first || file.reader) continue;
    for (size_t j = 0; j < i; ++j) {
      if (files[j].runtime == file.runtime && files[j].last && *file.first <= *files[j].last) {
        file.overlaps.push_back(files[j].path);
      }
    }
  }
}

}  // namespace

Result<FileInputs> OpenFileInputs(const std::vector<std::string>& paths, const ZoneOptions& zone) {
  FileInputs inputs;
  for (const std::string& path : paths) {
    if (path == "-" && paths.size() > 1) {
      return Error("standard input (-) cannot be mixed with files: give one or the other");
    }
    std::error_code ignored;
    auto added = path != "-" && std::filesystem::is_directory(path, ignored)
                     ? AddFolder(path, zone, inputs)
                     : AddFile(path, zone, inputs);
    if (!added) return added.error();
  }
  if (inputs.files.empty() && !inputs.skipped.empty()) {
    return Error(inputs.skipped.front() + ": give the kubelet's log");
  }
  std::stable_sort(inputs.files.begin(), inputs.files.end(),
                   [](const InputFile& a, const InputFile& b) {
                     const auto& left = a.first ? a.first : a.modified;
                     const auto& right = b.first ? b.first : b.modified;
                     if (left != right && left && right) return *left < *right;
                     return NaturalLess(a.path, b.path);
                   });
  if (zone.year != 0) OverNewYear(inputs.files);
  FindOverlaps(inputs.files);
  for (const InputFile& file : inputs.files) {
    if (file.modified && (!inputs.modified || *file.modified > *inputs.modified)) {
      inputs.modified = file.modified;
    }
  }
  return inputs;
}

FileSource::FileSource(std::vector<InputFile> files) : files_(std::move(files)) {}

Result<ReadStatus> FileSource::Next(LogLine& line, std::chrono::milliseconds) {
  while (current_ < files_.size()) {
    InputFile& file = files_[current_];
    if (!file.reader) {
      if (auto opened = Open(file); !opened) return opened.error();
    }
    line.Clear();
    if (known_.empty() && file.reader->TakeWhole(line.text)) return ReadStatus::kLine;
    auto got = NextOf(file, line.text);
    if (!got) return got.error();
    if (*got) return ReadStatus::kLine;
    done_ += file.reader->bytes().consumed();
    ++current_;
    file.reader.reset();
  }
  return ReadStatus::kEnd;
}

Result<void> FileSource::Open(InputFile& file) {
  known_.clear();
  odd_ = 0;
  for (const std::string& path : file.overlaps) {
    auto bytes = OpenBytes(path);
    if (!bytes) return bytes.error();
    LineReader reader(std::move(*bytes));
    std::string_view line;
    while (true) {
      auto got = reader.Next(line);
      if (!got) return got.error();
      if (!*got && !reader.TakeRest(line)) break;
      known_.insert(std::hash<std::string_view>()(line));
    }
  }
  auto bytes = OpenBytes(file.path);
  if (!bytes) return bytes.error();
  file.reader = std::make_unique<LineReader>(std::move(*bytes));
  return {};
}

// The next line that the files before did not have.
Result<bool> FileSource::NextOf(InputFile& file, std::string_view& line) {
  constexpr int kMostOdd = 2;
  while (true) {
    auto got = file.reader->Next(line);
    if (!got) return got.error();
    if (!*got && !file.reader->TakeRest(line)) return false;
    if (known_.empty()) return true;
    if (known_.contains(std::hash<std::string_view>()(line))) {
      odd_ = kMostOdd;
      continue;
    }
    if (odd_++ >= kMostOdd) known_.clear();
    return true;
  }
}

std::string_view FileSource::Ahead() const {
  if (!known_.empty()) return {};
  const bool open = current_ < files_.size() && files_[current_].reader;
  return open ? files_[current_].reader->Ahead() : std::string_view();
}

void FileSource::Skip(size_t bytes) { files_[current_].reader->Skip(bytes); }

LineSource::Progress FileSource::progress() const {
  Progress progress{done_, 0};
  for (const InputFile& file : files_) progress.total += file.size;
  if (current_ < files_.size() && files_[current_].reader) {
    progress.read += files_[current_].reader->bytes().consumed();
  }
  return progress;
}

}  // namespace kle
