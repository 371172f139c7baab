// SPDX-License-Identifier: Apache-2.0
#include "exporter/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "exporter/build_info.h"
#include "exporter/json_text.h"
#include "exporter/record_json.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kParameters = {"state", "namespace", "pod", "limit"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      plain += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

// The first of a repeated parameter wins.
std::map<std::string, std::string> Parameters(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    parameters.emplace(Unescaped(pair.substr(0, equals)),
                       Unescaped(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return parameters;
}

HttpResponse JsonError(std::string_view message) {
  return {400, "application/json", JsonText({{"error", message}}) + "\n", {}};
}

// What is asked for; a text instead when that cannot be.
struct Wanted {
  bool in_flight = true, recent = true;
  std::string namespace_, pod;  // "" for any
  size_t limit = SIZE_MAX;
  std::string mistake;
};

Wanted WantedBy(std::string_view query) {
  auto parameters = Parameters(query);
  Wanted wanted;
  for (const auto& [name, value] : parameters) {
    if (std::ranges::find(kParameters, name) == kParameters.end()) {
      wanted.mistake = "no parameter '" + name + "': there are state, namespace, pod and limit";
      return wanted;
    }
  }
  if (const std::string& state = parameters["state"]; !state.empty()) {
    wanted.in_flight = state == "in_flight";
    wanted.recent = state == "recent";
    if (!wanted.in_flight && !wanted.recent) {
      wanted.mistake =
          "no state '" + state + "': state is in_flight or recent, or both if left out";
    }
  }
  if (const std::string& text = parameters["limit"]; !text.empty()) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, wanted.limit);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      wanted.mistake = "no limit '" + text + "': limit is a whole number, 0 or more";
    }
  }
  wanted.namespace_ = parameters["namespace"];
  wanted.pod = parameters["pod"];
  return wanted;
}

Json ToJson(const Counts& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

Json SourceJson(const Status& status) {
  Json formats = Json::object();
  for (const auto& [name, lines] : status.source.formats) formats[name] = lines;
  const auto& last = status.source.last_event_at;
  return {{"lines", status.source.lines},
          {"events", status.source.events},
          {"formats", formats},
          {"last_event_at", last ? Json(FormatTimestamp(*last)) : Json()},
          {"lag_seconds", status.lag_seconds},
          {"gaps", ToJson(status.gaps)},
          {"lines_suppressed", status.lines_suppressed},
          {"parse_errors", ToJson(status.parse_errors)},
          {"files_unreadable", ToJson(status.files_unreadable)}};
}

}  // namespace

HttpResponse TerminationsAnswer(const HttpRequest& request, const Snapshot& snapshot) {
  const Wanted wanted = WantedBy(request.query);
  if (!wanted.mistake.empty()) return JsonError(wanted.mistake);
  size_t left = wanted.limit;
  std::string body = R"({"schema":"kubelet-lifecycle/v1","terminations":[)";
  std::string_view separator = "\n";
  const auto add = [&](const RecordList& records) {
    if (!records) return;
    for (const RecordPtr& one : *records) {
      const TerminationRecord& record = *one;
      if (left == 0) return;
      if (!wanted.namespace_.empty() && record.namespace_ != wanted.namespace_) continue;
      if (!wanted.pod.empty() && record.pod != wanted.pod) continue;
      body.append(separator).append(RecordJson(record));
      separator = ",\n";
      --left;
    }
  };
  if (wanted.in_flight) add(snapshot.in_flight);
  if (wanted.recent) add(snapshot.recent);
  body += "]}\n";
  return Tagged(request, {200, "application/json", std::move(body), {}});
}

HttpResponse StatusAnswer(const HttpRequest& request, const Snapshot& snapshot,
                          std::string_view telemetry_path) {
  const Status& status = snapshot.status;
  Json signals = Json::array();
  for (const auto& [signal, available] : status.signals) {
    signals.push_back(
        {{"signal", signal.name}, {"verbosity", signal.level}, {"available", available}});
  }
  const Json json = {
      {"schema", "kubelet-lifecycle-status/v1"},
      {"version", Version()},
      {"snapshot", snapshot.sequence},
      {"ready", snapshot.ready},
      {"reason", snapshot.reason},
      {"links", {{"metrics", "." + std::string(telemetry_path)}}},  // from the page's own place
      {"terminations",
       {{"in_flight", status.in_flight},
        {"overdue", status.overdue},
        {"oldest_age_seconds", status.oldest_age_seconds},
        {"recent", snapshot.recent ? snapshot.recent->size() : 0}}},
      {"kubelet",
       {{"version", status.source.kubelet_version},
        {"verbosity_seen", status.source.verbosity_seen},
        {"restarts", status.source.kubelet_restarts}}},
      {"source", SourceJson(status)},
      {"signals", signals},
      {"advice", Advice(status.source.verbosity_seen, status.source.runtime_seen)}};
  return Tagged(request, {200, "application/json", JsonText(json) + "\n", {}});
}

}  // namespace kle
