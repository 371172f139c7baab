// SPDX-License-Identifier: Apache-2.0
// A folder of its own for one test, gone afterwards.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace kle {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kle-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  // Returns the file's path.
  std::string Write(const std::string& name, std::string_view content) const {
    std::ofstream(*this / name, std::ios::binary) << content;
    return *this / name;
  }
  void Append(const std::string& name, std::string_view content) const {
    std::ofstream(*this / name, std::ios::binary | std::ios::app) << content;
  }

 private:
  std::string path_;
};

// Until `done`, or for so long that even a machine with much else to do would have done it.
inline bool Eventually(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return done();
}

// A kubelet line of the 23rd November, `second` seconds after 10:00.
inline std::string KubeletLine(int second, std::string_view rest) {
  char head[64];
  std::snprintf(head, sizeof head, "I1123 10:%02d:%02d.000000   28696 kubelet.go:1987] ",
                second / 60, second % 60);
  return head + std::string(rest);
}

}  // namespace kle
