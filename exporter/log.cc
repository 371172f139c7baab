// SPDX-License-Identifier: Apache-2.0
#include "exporter/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>

#include "exporter/json_text.h"
#include "parser/time.h"

namespace kle {
namespace {

std::atomic<bool> as_json{false};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    default:
      return "error";
  }
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

std::string LogfmtValue(std::string_view value) {
  const auto bare = [](char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  };
  if (!value.empty() && std::all_of(value.begin(), value.end(), bare)) return std::string(value);
  return JsonText(nlohmann::ordered_json(value));
}

}  // namespace

std::string LogfmtLine(std::string_view time, LogLevel level, std::string_view message,
                       LogFields fields) {
  std::string line = "ts=";
  line.append(time).append(" level=").append(LevelName(level));
  line.append(" msg=").append(JsonText(nlohmann::ordered_json(message)));
  for (const auto& [key, value] : fields) {
    line.append(" ").append(key).append("=").append(LogfmtValue(value));
  }
  return line;
}

std::string JsonLine(std::string_view time, LogLevel level, std::string_view message,
                     LogFields fields) {
  nlohmann::ordered_json json{{"ts", time}, {"level", LevelName(level)}, {"msg", message}};
  for (const auto& [key, value] : fields) json[std::string(key)] = value;
  return JsonText(json);
}

void SetUpLog(const std::string& level, const std::string& format) {
  auto logger =
      std::make_shared<spdlog::logger>("kle", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  SetLogOptions(level, format);
}

void SetLogOptions(const std::string& level, const std::string& format) {
  as_json = format == "json";
  spdlog::default_logger_raw()->set_level(level == "debug"   ? spdlog::level::debug
                                          : level == "warn"  ? spdlog::level::warn
                                          : level == "error" ? spdlog::level::err
                                                             : spdlog::level::info);
}

void Log(LogLevel level, std::string_view message, LogFields fields) {
  if (!spdlog::should_log(ToSpdlog(level))) return;
  const std::string time =
      FormatTimestamp(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  const std::string line =
      as_json ? JsonLine(time, level, message, fields) : LogfmtLine(time, level, message, fields);
  spdlog::default_logger_raw()->log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace kle
