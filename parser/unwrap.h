// SPDX-License-Identifier: Apache-2.0
// What others put around a kubelet's line when they write it down: syslog, journalctl, container
// runtimes, k0s, MicroShift. A new form is a function in wrappers_*.cc and a row in unwrap.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/frame.h"
#include "parser/log_line.h"
#include "parser/time.h"

namespace kle {

// A line without its wrappers, and what they told.
struct Unwrapped {
  std::string_view text;
  std::optional<Timestamp> received;
  std::optional<Duration> monotonic;  // of a saved journal
  uint32_t boot = 0;
  uint64_t pid = 0;
  uint64_t key = 0;                        // tells programs apart; 0 of a bare line
  LineFormat format = LineFormat::kOther;  // klog text or JSON: the line begins a record
  LogWriter writer = LogWriter::kAny;      // as the source or a wrapper says
  bool foreign = false;                    // another program's line
  bool other = false;                      // a line of another part of the same writer
  bool partial = false;                    // cut by the wrapper
};

// By a unit's name, a cgroup's path or a syslog identifier; kAny of all others.
LogWriter WriterNamed(std::string_view name);

// As klog's own encoder of JSON begins; no other known one does.
bool BeginsAsKlogJson(std::string_view text);

class Unwrapper {
 public:
  // Of one line, whose writer is what its source says. What a TAB stands before, in whatever
  // wrapper, is the rest of a klog message and begins nothing, unless `tab_wraps`: only
  // journalctl's pretty JSON is written so. Valid until the next call.
  Unwrapped Unwrap(std::string_view text, LogWriter writer, bool tab_wraps);

  // Host and identifier of the last wrapped line, since the next one's are mostly the same.
  struct Origin {
    std::string text;
    uint64_t pid = 0;
    uint64_t key = 0;
    LogWriter writer = LogWriter::kAny;

    template <typename Archive>
    friend void Fields(Archive& archive, Origin& origin) {
      archive(origin.text, origin.pid, origin.key, origin.writer);
    }
  };

  // The boot that a saved journal's last entry was of.
  struct Boot {
    std::string id;
    uint32_t number = 0;  // as LogLine's

    template <typename Archive>
    friend void Fields(Archive& archive, Boot& boot) {
      archive(boot.id, boot.number);
    }
  };

 private:
  static constexpr size_t kLayers = 3;  // wrappers in wrappers, e.g. syslog around k0s

  template <typename Archive>
  friend void Fields(Archive& archive, Unwrapper& unwrapper) {
    archive(unwrapper.hints_, unwrapper.origin_, unwrapper.boot_);
  }

  std::array<size_t, kLayers> hints_{};  // wrapper of the previous line, tried first
  Origin origin_;
  Boot boot_;
  std::array<std::string, kLayers> unescaped_;  // what had to be
};

}  // namespace kle
