// SPDX-License-Identifier: Apache-2.0
// Any bytes as lines of several writers: no record is longer than the limit, none but klog's own
// begins as one, and a framer that is saved and restored anywhere gives the same records.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "parser/codec.h"
#include "parser/framer.h"
#include "parser/scan.h"
#include "tests/fuzz/watch.h"

namespace {

using namespace kle;

// The longest record, and so short that an input of 512 bytes (what ./dev fuzz gives this target)
// holds many that are longer, with the last also more than all records together may hold: 16 times
// that.
constexpr size_t kLongest[] = {256, 128, 64, 24};

// Copied for each input: a new one would reserve for all the writers there may be, which costs
// more than an input.
const Framer& New(size_t which) {
  static const std::array<Framer, 4> framers = {Framer({kLongest[0]}), Framer({kLongest[1]}),
                                                Framer({kLongest[2]}), Framer({kLongest[3]})};
  return framers[which];
}

class SomeRecords : public RecordFilter {
 public:
  bool Wants(const Frame& first_line) override { return first_line.text.size() % 4 != 0; }
  Glance LookAt(LineFormat format, std::string_view line) override {
    const bool begins = format == LineFormat::kKlogJson || scan::HeaderShaped(line);
    if (line.size() % 3 == 0 || !begins) return Glance::kUnsure;
    return line.size() % 4 != 0 ? Glance::kWanted : Glance::kUnwanted;
  }
};

void Check(const std::optional<Frame>& frame, size_t longest) {
  if (!frame) return;
  if (frame->text.size() > longest) std::abort();
  switch (frame->format) {
    case LineFormat::kKlogText:
      if (!scan::HeaderShaped(frame->text)) std::abort();
      break;
    case LineFormat::kKlogJson:
      if (!frame->text.starts_with("{\"")) std::abort();
      break;
    case LineFormat::kRuntime:
    case LineFormat::kKernel:
    case LineFormat::kCollector:
      break;
    default:  // belongs to no record, or is none of its own
      std::abort();
  }
}

bool Same(const std::optional<Frame>& a, const std::optional<Frame>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->format == b->format && a->text == b->text && a->received == b->received &&
         a->monotonic == b->monotonic && a->boot == b->boot && a->pid == b->pid;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Watch watch;
  if (size < 3) return 0;
  // The first byte and the last two say how the source presents the lines, and after which two of
  // them one framer is saved and restored: those that hold these bytes of the text.
  const uint8_t mode = data[0];
  const uint8_t more = data[size - 1];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 3);
  const size_t at = (mode * size_t{257} + more % 16 * size_t{256} + data[size - 2]) %
                    std::max<size_t>(text.size(), 1);
  const char* const begin = text.data();
  const Framer& fresh = New(mode & 3);
  const size_t longest = kLongest[mode & 3];
  SomeRecords some;
  RecordFilter* const filter = (more & 0x40) != 0 ? &some : nullptr;
  Framer whole = fresh;
  std::optional<Framer> cut = fresh;
  std::string saved;
  for (size_t number = 0; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const auto holds = [from = static_cast<size_t>(text.data() - begin), end](size_t byte) {
      return from <= byte && byte <= from + end;
    };
    LogLine line;
    line.text = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.pid = number % 3;
    if ((mode & 4) != 0) line.stream = line.text.size() % 3;
    if ((more & 0x20) != 0 && !line.text.empty()) {  // more writers than are followed
      line.stream = static_cast<unsigned char>(line.text.back());
    }
    line.continues_previous = (mode & 8) != 0 && line.text.size() % 5 == 0;
    if ((more & 0x10) != 0) line.writer = static_cast<LogWriter>(line.text.size() % 4);
    const auto frame = whole.Push(line, filter);
    Check(frame, longest);
    if (!Same(frame, cut->Push(line, filter))) std::abort();
    if (whole.last_line_format() != cut->last_line_format()) std::abort();
    if (holds(at) || holds(at / 2)) {
      saved.clear();
      Encoder encoder(saved);
      encoder(*cut);
      cut.emplace(fresh);
      if (!Decode(saved, *cut)) std::abort();
    }
  }
  while (true) {
    const auto frame = whole.Flush();
    Check(frame, longest);
    if (!Same(frame, cut->Flush())) std::abort();
    if (!frame) break;
  }
  if (whole.truncated() != cut->truncated()) std::abort();
  return 0;
}
