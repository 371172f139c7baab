// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "exporter/descriptor.h"

namespace kle {
namespace {

constexpr std::string_view kMagic = "LPKSHHRH";
constexpr size_t kIncompatibleFlags = 12;  // offset of a le32
// xz, lz4, keyed hash, zstd, compact: what systemd 252 knows.
constexpr uint32_t kKnownFlags = 0x1f;
constexpr const char* kPermission = "permission";
// What groups from outside look like in a user namespace (PrivateUsers=yes).
constexpr gid_t kHiddenGroup = 65534;

std::string ReasonOf(int error) {
  return error == EACCES || error == EPERM ? kPermission : "io_error";
}

// A machine id, or one with a namespace behind it.
bool MachineFolder(std::string_view name) {
  const std::string_view id = name.substr(0, std::min<size_t>(name.size(), 32));
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == id.npos &&
         (name.size() == 32 || name[32] == '.');
}

bool JournalName(std::string_view name) {
  return name.ends_with(".journal") || name.ends_with(".journal~");
}

// The names in a folder; -1 and errno when it cannot be read.
int List(const std::string& folder, std::vector<std::string>& names) {
  DIR* stream = opendir(folder.c_str());
  if (stream == nullptr) return -1;
  while (const dirent* entry = readdir(stream)) names.emplace_back(entry->d_name);
  closedir(stream);
  std::sort(names.begin(), names.end());
  return 0;
}

void AddTrouble(const std::string& path, const std::string& trouble, JournalFiles& files) {
  ++files.unreadable[trouble];
  if (trouble == kPermission && files.advice.empty()) files.advice = JournalAccessAdvice(path);
}

void AddFile(const std::string& path, JournalFiles& files) {
  const std::string trouble = JournalFileTrouble(path);
  if (trouble.empty()) {
    files.readable.push_back(path);
  } else {
    AddTrouble(path, trouble, files);
  }
}

std::string GroupName(gid_t gid) {
  std::array<char, 4096> buffer{};
  group entry{};
  group* found = nullptr;
  getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : found->gr_name;
}

// The group of the journal by name; kHiddenGroup when there is none of that name.
gid_t JournalGroup() {
  std::array<char, 4096> buffer{};
  group entry{};
  group* found = nullptr;
  getgrnam_r("systemd-journal", &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? kHiddenGroup : found->gr_gid;
}

}  // namespace

int64_t JournalFiles::unreadable_total() const {
  int64_t total = 0;
  for (const auto& [reason, count] : unreadable) total += count;
  return total;
}

bool IsJournalFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (*file < 0) return JournalName(path);
  std::array<char, kMagic.size()> head{};
  return pread(*file, head.data(), head.size(), 0) == ssize_t{head.size()} &&
         std::string_view(head.data(), head.size()) == kMagic;
}

std::string JournalFileTrouble(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (*file < 0) return errno == ENOENT ? "" : ReasonOf(errno);  // gone by rotation: no trouble
  std::array<char, kIncompatibleFlags + sizeof(uint32_t)> head{};
  const ssize_t got = pread(*file, head.data(), head.size(), 0);
  if (got < 0) return ReasonOf(errno);
  if (got == 0) return "";  // just made
  if (got < ssize_t{head.size()} || std::string_view(head.data(), kMagic.size()) != kMagic) {
    return "bad_magic";
  }
  uint32_t flags = 0;
  for (size_t i = sizeof flags; i-- > 0;) {
    flags = (flags << 8) | static_cast<unsigned char>(head[kIncompatibleFlags + i]);
  }
  return (flags & ~kKnownFlags) != 0 ? "newer_format" : "";
}

Result<JournalFiles> ListJournalFiles(const std::string& folder) {
  std::vector<std::string> names;
  if (List(folder, names) != 0) {
    const int error = errno;
    return SystemError("cannot read journal folder", folder, error,
                       error == EACCES ? JournalAccessAdvice(folder)
                                       : "is the host's journal mounted there, is "
                                         "--journal.directory right?");
  }
  JournalFiles files;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (JournalName(name)) {
      AddFile(path, files);
    } else if (MachineFolder(name)) {
      std::vector<std::string> inner;
      if (List(path, inner) != 0) {
        if (errno != ENOENT) AddTrouble(path, ReasonOf(errno), files);
        continue;
      }
      for (const std::string& file : inner) {
        if (JournalName(file)) AddFile(path + "/" + file, files);
      }
    }
  }
  return files;
}

// The names of a container's groups are not the host's: the number counts.
std::string JournalAccessAdvice(const std::string& path) {
  struct stat info {};
  std::string known = path;
  while (stat(known.c_str(), &info) != 0) {
    const size_t slash = known.find_last_of('/');
    if (slash == std::string::npos || slash == 0) return "run as root";
    known.resize(slash);
  }
  if (info.st_gid == 0 || (info.st_mode & S_IRGRP) == 0) {
    return "no group but root's may read " + known +
           ": let systemd-tmpfiles --create mend it, or run as root";
  }
  const gid_t gid = info.st_gid == kHiddenGroup ? JournalGroup() : info.st_gid;
  if (gid == kHiddenGroup) {
    return "run with the supplementary group systemd-journal of the host, or as root";
  }
  const std::string name = GroupName(gid);
  return "run with the supplementary group " + std::to_string(gid) +
         (name.empty() ? "" : " (" + name + ")") + ", or as root";
}

std::vector<std::string> LocalJournalFolders() {
  std::vector<std::string> folders;
  for (const char* folder : {"/var/log/journal", "/run/log/journal"}) {
    struct stat info {};
    if (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)) folders.emplace_back(folder);
  }
  return folders;
}

}  // namespace kle
