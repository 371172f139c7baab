// SPDX-License-Identifier: Apache-2.0
// Records that are one line each: a container runtime's (logrus text or JSON) and the kernel's.
#pragma once

#include <string_view>

#include "parser/klog.h"

namespace kle {

// How a logrus line of text begins.
inline constexpr std::string_view kLogrusText = "time=\"";

// {"level":"info","msg":"...","time":"2026-..."} of logrus, with whatever fields besides.
bool IsLogrusJson(std::string_view object);

// The offset that a line's time has, "+01:00": its node's zone. "" when it has none, or is UTC.
std::string_view ZoneOfTime(std::string_view line);

// Of frames for which IsWhole holds; behind ParseHeader and ParseHead.
ParseError ParseWholeHeader(const Frame& frame, Record& record);
void ReadWholeMessage(std::string_view text, Record& record);

}  // namespace kle
