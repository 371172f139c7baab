// SPDX-License-Identifier: Apache-2.0
// Real journal files with chosen content, written by systemd-journal-remote from the export format.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "exporter/journal_source.h"
#include "temp_folder.h"

namespace kle {

using std::chrono::milliseconds;

inline constexpr const char* kWriter = "/lib/systemd/systemd-journal-remote";
inline constexpr const char* kBootA = "11111111111111111111111111111111";
inline constexpr const char* kBootB = "22222222222222222222222222222222";

struct Entry {
  std::string message;
  uint64_t realtime = 0;
  const char* boot = kBootA;
  std::string unit = "kubelet.service";  // "": the kernel
  std::string line_break = {};
  int pid = 812;
  std::vector<std::string> fields = {};  // "NAME=value", besides
  uint64_t monotonic = 0;                // 0: by the realtime
  bool stream = true;                    // unless it came another way, by its _TRANSPORT

  bool of_stream() const {
    return stream && std::ranges::none_of(fields, [](const std::string& field) {
             return field.starts_with("_TRANSPORT=") && field != "_TRANSPORT=stdout";
           });
  }
};

inline std::string Export(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries) {
    text += "__REALTIME_TIMESTAMP=" + std::to_string(entry.realtime) + "\n";
    const uint64_t monotonic =
        entry.monotonic > 0 ? entry.monotonic : entry.realtime % 1'000'000'000;
    text += "__MONOTONIC_TIMESTAMP=" + std::to_string(monotonic) + "\n";
    text += std::string("_BOOT_ID=") + entry.boot + "\n";
    if (!entry.unit.empty()) text += "_SYSTEMD_UNIT=" + entry.unit + "\n";
    text += "_PID=" + std::to_string(entry.pid) + "\n";
    if (entry.of_stream()) {
      text += "_STREAM_ID=" + std::string(28, '0') + std::to_string(1000 + entry.pid) + "\n";
    }
    if (!entry.line_break.empty()) text += "_LINE_BREAK=" + entry.line_break + "\n";
    for (const std::string& field : entry.fields) text += field + "\n";
    text += "MESSAGE\n";
    for (size_t size = entry.message.size(), i = 0; i < 8; ++i, size >>= 8) {
      text += static_cast<char>(size & 0xff);
    }
    text += entry.message + "\n\n";
  }
  return text;
}

// Folders of journals with chosen times, boots and fields.
class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    if (access(kWriter, X_OK) != 0) {
      GTEST_SKIP() << kWriter << " is missing: apt-get install systemd-journal-remote";
    }
  }

  std::string Write(const std::string& name, const std::vector<Entry>& entries) {
    const std::string text = folder_.Write(name + ".export", Export(entries));
    const std::string command =
        std::string(kWriter) + " -o " + (folder_ / name) + " " + text + " >/dev/null 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return folder_ / name;
  }

  static std::vector<std::string> Read(JournalSource& source, milliseconds wait = {}) {
    std::vector<std::string> lines;
    LogLine line;
    while (true) {
      auto status = source.Next(line, wait);
      EXPECT_TRUE(status);
      if (!status || *status == ReadStatus::kIdle || *status == ReadStatus::kEnd) return lines;
      lines.push_back(*status == ReadStatus::kGap ? "(gap)" : std::string(line.text));
    }
  }

  std::vector<std::string> ReadFiles(std::vector<std::string> files,
                                     std::vector<std::string> units = {}) {
    auto source = JournalSource::Open({"", std::move(files), std::move(units), StartAt::kAll});
    EXPECT_TRUE(source);
    return source ? Read(**source) : std::vector<std::string>{};
  }

  std::vector<std::string> ReadFolder(StartAt start) {
    auto source = JournalSource::Open({folder_.path(), {}, {}, start});
    EXPECT_TRUE(source);
    return source ? Read(**source) : std::vector<std::string>{};
  }

  using Lines = std::vector<std::string>;
  TempFolder folder_;
};

inline constexpr uint64_t kStart = 1'795'400'000'000'000;

}  // namespace kle
