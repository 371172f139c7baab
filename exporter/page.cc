// SPDX-License-Identifier: Apache-2.0
#include "exporter/page.h"

#include "exporter/build_info.h"
#include "exporter/text.h"

namespace kle {
namespace {

constexpr size_t kMostRows = 500;

constexpr std::string_view kHead =
    R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kubelet-lifecycle-exporter</title>
<style>
body { font-family: system-ui, sans-serif; margin: 2rem; color: #222; background: #fff; }
li { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; text-align: left; }
td.age { text-align: right; font-variant-numeric: tabular-nums; }
tr.stuck td { background: #fde8e8; }
</style>
</head>
<body>
<h1>kubelet-lifecycle-exporter</h1>
)";

std::string Link(std::string_view path) {
  const std::string escaped = HtmlEscaped(path);
  return "<li><a href=\"" + escaped + "\">" + escaped + "</a></li>\n";
}

void AddRow(const TerminationRecord& record, std::string& html) {
  const Current current = record.current.value_or(Current());
  html += current.overdue > Duration::zero() ? "<tr class=\"stuck\">" : "<tr>";
  html.append("<td class=\"age\">").append(ShortSeconds(ToSeconds(current.age)));
  for (const std::string_view cell :
       {std::string_view(record.namespace_), std::string_view(record.pod), Name(record.trigger),
        Name(current.phase), current.reason ? Name(*current.reason) : std::string_view(),
        std::string_view(current.hint)}) {
    html.append("</td><td>").append(HtmlEscaped(cell));
  }
  html += "</td></tr>\n";
}

void AddTable(const std::vector<TerminationRecord>& records, std::string& html) {
  html.append("<h2>Terminations in flight: ").append(Grouped(records.size())).append("</h2>\n");
  if (records.empty()) return;
  html +=
      "<div "
      "class=\"wide\">\n<table>\n<tr><th>age</th><th>namespace</th><th>pod</th><th>trigger</"
      "th><th>now in</th>"
      "<th>reason</th><th>hint</th></tr>\n";
  size_t shown = 0;
  for (const TerminationRecord& record : records) {
    if (++shown > kMostRows) break;
    AddRow(record, html);
  }
  html += "</table>\n</div>\n";
  if (records.size() > kMostRows) {
    html.append("<p>Only the oldest ").append(Grouped(kMostRows)).append(" are shown.</p>\n");
  }
}

}  // namespace

std::string HtmlEscaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string LandingPage(const Snapshot& snapshot, std::string_view telemetry_path) {
  std::string html(kHead);
  html.append("<p>Version ").append(HtmlEscaped(Version())).append(", ");
  html.append(snapshot.ready ? "ready" : "not ready: " + HtmlEscaped(snapshot.reason));
  html.append(".</p>\n<ul>\n").append(Link(telemetry_path));
  for (const std::string_view path :
       {"/api/v1/terminations?state=in_flight", "/api/v1/terminations?state=recent", "/-/ready",
        "/-/healthy"}) {
    html += Link(path);
  }
  html += "</ul>\n";
  if (snapshot.in_flight) AddTable(*snapshot.in_flight, html);
  html += "</body>\n</html>\n";
  return html;
}

}  // namespace kle
