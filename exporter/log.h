// SPDX-License-Identifier: Apache-2.0
// The exporter's own log on standard error: one line per change of its state, as logfmt or JSON.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace kle {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// Once, before the first thread. `level` and `format` as the flags name them.
void SetUpLog(const std::string& level, const std::string& format);

// Any time later, from any thread.
void SetLogOptions(const std::string& level, const std::string& format);

// Any thread.
void Log(LogLevel level, std::string_view message, LogFields fields = {});

// What Log writes, for tests.
std::string LogfmtLine(std::string_view time, LogLevel level, std::string_view message,
                       LogFields fields);
std::string JsonLine(std::string_view time, LogLevel level, std::string_view message,
                     LogFields fields);

}  // namespace kle
