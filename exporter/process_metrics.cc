// SPDX-License-Identifier: Apache-2.0
#include "exporter/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

namespace kle {
namespace {

void Put(std::string& text, const char* name, const char* type, const char* help, double value) {
  std::array<char, 512> block{};
  std::snprintf(block.data(), block.size(), "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help,
                name, type, name, value);
  text += block.data();
}

// Fields of /proc/self/stat from the third on: the second, in parentheses, may hold anything.
std::vector<double> StatFields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t close = text.rfind(')');
  if (close == std::string::npos) return {};
  std::istringstream rest(text.substr(close + 1));
  std::string state;
  rest >> state;
  return {std::istream_iterator<double>(rest), {}};
}

// Seconds since the epoch at which the machine booted.
double BootTime() {
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

int OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  int count = -3;  // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

}  // namespace

std::string ProcessMetrics() {
  std::string text;
  // Counted from the fourth field of proc(5) on.
  enum : size_t {
    kUserTicks = 10,
    kSystemTicks = 11,
    kStartTicks = 18,
    kVirtual = 19,
    kPages = 20
  };
  const auto stat = StatFields();
  if (stat.size() > kPages) {
    static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    static const double boot = BootTime();
    Put(text, "process_cpu_seconds_total", "counter",
        "Total user and system CPU time spent in seconds.",
        (stat[kUserTicks] + stat[kSystemTicks]) / ticks);
    Put(text, "process_start_time_seconds", "gauge",
        "Start time of the process since unix epoch in seconds.", boot + stat[kStartTicks] / ticks);
    Put(text, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
        stat[kVirtual]);
    Put(text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
        stat[kPages] * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (const int open = OpenFiles(); open >= 0) {
    Put(text, "process_open_fds", "gauge", "Number of open file descriptors.", open);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    Put(text, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
        static_cast<double>(limit.rlim_cur));
  }
  return text;
}

}  // namespace kle
