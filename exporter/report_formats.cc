// SPDX-License-Identifier: Apache-2.0
#include "exporter/report_formats.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "exporter/report_build.h"
#include "exporter/terminal.h"
#include "exporter/text.h"

namespace kle {
namespace {

using Given = ReportFormat::Given;

TableStyle StyleOfTerminal(const ReportOptions& options) {
  TableStyle style;
  style.slowest = options.slowest;
  const size_t width = TerminalWidth(STDOUT_FILENO);
  if (width == 0) return style;
  style.width = width;
  style.colour = TerminalTakesColours();
  return style;
}

// A pager or a terminal of another charset would show bytes in place of bars.
std::string ForLocale(const std::string& table) {
  return LocaleTakesUtf8() ? table : InAscii(table);
}

void WriteTable(std::ostream& out, const Given& given) {
  out << ForLocale(ReportTable(given.report, StyleOfTerminal(given.options)));
}

void WriteDiffTable(std::ostream& out, const Report& before, const Report& after,
                    const ReportOptions& options) {
  out << ForLocale(DiffTable(before, after, StyleOfTerminal(options)));
}

void WriteDiffJson(std::ostream& out, const Report& before, const Report& after,
                   const ReportOptions& /*options*/) {
  out << DiffJson(before, after);
}

void WriteHistory(std::ostream& out, const Given& given) {
  const ReportOptions& options = given.options;
  given.history.Write(out, Resolve(options.since, given.report),
                      Resolve(options.until, given.report));
}

// Of those whose writer asks for nothing but the report.
template <void (*kWrite)(std::ostream&, const Report&)>
void Write(std::ostream& out, const Given& given) {
  kWrite(out, given.report);
}

constexpr ReportFormat kTable[] = {
    {"table", WriteTable, WriteDiffTable},
    {"json", Write<WriteReportJson>, WriteDiffJson},
    {"csv", Write<WriteReportCsv>},
    {"html", Write<WriteReportHtml>},
    {"openmetrics", WriteHistory, nullptr, true},
    {"otlp", Write<WriteReportOtlp>},
};

}  // namespace

std::vector<std::string> ReportFormatNames() {
  std::vector<std::string> names;
  for (const ReportFormat& format : kTable) names.emplace_back(format.name);
  return names;
}

std::vector<std::string> DiffFormatNames() {
  std::vector<std::string> names;
  for (const ReportFormat& format : kTable) {
    if (format.diff != nullptr) names.emplace_back(format.name);
  }
  return names;
}

const ReportFormat& ReportFormatNamed(std::string_view name) {
  const auto* const found = std::ranges::find(kTable, name, &ReportFormat::name);
  if (found == std::end(kTable)) std::abort();
  return *found;
}

}  // namespace kle
