// SPDX-License-Identifier: Apache-2.0
// Whatever a log holds, /metrics stays a text that Prometheus takes: UTF-8, one sample a line, no
// control character, and no more series than the bound.
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "metrics/pipeline.h"

namespace {

constexpr size_t kMostSeries = 2000;

bool WellFormed(std::string_view line) {
  if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) return true;
  size_t at = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  if (at == line.npos || at == 0) return false;
  if (line[at] == '{') {
    // Labels hold names and closed sets only: nothing that needs an escape.
    for (++at; at < line.size() && line[at] != '}'; ++at) {
      const char c = line[at];
      if (c < 0x20 || c > 0x7e || c == '\\' || c == '{') return false;
    }
    if (at == line.size()) return false;
    ++at;
  }
  return at + 1 < line.size() && line[at] == ' ' &&
         line.find_first_not_of("0123456789.+-eInfNa", at + 1) == line.npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kle;
  // One pipeline for many inputs: label values pile up as they would on a hostile node, and
  // rendering, which costs a thousand times a line, is done now and then.
  static auto pipeline = std::make_unique<Pipeline>(PipelineOptions());
  static uint64_t runs = 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    LogLine line;
    line.text = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    pipeline->Push(line);
  }
  if (++runs % 200 != 1) return 0;
  pipeline->metrics().SetInFlight(pipeline->Overview());
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, pipeline->metrics().registry().Collect());
  std::istringstream lines(out.str());
  size_t series = 0;
  for (std::string line; std::getline(lines, line); series += line[0] != '#' ? 1 : 0) {
    if (!WellFormed(line)) std::abort();
  }
  if (series > kMostSeries) std::abort();
  if (runs % 100'000 == 1) pipeline = std::make_unique<Pipeline>(PipelineOptions());
  return 0;
}
