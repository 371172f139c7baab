// SPDX-License-Identifier: Apache-2.0
// Any bytes as lines of several writers: no record is longer than the limit, none but klog's own
// begins as one, and a framer that is saved and restored anywhere gives the same records.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "parser/codec.h"
#include "parser/framer.h"
#include "parser/klog.h"

namespace {

constexpr size_t kLongest = 1 << 12;

void Note(const std::optional<kle::Frame>& frame, std::string& seen) {
  if (!frame) return;
  if (frame->text.size() > kLongest) std::abort();
  seen.append(kle::Name(frame->format)).append(frame->text).push_back('\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kle;
  if (size == 0) return 0;
  const uint8_t mode = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Framer::Limits limits{kLongest};
  Framer whole(limits);
  auto cut = std::make_unique<Framer>(limits);
  std::string seen;
  std::string seen_cut;
  for (size_t number = 0; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    LogLine line;
    line.text = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if ((mode & 4) != 0) line.stream = line.text.size() % 3;
    line.continues_previous = (mode & 8) != 0 && line.text.size() % 5 == 0;
    Note(whole.Push(line), seen);
    Note(cut->Push(line), seen_cut);
    if (number % 16 == mode >> 4) {
      auto restored = std::make_unique<Framer>(limits);
      if (!Decode(Encoded(*cut), *restored)) std::abort();
      cut = std::move(restored);
    }
  }
  while (const auto frame = whole.Flush()) Note(frame, seen);
  while (const auto frame = cut->Flush()) Note(frame, seen_cut);
  if (seen != seen_cut) std::abort();
  return 0;
}
