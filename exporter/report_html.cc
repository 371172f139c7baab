// SPDX-License-Identifier: Apache-2.0
// exporter/web/report.html with everything in it that it wants: sheets, scripts and the records.
// Its policy names each by its hash, so that nothing else runs and nothing is fetched, whatever a
// message of the log holds.
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/json_text.h"
#include "exporter/record_json.h"
#include "exporter/report.h"
#include "exporter/sha256.h"
#include "exporter/web_assets.h"

namespace kle {
namespace {

// A browser shows so many with ease; the JSON report has them all.
constexpr size_t kMostEnded = 500;
constexpr size_t kMostUnfinished = 500;

std::string_view Asset(std::string_view name) {
  const WebAsset* asset = FindWebAsset(name);
  return asset == nullptr ? std::string_view() : asset->bytes;
}

// JSON that ends no script element: of a "<", only its escape is left.
std::string ForScript(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

// The never finished, oldest first, then the slowest.
std::vector<const TerminationRecord*> Shown(const Report& report) {
  std::vector<const TerminationRecord*> unfinished, ended;
  for (const RecordPtr& record : report.terminations) {
    (record->current ? unfinished : ended).push_back(record.get());
  }
  std::stable_sort(unfinished.begin(), unfinished.end(), [](const auto* a, const auto* b) {
    return a->current->overdue > b->current->overdue;
  });
  std::stable_sort(ended.begin(), ended.end(), [](const auto* a, const auto* b) {
    return TotalOf(*a).value_or(Duration(-1)) > TotalOf(*b).value_or(Duration(-1));
  });
  unfinished.resize(std::min(unfinished.size(), kMostUnfinished));
  ended.resize(std::min(ended.size(), kMostEnded));
  unfinished.insert(unfinished.end(), ended.begin(), ended.end());
  return unfinished;
}

void WriteData(std::ostream& out, const Report& report) {
  out << R"(<script type="application/json" id="data">{"name":)"
      << ForScript(JsonText(nlohmann::ordered_json(report.name))) << ",\"version\":"
      << ForScript(JsonText(
             nlohmann::ordered_json("kubelet-lifecycle-exporter " + std::string(Version()))))
      << ",\n\"source\":" << ForScript(SourceJson(report))
      << ",\n\"summary\":" << ForScript(SummaryJson(report)) << ",\n\"terminations\":[";
  std::string_view separator = "\n";
  for (const TerminationRecord* record : Shown(report)) {
    out << separator << ForScript(RecordJson(*record));
    separator = ",\n";
  }
  out << "]}</script>";
}

}  // namespace

void WriteReportHtml(std::ostream& out, const Report& report) {
  const std::string style = std::string(Asset("style.css")) + std::string(Asset("report.css"));
  constexpr std::array<std::string_view, 3> kScripts{"theme.js", "records.js", "report.js"};
  std::string policy = "default-src 'none'; style-src '" + CspHash(style) + "'; script-src";
  for (const std::string_view script : kScripts) policy += " '" + CspHash(Asset(script)) + "'";
  policy += "; base-uri 'none'; form-action 'none'";

  std::string_view page = Asset("report.html");
  while (!page.empty()) {
    const size_t begin = page.find("{{");
    out << page.substr(0, begin);
    if (begin == page.npos) break;
    const size_t end = page.find("}}", begin);
    const std::string_view what = page.substr(begin + 2, end - begin - 2);
    page.remove_prefix(end + 2);
    if (what == "policy") out << policy;
    if (what == "style") out << "<style>" << style << "</style>";
    if (what == "data") WriteData(out, report);
    if (what != "scripts") continue;
    for (const std::string_view script : kScripts)
      out << "<script>" << Asset(script) << "</script>\n";
  }
}

}  // namespace kle
