// SPDX-License-Identifier: Apache-2.0
// A journal file that is truncated while it is mapped kills its reader by SIGBUS (systemd #24320).
// libsystemd leaves the signal to the program.
#pragma once

namespace kle {

// While one lives, a SIGBUS in this thread puts a page of zeroes in the place of the missing one;
// libsystemd takes it for a damaged file. Anywhere else the signal does what it always did.
class JournalSigbus {
 public:
  JournalSigbus();
  ~JournalSigbus();
  JournalSigbus(const JournalSigbus&) = delete;
  JournalSigbus& operator=(const JournalSigbus&) = delete;

  // Whether that happened in this thread since the last call.
  static bool TakeHit();
};

}  // namespace kle
