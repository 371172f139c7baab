// SPDX-License-Identifier: Apache-2.0
#include "exporter/json_text.h"
#include "exporter/record_json.h"
#include "exporter/report.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Quantiles& quantiles) {
  if (quantiles.count == 0) {
    return {{"count", 0}, {"p50", nullptr}, {"p90", nullptr}, {"p99", nullptr}, {"max", nullptr}};
  }
  return {{"count", quantiles.count},
          {"p50", quantiles.p50},
          {"p90", quantiles.p90},
          {"p99", quantiles.p99},
          {"max", quantiles.max}};
}

Json ToJson(const std::map<std::string, size_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

Json Time(const std::optional<Timestamp>& at) { return at ? Json(FormatTimestamp(*at)) : Json(); }

Json ToJson(const SourceSummary& source) {
  Json formats = Json::object();
  for (const auto& [name, lines] : source.formats) formats[name] = lines;
  Json times = Json::object();
  uint64_t missing = 0;
  for (const auto& [reason, count] : source.gaps) {
    times[std::string(Name(reason))] = count.times;
    missing += count.lines;
  }
  return {{"kubelet_version", source.kubelet_version},
          {"verbosity_seen", source.verbosity_seen},
          {"lines", source.lines},
          {"events", source.events},
          {"formats", formats},
          {"gaps", times},
          {"lines_missing", missing},
          {"first_event_at", Time(source.first_event_at)},
          {"last_event_at", Time(source.last_event_at)}};
}

Json ToJson(const Summary& summary) {
  Json phases = Json::object();
  for (const auto& [phase, quantiles] : summary.phases) {
    phases[std::string(Name(phase))] = ToJson(quantiles);
  }
  return {{"terminations", summary.terminations},
          {"in_flight", summary.in_flight},
          {"stuck", summary.stuck},
          {"kubelet_restarts", summary.kubelet_restarts},
          {"killed_after_grace", summary.killed_after_grace},
          {"by_state", ToJson(summary.by_state)},
          {"by_trigger", ToJson(summary.by_trigger)},
          {"by_outcome", ToJson(summary.by_outcome)},
          {"failures", ToJson(summary.failures)},
          {"termination_seconds", ToJson(summary.termination_seconds)},
          {"deletion_seconds", ToJson(summary.deletion_seconds)},
          {"unmount_seconds", ToJson(summary.unmount_seconds)},
          {"phase_seconds", phases},
          {"advice", summary.advice}};
}

}  // namespace

std::string SourceJson(const Report& report) { return JsonText(ToJson(report.source)); }
std::string SummaryJson(const Report& report) { return JsonText(ToJson(report.summary)); }

// Record by record, one line each: grep works.
void WriteReportJson(std::ostream& out, const Report& report) {
  out << R"({"schema":"kubelet-lifecycle/v1",)"
      << "\n\"source\":" << SourceJson(report) << ",\n\"terminations\":[";
  std::string_view separator = "\n";
  for (const RecordPtr& record : report.terminations) {
    out << separator << RecordJson(*record);
    separator = ",\n";
  }
  out << "],\n\"summary\":" << SummaryJson(report) << "}\n";
}

}  // namespace kle
