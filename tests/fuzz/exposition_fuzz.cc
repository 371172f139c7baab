// SPDX-License-Identifier: Apache-2.0
// Whatever names a log holds, /metrics stays a text that Prometheus takes: UTF-8, one sample a
// line, no control character, and no more series than the bound.
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "metrics/metric_set.h"
#include "tests/fuzz/watch.h"

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

// Bytes between zeroes, one after the other.
std::string_view TakePart(std::string_view& rest) {
  const size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kle::fuzz::Watch watch;
  using namespace kle;
  // One set for many inputs: label values pile up as they would on a hostile node, and rendering,
  // which costs a hundred times an input, is done now and then.
  static auto metrics = std::make_unique<MetricSet>();
  static uint64_t runs = 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view one = TakePart(rest);
  const std::string_view two = TakePart(rest);
  const std::string_view three = TakePart(rest);
  metrics->ObserveUnmount(one, "unmount", std::chrono::seconds(1));
  metrics->CountFailure(Phase::kUnmountVolumes, Reason::kOther, two);
  metrics->SetKubeletInfo(one, two, three);
  InFlightPod stuck{one, two, {}};
  stuck.current.overdue = std::chrono::seconds(size + 1);
  metrics->SetInFlight({stuck, {two, one, stuck.current}, {three, three, stuck.current}});
  if (++runs % 1000 != 1) return 0;
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, metrics->Collect());
  std::istringstream lines(out.str());
  size_t series = 0;
  for (std::string line; std::getline(lines, line); series += line[0] != '#' ? 1 : 0) {
    if (!WellFormed(line)) std::abort();
  }
  if (series > kMostSeries) std::abort();
  if (runs % 1'000'000 == 1) metrics = std::make_unique<MetricSet>();
  return 0;
}
