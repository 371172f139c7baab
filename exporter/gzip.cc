// SPDX-License-Identifier: Apache-2.0
#include "exporter/gzip.h"

#include <strings.h>
#include <zlib.h>

#include <algorithm>

namespace kle {
namespace {

constexpr int kLevel = 1;
constexpr int kWindowOfGzip = 15 + 16;
constexpr int kMemory = 8;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.000"
bool Refused(std::string_view parameters) {
  const std::string_view quality = Trimmed(parameters);
  if (quality.size() < 3 || (quality[0] != 'q' && quality[0] != 'Q') || quality[1] != '=') {
    return false;
  }
  return quality.find_first_not_of("0.", 2) == quality.npos;
}

}  // namespace

bool TakesGzip(std::string_view accept_encoding) {
  constexpr std::string_view kName = "gzip";
  while (!accept_encoding.empty()) {
    const size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view one = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const size_t semicolon = std::min(one.find(';'), one.size());
    const std::string_view name = Trimmed(one.substr(0, semicolon));
    if (name.size() != kName.size() || strncasecmp(name.data(), kName.data(), kName.size()) != 0) {
      continue;
    }
    return semicolon == one.size() || !Refused(one.substr(semicolon + 1));
  }
  return false;
}

std::string Gzipped(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowOfGzip, kMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return {};
  }
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return packed;
}

}  // namespace kle
