// SPDX-License-Identifier: Apache-2.0
#include "exporter/report_input.h"

#include <chrono>

#include "exporter/file_source.h"

namespace kle {

Result<ReportInput> OpenReportInput(const ReportOptions& options) {
  ReportInput input;
  input.name = options.paths.front() == "-" ? "standard input" : options.paths.front();
  if (options.paths.size() > 1) {
    input.name += " and " + std::to_string(options.paths.size() - 1) + " more";
  }
  const ZoneOptions zone{options.timezone, options.year, std::nullopt};
  auto files = OpenFileInputs(options.paths, zone);
  if (!files) return files.error();
  input.notes = std::move(files->skipped);
  input.reference = files->modified;
  if (!input.reference) {
    input.reference = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  input.source = std::make_unique<FileSource>(std::move(files->files));
  return input;
}

}  // namespace kle
