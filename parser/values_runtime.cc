// SPDX-License-Identifier: Apache-2.0
// The protobuf messages that container runtimes print.
#include <charconv>

#include "parser/scan.h"
#include "parser/values.h"

namespace kle {
namespace {

using scan::kNone;

bool EndsWord(std::string_view text, size_t at) {
  return at == 0 || text[at - 1] == ' ' || text[at - 1] == '{' || text[at - 1] == ',';
}

// The value of `Key:` or `key:`, up to a blank, a comma or a bracket, quotes dropped.
std::string_view Member(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  while (at != kNone && !EndsWord(text, at)) at = text.find(key, at + 1);
  if (at == kNone) return {};
  text.remove_prefix(at + key.size());
  if (text.starts_with('"')) {
    const size_t end = scan::EndOfQuoted(text, 0);
    return end == kNone ? std::string_view() : text.substr(1, end - 2);
  }
  return text.substr(0, text.find_first_of(" ,}"));
}

std::string_view Either(std::string_view text, std::string_view key, std::string_view other) {
  const std::string_view value = Member(text, key);
  return value.empty() ? Member(text, other) : value;
}

std::optional<int64_t> Number(std::string_view text) {
  if (text.empty()) return 0;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<PodRef> ParsePodMetadata(std::string_view text) {
  PodRef pod;
  pod.name = Either(text, "Name:", "name:");
  pod.namespace_ = Either(text, "Namespace:", "namespace:");
  const std::string_view uid = Either(text, "Uid:", "uid:");
  // By the grammars that hold for every other way of naming a pod.
  const auto name = ParsePodRef(pod.name);
  const auto name_space = ParsePodRef(pod.namespace_);
  if (!name || !name_space || name->name != pod.name || name_space->name != pod.namespace_) {
    return std::nullopt;
  }
  pod.uid = ParseContainerId(uid);
  return pod.uid == uid ? std::optional(pod) : std::nullopt;
}

std::string_view ParseContainerMetadata(std::string_view text) {
  return Either(text, "Name:", "name:");
}

std::optional<TaskExit> ParseTaskExit(std::string_view text) {
  constexpr int64_t kLongAfter = int64_t{1} << 35;  // seconds; the year 3058
  const auto code = Number(Member(text, "exit_status:"));
  const auto seconds = Number(Member(text, "seconds:"));
  const auto nanos = Number(Member(text, "nanos:"));
  if (!code || !seconds || !nanos || *seconds == 0 || *seconds > kLongAfter ||
      *nanos >= 1'000'000'000) {
    return std::nullopt;
  }
  return TaskExit{*code, Timestamp(std::chrono::seconds(*seconds) + Duration(*nanos / 1000))};
}

}  // namespace kle
