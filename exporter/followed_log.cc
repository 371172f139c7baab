// SPDX-License-Identifier: Apache-2.0
// Which file comes next is told by the times of last writing: what was rotated later was written
// later. Which file the place is in is told by content: inodes are used again, names change.
#include "exporter/followed_log.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "exporter/byte_reader.h"

namespace kle {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry(1000);

struct Sibling {
  std::string path;
  int64_t written_at = 0;
  uint64_t inode = 0;
  off_t size = 0;
};

bool Stat(const std::string& path, struct stat& info) {
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// What rotation made of the log: NAME.1, NAME-20261124.gz, ... the oldest first.
std::vector<Sibling> RotatedFiles(const std::string& path) {
  std::vector<Sibling> files;
  const std::filesystem::path log(path);
  const std::string name = log.filename().string();
  std::error_code error;
  const auto folder = log.parent_path().empty() ? std::filesystem::path(".") : log.parent_path();
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string other = it->path().filename().string();
    struct stat info {};
    if (other.size() <= name.size() + 1 || !other.starts_with(name) ||
        (other[name.size()] != '.' && other[name.size()] != '-') || other.ends_with(".tmp") ||
        !Stat(it->path().string(), info)) {
      continue;
    }
    files.push_back({it->path().string(),
                     info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec, info.st_ino,
                     info.st_size});
  }
  std::ranges::sort(files, [](const Sibling& a, const Sibling& b) {
    return std::pair(a.written_at, a.path) < std::pair(b.written_at, b.path);
  });
  return files;
}

std::string PlainOf(const std::string& packed) { return packed.substr(0, packed.rfind('.')); }

}  // namespace

Result<FollowedLog> FollowedLog::Open(const std::string& path, bool at_end) {
  FollowedLog log(path);
  struct stat info {};
  uint64_t offset = 0;
  if (at_end && Stat(path, info)) offset = static_cast<uint64_t>(info.st_size);
  auto file = LogFile::Open(path, offset);
  if (!file) return file.error();
  log.file_ = std::move(*file);
  // What was rotated before is not asked for.
  for (const Sibling& old : RotatedFiles(path)) log.done_to_ = old.written_at;
  return log;
}

FollowedLog FollowedLog::Resume(const LogPlace& place) {
  FollowedLog log(place.path);
  log.GoOn(place, GapReason::kRotatedAway);
  return log;
}

// From the place, wherever it is now. Of a file that nothing was taken from there is no place: what
// was written since the one before it is read.
void FollowedLog::GoOn(const LogPlace& place, GapReason otherwise) {
  if (place.offset > 0 && Find(place)) return;
  if (place.offset > 0) {
    gap_ = {otherwise};
    gap_pending_ = true;
  }
  place_ = place;
  done_to_ = place.read_at;
  done_inode_ = 0;
  file_.reset();
}

// The file that holds the place.
bool FollowedLog::Find(const LogPlace& place) {
  // Twice: a file may be packed between the look at the folder and the look into it.
  return FindOnce(place) || FindOnce(place);
}

bool FollowedLog::FindOnce(const LogPlace& place) {
  std::vector<Sibling> files = RotatedFiles(path_);
  struct stat info {};
  if (Stat(path_, info)) files.push_back({path_, 0, info.st_ino, info.st_size});
  std::ranges::reverse(files);  // mostly it is the youngest
  for (const Sibling& candidate : files) {
    // Beside the plain one it is not whole yet.
    if (NamedAsPacked(candidate.path) && Stat(PlainOf(candidate.path), info)) continue;
    auto file = LogFile::Open(candidate.path, place.offset);
    if (!file || !(*file)->Matches(place)) continue;
    file_ = std::move(*file);
    return true;
  }
  return false;
}

// While gzip works its file looks new, beside the plain one; then it is given the plain one's time.
// The folder was listed in the middle of that: asked again, in this order.
bool FollowedLog::StillYounger(const std::string& packed) const {
  struct stat info {};
  if (Stat(PlainOf(packed), info) || !Stat(packed, info)) return false;
  return info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec > done_to_;
}

// The rotated file that was written next after what has been read, else the file under the name.
// Asked anew each time: there may be more of them by now.
std::string FollowedLog::NextPath() const {
  struct stat live {};
  const bool there = Stat(path_, live);
  const std::vector<Sibling> files = RotatedFiles(path_);
  for (const Sibling& file : files) {
    const bool younger = file.written_at > done_to_ && file.inode != done_inode_ && file.size > 0;
    if (!younger || (there && file.inode == live.st_ino)) continue;
    if (!NamedAsPacked(file.path) || StillYounger(file.path)) return file.path;
  }
  return path_;
}

void FollowedLog::Done() {
  place_ = file_->place();
  done_to_ = file_->written_at();
  done_inode_ = file_->inode();
  file_.reset();
}

bool FollowedLog::Trouble(const std::string& message) {
  trouble_ = message;
  retry_at_ = Clock::now() + kRetry;
  return false;
}

bool FollowedLog::IsNext() const {
  struct stat info {};
  const std::string path = NextPath();
  return path == path_ || !Stat(path, info) || info.st_ino == file_->inode();
}

bool FollowedLog::OpenNext() {
  if (!trouble_.empty() && Clock::now() < retry_at_) return false;
  auto file = LogFile::Open(NextPath(), 0);
  if (!file) return Trouble(file.error().message());
  trouble_.clear();
  NoteGone(false);
  file_ = std::move(*file);
  return true;
}

// What was open may be read to its end all the same.
void FollowedLog::NoteGone(bool gone) {
  if (!gone) {
    gone_since_.reset();
    gone_.clear();
    return;
  }
  const auto now = Clock::now();
  if (!gone_since_) gone_since_ = now;
  if (!gone_.empty() || now - *gone_since_ < gone_after_) return;
  std::error_code ignored;
  gone_ = path_ + (std::filesystem::exists(path_, ignored) ? " is no file any more" : " is gone") +
          ": does the kubelet still write there? It is read again once it is back";
}

// A writer that was told to reopen its log has done so once there are bytes in the next file: until
// then it may still write into this one.
bool FollowedLog::HasSuccessor() {
  struct stat live {};
  const bool there = Stat(path_, live);
  NoteGone(!there);
  if (!there) return false;  // between rename and create, or for good
  if (live.st_ino == file_->inode() && live.st_dev == file_->device()) return false;
  if (live.st_size > 0) return true;
  done_to_ = file_->written_at();
  done_inode_ = file_->inode();
  return NextPath() != path_;
}

ReadStatus FollowedLog::Next(std::string_view& line) {
  while (true) {
    if (gap_pending_) {
      gap_pending_ = false;
      return ReadStatus::kGap;
    }
    // An empty file may have been filled, copied and emptied since the last look.
    if (file_ && file_->untouched() && !IsNext()) file_.reset();
    if (!file_) {
      if (!OpenNext()) return ReadStatus::kIdle;
      continue;
    }
    // Asked before the last look at the file: what is written in between is not missed.
    bool successor = false;
    for (int look = 0; look < 2; ++look) {
      auto got = file_->Next(line);
      if (!got) {
        Trouble(got.error().message());
        GoOn(place(), GapReason::kRotatedAway);
        return ReadStatus::kIdle;
      }
      if (*got) return ReadStatus::kLine;
      if (file_->changed()) break;
      if (look == 0 && !(successor = HasSuccessor())) return ReadStatus::kIdle;
    }
    if (file_->changed()) {
      GoOn(place(), GapReason::kTruncated);
      continue;
    }
    if (file_->TakeRest(line)) return ReadStatus::kLine;
    Done();
  }
}

LogPlace FollowedLog::place() const {
  // Of a file that nothing was taken from yet only its inode is known: the end of the one before it
  // says more.
  const bool fresh = file_ && file_->place().offset == 0 && !place_.head.empty();
  LogPlace place = file_ && !fresh ? file_->place() : place_;
  if (place.offset == 0) place.read_at = done_to_;
  place.path = path_;
  return place;
}

}  // namespace kle
