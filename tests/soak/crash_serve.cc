// SPDX-License-Identifier: Apache-2.0
// The exporter, which kills itself at a named step of a commit:
//   KLE_CRASH_STEP=renamed KLE_CRASH_AFTER=3 crash_serve serve ...
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "exporter/cli.h"

int main(int argc, char** argv) {
  const char* step = std::getenv("KLE_CRASH_STEP");
  const char* after = std::getenv("KLE_CRASH_AFTER");
  return kle::RunCli(
      argc, argv,
      [wanted = std::string(step != nullptr ? step : ""),
       left = std::atoi(after != nullptr ? after : "1")](kle::CommitStep reached) mutable {
        if (kle::Name(reached) == wanted && --left <= 0) kill(getpid(), SIGKILL);
      });
}
