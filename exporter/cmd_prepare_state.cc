// SPDX-License-Identifier: Apache-2.0
// For an init container: a folder that the kubelet made for root becomes the exporter's to write.
// The owner of a folder may give it to a group of its own, so no capability is needed.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "exporter/complain.h"
#include "exporter/descriptor.h"
#include "exporter/options.h"
#include "exporter/result.h"

namespace kle {
namespace {

constexpr mode_t kMode = 0770;
constexpr mode_t kModeBits = 07777;
constexpr const char* kAdvice =
    "run this as the folder's owner (root) with the exporter's group (runAsUser: 0, runAsGroup: "
    "that of the exporter)";

Result<void> GiveToGroup(int folder, const std::string& path) {
  struct stat info {};
  if (fstat(folder, &info) != 0) return SystemError("cannot look at", path, errno);
  const gid_t group = getegid();
  if (info.st_gid == group && (info.st_mode & kModeBits) == kMode) return {};
  if (info.st_gid != group && fchown(folder, static_cast<uid_t>(-1), group) != 0) {
    return SystemError("cannot give group " + std::to_string(group) + " the folder", path, errno,
                       kAdvice);
  }
  if (fchmod(folder, kMode) != 0) {
    return SystemError("cannot change the mode of", path, errno, kAdvice);
  }
  return {};
}

Result<void> Prepare(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return SystemError("cannot make the folder", path, failed.value(), kAdvice);
  const Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (*folder < 0) return SystemError("cannot open the folder", path, errno, kAdvice);
  return GiveToGroup(*folder, path);
}

}  // namespace

int RunPrepareState(const std::string& state_path) {
  const auto folder = std::filesystem::path(state_path).parent_path();
  if (folder.empty() || folder == folder.root_path()) {
    return Complain(kUsageError, "--state.path=" + state_path +
                                     " has no folder of its own: give an absolute path below one");
  }
  const auto done = Prepare(folder.string());
  return done ? kOk : Complain(kRuntimeError, done.error().message());
}

}  // namespace kle
