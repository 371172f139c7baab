// SPDX-License-Identifier: Apache-2.0
// The forms of what is around a line, a function each: it takes its own off the front of the line
// and keeps what that told, or gives false and leaves the line alone. unwrap.cc has the table of
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parser/unwrap.h"

namespace kle::wrappers {

// The line as far as it is unwrapped, and what a wrapper may use.
struct Line : Unwrapped {
  std::string* scratch = nullptr;  // for text that had to be unescaped
  Unwrapper::Origin* origin = nullptr;
  Unwrapper::Boot* last_boot = nullptr;
};

// wrappers_dated.cc: a date, a host, a name.
bool Syslog(Line& line);
bool Iso(Line& line);
bool FullDate(Line& line);
bool UnixTime(Line& line);
bool Uptime(Line& line);
bool SyslogProtocol(Line& line);
bool Priority(Line& line);
bool NameAlone(Line& line);
bool Component(Line& line);
bool Grep(Line& line);

// wrappers_fields.cc: fields, of which one is the line.
bool DockerJson(Line& line);
bool JournalJson(Line& line);
bool JournalField(Line& line);
bool Logrus(Line& line);

// Which of klog's records the text begins; kOther of all else.
LineFormat Begins(std::string_view text);

// What follows a name alone, with nothing to vouch for it, must itself be a line of a kubelet or a
// runtime.
bool BeginsRecord(std::string_view text);

// Tells one writer's lines from another's; never 0, the key of bare lines.
uint64_t KeyOf(std::string_view text, uint64_t seed);

// Whose line it is; those of any other program are foreign.
void SetWriter(Line& line, LogWriter writer);
void NameWriter(Line& line, std::string_view name, uint64_t pid);

// In the digits that the text begins with.
uint64_t NumberOf(std::string_view text);

}  // namespace kle::wrappers
