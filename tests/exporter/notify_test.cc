// SPDX-License-Identifier: Apache-2.0
// Against a socket such as systemd gives to its services.
#include "exporter/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "exporter/serve_loop.h"
#include "temp_folder.h"

namespace kle {
namespace {

using std::chrono::milliseconds;
using Said = std::vector<std::string>;

class NotifyTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = folder_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC"}) unsetenv(name);
    close(socket_);
  }

  Said Heard() const {
    Said said;
    std::array<char, 4096> text{};
    ssize_t size = 0;
    while ((size = recv(socket_, text.data(), text.size(), 0)) > 0) {
      said.emplace_back(text.data(), static_cast<size_t>(size));
    }
    return said;
  }

 private:
  TempFolder folder_;
  int socket_ = -1;
};

TEST_F(NotifyTest, TellsEachStatusOnceAndInOneLine) {
  Notifier notifier;
  notifier.Ready();
  notifier.Status("catching up");
  notifier.Status("catching up");
  notifier.Status("bad\nMAINPID=1");
  notifier.Stopping();
  EXPECT_EQ(Heard(), (Said{"READY=1", "STATUS=catching up", "STATUS=bad MAINPID=1", "STOPPING=1"}));
}

TEST_F(NotifyTest, NoSignOfLifeUnlessAskedFor) {
  Notifier notifier;
  notifier.Alive();
  EXPECT_EQ(notifier.alive_every().count(), 0);
  EXPECT_EQ(Heard(), Said{});
}

TEST_F(NotifyTest, SeveralSignsOfLifeWithinTheLimit) {
  setenv("WATCHDOG_USEC", "2000000", 1);
  Notifier notifier;
  notifier.Alive();
  EXPECT_EQ(notifier.alive_every(), milliseconds(500));
  EXPECT_EQ(Heard(), Said{"WATCHDOG=1"});
}

// Idle for a while with nothing to commit, then caught in one call.
class IdleThenCaught : public LineSource {
 public:
  explicit IdleThenCaught(std::atomic<bool>& stop) : stop_(stop) {}

  Result<ReadStatus> Next(LogLine&, milliseconds) override {
    std::this_thread::sleep_for(milliseconds(5));
    if (++calls_ < 60) return ReadStatus::kIdle;
    caught_ = true;
    while (!stop_) std::this_thread::sleep_for(milliseconds(5));
    return ReadStatus::kIdle;
  }
  bool caught() const { return caught_; }

 private:
  std::atomic<bool>& stop_;
  std::atomic<bool> caught_{false};
  int calls_ = 0;
};

TEST_F(NotifyTest, TheLoopIsAliveWhileItTurnsAndNotWhenItIsCaught) {
  setenv("WATCHDOG_USEC", "80000", 1);
  Notifier notifier;
  std::atomic<bool> stop{false};
  IdleThenCaught source(stop);
  SnapshotBox snapshots;
  ServeLoopOptions options;
  options.on_turn = [&notifier] { notifier.Alive(); };
  options.turn_every = notifier.alive_every();
  Restored fresh;
  fresh.pipeline = std::make_unique<Pipeline>(PipelineOptions());
  ServeLoop loop(source, snapshots, std::move(fresh), options);
  std::thread thread([&] { EXPECT_TRUE(loop.Run(stop)); });

  // The socket holds ten or so, and then its writers wait.
  int64_t turning = 0;
  while (!source.caught()) {
    std::this_thread::sleep_for(milliseconds(1));
    const Said said = Heard();
    turning += std::count(said.begin(), said.end(), "WATCHDOG=1");
  }
  EXPECT_GE(turning, 5);
  Heard();
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(Heard(), Said{});
  stop = true;
  thread.join();
}

}  // namespace
}  // namespace kle
