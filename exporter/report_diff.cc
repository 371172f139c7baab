// SPDX-License-Identifier: Apache-2.0
// Two logs, or two versions of the kubelet, measurement by measurement.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "exporter/json_text.h"
#include "exporter/report.h"
#include "exporter/text.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
  std::string name;
  Quantiles left;
  Quantiles right;
};

Quantiles PhaseOf(const Summary& summary, Phase phase) {
  for (const auto& [one, quantiles] : summary.phases) {
    if (one == phase) return quantiles;
  }
  return {};
}

std::vector<Row> RowsOf(const Summary& left, const Summary& right) {
  std::vector<Row> rows{
      {"termination", left.termination_seconds, right.termination_seconds},
      {"deletion", left.deletion_seconds, right.deletion_seconds},
  };
  for (int i = 0; i < kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    rows.push_back({std::string(Name(phase)), PhaseOf(left, phase), PhaseOf(right, phase)});
  }
  rows.push_back({"volume_unmount", left.unmount_seconds, right.unmount_seconds});
  std::erase_if(rows, [](const Row& row) { return row.left.count + row.right.count == 0; });
  return rows;
}

std::optional<double> Ratio(const Quantiles& left, const Quantiles& right,
                            double Quantiles::*quantile) {
  if (left.count == 0 || right.count == 0 || left.*quantile <= 0) return std::nullopt;
  return right.*quantile / left.*quantile;
}

std::string ShortRatio(const std::optional<double>& ratio) {
  if (!ratio) return "-";
  char text[32];
  std::snprintf(text, sizeof text,
                *ratio < 0.0995  ? "x%.1g"
                : *ratio < 9.995 ? "x%.2f"
                                 : "x%.0f",
                *ratio);
  return text;
}

std::string Seconds(const Quantiles& quantiles, double Quantiles::*quantile) {
  return quantiles.count == 0 ? "-" : ShortSeconds(quantiles.*quantile);
}

std::string Described(const Report& report) {
  const std::string& version = report.source.kubelet_version;
  return report.name + ": kubelet " + (version.empty() ? "of unknown version" : version) +
         ", log level " + std::to_string(report.source.verbosity_seen) + " seen, " +
         Grouped(report.summary.terminations) + " terminations, stuck " +
         Grouped(report.summary.stuck);
}

Json ToJson(const Quantiles& quantiles) {
  Json json{{"count", quantiles.count}, {"p50", nullptr}, {"p99", nullptr}};
  if (quantiles.count > 0) {
    json["p50"] = quantiles.p50;
    json["p99"] = quantiles.p99;
  }
  return json;
}

Json ToJson(const std::optional<double>& ratio) { return ratio ? Json(*ratio) : Json(); }

using Counts = std::map<std::string, size_t>;

size_t In(const Counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

// Names of either side, each with both counts.
std::vector<std::pair<std::string, std::pair<size_t, size_t>>> Both(const Counts& left,
                                                                    const Counts& right) {
  std::set<std::string> names;
  for (const Counts* counts : {&left, &right}) {
    for (const auto& [name, count] : *counts) names.insert(name);
  }
  std::vector<std::pair<std::string, std::pair<size_t, size_t>>> both;
  for (const std::string& name : names) {
    both.push_back({name, {In(left, name), In(right, name)}});
  }
  return both;
}

Json CountsJson(const Counts& left, const Counts& right) {
  Json json = Json::object();
  for (const auto& [name, counts] : Both(left, right)) {
    json[name] = {{"left", counts.first}, {"right", counts.second}};
  }
  return json;
}

Json SideJson(const Report& report) {
  Json json{{"name", report.name}};
  json["source"] = Json::parse(SourceJson(report));
  json["terminations"] = report.summary.terminations;
  json["in_flight"] = report.summary.in_flight;
  json["stuck"] = report.summary.stuck;
  return json;
}

}  // namespace

std::string DiffTable(const Report& left, const Report& right, const TableStyle& style) {
  const size_t width = std::max<size_t>(style.width, 60);
  const bool wide = width >= 80;
  const size_t label = wide ? 18 : 17;
  const size_t number = wide ? 8 : 7;
  const auto bold = [&](const std::string& text) {
    return style.colour ? "\x1b[1m" + text + "\x1b[0m" : text;
  };
  std::string out = Wrap("A  before: " + Described(left), width, 0) +
                    Wrap("B  after: " + Described(right), width, 0) +
                    Wrap("ratio: B / A", width, 0);
  const auto row = [&](const std::vector<std::string>& cells) {
    std::string line = Cell(cells[0], label);
    for (size_t i = 1; i < cells.size(); ++i) {
      // Counts are short, and a narrow terminal has no room for them.
      if (wide || i > 2) line += CellRight(cells[i], i <= 2 ? 7 : number);
    }
    return Fit(line, width);
  };
  out +=
      "\n" +
      bold(row({"DURATIONS", "A n", "B n", "A p50", "B p50", "ratio", "A p99", "B p99", "ratio"})) +
      "\n";
  for (const Row& one : RowsOf(left.summary, right.summary)) {
    out += row({one.name, Grouped(one.left.count), Grouped(one.right.count),
                Seconds(one.left, &Quantiles::p50), Seconds(one.right, &Quantiles::p50),
                ShortRatio(Ratio(one.left, one.right, &Quantiles::p50)),
                Seconds(one.left, &Quantiles::p99), Seconds(one.right, &Quantiles::p99),
                ShortRatio(Ratio(one.left, one.right, &Quantiles::p99))}) +
           "\n";
  }
  for (const auto& [title, a, b] :
       {std::tuple("OUTCOMES", &left.summary.by_outcome, &right.summary.by_outcome),
        std::tuple("FAILURES", &left.summary.failures, &right.summary.failures)}) {
    const auto both = Both(*a, *b);
    if (both.empty()) continue;
    out += "\n" + bold(Cell(title, 34) + CellRight("A", 9) + CellRight("B", 9)) + "\n";
    for (const auto& [name, counts] : both) {
      out += Cell(name, 34) + CellRight(Grouped(counts.first), 9) +
             CellRight(Grouped(counts.second), 9) + "\n";
    }
  }
  return out;
}

std::string DiffJson(const Report& left, const Report& right) {
  Json durations = Json::array();
  for (const Row& row : RowsOf(left.summary, right.summary)) {
    durations.push_back({{"name", row.name},
                         {"left", ToJson(row.left)},
                         {"right", ToJson(row.right)},
                         {"ratio",
                          {{"p50", ToJson(Ratio(row.left, row.right, &Quantiles::p50))},
                           {"p99", ToJson(Ratio(row.left, row.right, &Quantiles::p99))}}}});
  }
  const Json diff{{"schema", "kubelet-lifecycle-diff/v1"},
                  {"left", SideJson(left)},
                  {"right", SideJson(right)},
                  {"durations", durations},
                  {"outcomes", CountsJson(left.summary.by_outcome, right.summary.by_outcome)},
                  {"failures", CountsJson(left.summary.failures, right.summary.failures)}};
  return JsonText(diff) + "\n";
}

}  // namespace kle
