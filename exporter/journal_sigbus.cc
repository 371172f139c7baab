// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_sigbus.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace kle {
namespace {

thread_local int guards = 0;
thread_local volatile sig_atomic_t hit = 0;

uintptr_t page_size = 4096;

// Only what may be called in a signal handler (mmap is a plain system call).
void OnSigbus(int signal_number, siginfo_t* info, void* /*context*/) {
  if (guards > 0 && info->si_code == BUS_ADRERR) {
    char* page = static_cast<char*>(info->si_addr);
    page -= reinterpret_cast<uintptr_t>(page) % page_size;
    void* mapped = mmap(page, page_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    hit = 1;
    if (mapped != MAP_FAILED) return;
  }
  signal(signal_number, SIG_DFL);  // the access is tried again, and the default kills
}

bool Install() {
  page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = OnSigbus;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

JournalSigbus::JournalSigbus() {
  [[maybe_unused]] static const bool kInstalled = Install();
  ++guards;
}

JournalSigbus::~JournalSigbus() { --guards; }

bool JournalSigbus::TakeHit() { return std::exchange(hit, 0) != 0; }

}  // namespace kle
