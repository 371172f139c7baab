// SPDX-License-Identifier: Apache-2.0
#include "exporter/otlp.h"
#include "exporter/report.h"

namespace kle {

// One request a line and a termination, as the collector's otlpjsonfile receiver reads them.
void WriteReportOtlp(std::ostream& out, const Report& report) {
  const TraceSource source{"", report.source.kubelet_version};
  for (const RecordPtr& record : report.terminations) {
    if (record->state == State::kInFlight) continue;
    out << OtlpTraces({&record, 1}, source) << '\n';
  }
}

}  // namespace kle
