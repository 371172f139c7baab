// SPDX-License-Identifier: Apache-2.0
// A termination as an OpenTelemetry trace, in the JSON encoding of OTLP.
#pragma once

#include <span>
#include <string>

#include "metrics/termination.h"

namespace kle {

struct TraceSource {
  std::string node;             // "" when unknown
  std::string kubelet_version;  // likewise
};

// One ExportTraceServiceRequest, in one line: what /v1/traces takes and what the collector's
// otlpjsonfile receiver reads. Ids follow from the record alone: sent twice, it is the same trace.
std::string OtlpTraces(std::span<const RecordPtr> records, const TraceSource& source);

// 32 hex digits: the first half is the UID's, the second tells a static pod's ends apart.
std::string TraceIdOf(const TerminationRecord& record);

}  // namespace kle
