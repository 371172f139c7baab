// SPDX-License-Identifier: Apache-2.0
// Finds out what the paths of a report are (logs, folders, journals) and opens them as one source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/line_source.h"
#include "exporter/options.h"
#include "parser/zone.h"

namespace kle {

struct ReportInput {
  std::unique_ptr<LineSource> source;
  std::string name;                    // for messages: the path, or the first "and N more"
  std::string advice;                  // what to do when no kubelet line is in it
  std::vector<std::string> notes;      // what was left out and why, one line each
  std::optional<Timestamp> reference;  // for HeaderClock
  std::string timezone;                // likewise: the option, else what the runtime's times have
};

[[nodiscard]] Result<ReportInput> OpenReportInput(const std::vector<std::string>& paths,
                                                  const ReportOptions& options);

}  // namespace kle
