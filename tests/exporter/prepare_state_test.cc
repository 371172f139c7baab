// SPDX-License-Identifier: Apache-2.0
// What an init container does: the folder's owner lets the exporter's group write it.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "exporter/options.h"
#include "exporter/state_file.h"
#include "temp_folder.h"

namespace kle {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

TEST(PrepareState, GivesTheFolderToTheGroupOfTheProcess) {
  const TempFolder folder;
  const std::string state = folder / "state-folder/state";
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(RunPrepareState(state), kOk);
    EXPECT_EQ(ModeOf(folder / "state-folder"), 0770);
    struct stat info {};
    ASSERT_EQ(stat((folder / "state-folder").c_str(), &info), 0);
    EXPECT_EQ(info.st_gid, getegid());
    EXPECT_EQ(info.st_uid, geteuid());
  }
}

TEST(PrepareState, AFolderOfItsOwnIsAskedFor) {
  EXPECT_EQ(RunPrepareState("state"), kUsageError);
  EXPECT_EQ(RunPrepareState("/state"), kUsageError);
}

TEST(PrepareState, DoesNotFollowALink) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "other");
  std::filesystem::create_directory_symlink(folder / "other", folder / "link");
  const mode_t before = ModeOf(folder / "other");
  EXPECT_EQ(RunPrepareState(folder / "link/state"), kRuntimeError);
  EXPECT_EQ(ModeOf(folder / "other"), before);
}

TEST(PrepareStateDeathTest, SaysWhoMayDoIt) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  const TempFolder folder;
  std::filesystem::create_directory(folder / "roots");
  ASSERT_EQ(chmod((folder / "").c_str(), 0755), 0);
  EXPECT_EXIT(
      {
        if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) std::abort();
        std::exit(RunPrepareState(folder / "roots/state"));
      },
      testing::ExitedWithCode(kRuntimeError), "runAsUser: 0, runAsGroup");
}

TEST(PrepareStateDeathTest, WithoutItTheStateFileSaysWhatToDo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  const TempFolder folder;
  ASSERT_EQ(chmod((folder / "").c_str(), 0755), 0);
  EXPECT_EXIT(
      {
        if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) std::abort();
        const auto saved = StateFile(folder / "state").Save("x");
        std::fputs(saved ? "" : saved.error().message().c_str(), stderr);
        std::exit(saved ? 0 : 1);
      },
      testing::ExitedWithCode(1), "let user 65534 write the folder .* .in a pod: prepare-state");
}

}  // namespace
}  // namespace kle
