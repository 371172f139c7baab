// SPDX-License-Identifier: Apache-2.0
#include "exporter/suggest.h"

#include <algorithm>
#include <numeric>

namespace kle {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Nearest(std::string_view wrong, const std::vector<std::string>& names) {
  std::string nearest;
  size_t best = std::max<size_t>(3, wrong.size() / 2);
  for (const std::string& name : names) {
    // The last part alone is what people remember: --listen-address for --web.listen-address.
    size_t distance = EditDistance(wrong, name);
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos && wrong == "--" + name.substr(dot + 1)) distance = 0;
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string Suggestion(std::string_view wrong, const std::vector<std::string>& names) {
  const std::string near = Nearest(wrong, names);
  return near.empty() ? near : ", did you mean " + near + "?";
}

}  // namespace kle
