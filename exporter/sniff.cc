// SPDX-License-Identifier: Apache-2.0
#include "exporter/sniff.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "exporter/line_time.h"
#include "parser/framer.h"
#include "parser/klog.h"
#include "parser/logrus.h"

namespace kle {
namespace {

// Log files hold tabs, line ends, form feeds and the escapes of colours; little else below 0x20.
bool TextByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || (byte >= '\t' && byte <= '\r') || byte == 0x1b;
}

bool LooksBinary(std::string_view head) {
  const auto odd = std::count_if(head.begin(), head.end(), [](char c) { return !TextByte(c); });
  const auto high = std::count_if(head.begin(), head.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const auto size = static_cast<std::ptrdiff_t>(head.size());
  return odd * 50 > size || high * 3 > size;
}

// Forms that a log may be kept in and that are not read, by their first bytes.
struct UnreadForm {
  std::string_view magic;
  std::string_view unpack;
};
constexpr UnreadForm kUnreadForms[] = {
    {"\xFD\x37\x7A\x58\x5A", "xz -dc"},       {"BZh", "bzip2 -dc"},
    {"\x04\x22\x4D\x18", "lz4 -dc"},          {"PK\x03\x04", "unzip -p"},
    {"\xFF\xFE", "iconv -f UTF-16 -t UTF-8"}, {"\xFE\xFF", "iconv -f UTF-16 -t UTF-8"},
};

std::string_view UnpackerOf(std::string_view head) {
  const auto* const found = std::ranges::find_if(
      kUnreadForms, [head](const UnreadForm& form) { return head.starts_with(form.magic); });
  return found != std::end(kUnreadForms) ? found->unpack : std::string_view();
}

}  // namespace

std::optional<Timestamp> LastRecord(std::string_view tail, const ZoneOptions& zone) {
  tail.remove_prefix(std::min(tail.find('\n'), tail.size()));  // the line that was cut
  LineTime time(zone);
  std::optional<Timestamp> last;
  for (LogLine line; !tail.empty();) {
    const size_t end = std::min(tail.find('\n'), tail.size());
    line.text = tail.substr(0, end);
    tail.remove_prefix(std::min(end + 1, tail.size()));
    if (const auto at = time.Of(line)) last = at;
  }
  return last;
}

Sniffed Sniff(std::string_view head, const ZoneOptions& zone) {
  Sniffed found;
  found.empty = head.empty();
  found.journal = head.starts_with("LPKSHHRH");
  if (found.journal) return found;
  Framer framer;
  HeaderClock clock(zone);
  Record record;
  const auto look = [&](const std::optional<Frame>& frame) {
    if (!frame || frame->format == LineFormat::kOther) return false;
    if (ParseHead(*frame, record) != ParseError::kNone) return false;
    if (IsWhole(frame->format)) {
      found.runtime = true;
      if (found.zone.empty()) found.zone = ZoneOfTime(frame->text);
      if (!found.first) found.first = record.epoch;
      return false;
    }
    found.klog = true;
    if (std::exchange(found.runtime, false) && found.first) return true;
    found.first = record.epoch;
    if (!found.first && record.stamp) found.first = clock.Resolve(*record.stamp, frame->received);
    if (!found.first) found.first = frame->received;
    return found.first.has_value();
  };
  std::string_view rest = head;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    LogLine line;
    line.text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (look(framer.Push(line))) return found;
  }
  while (const auto frame = framer.Flush()) {
    if (look(frame)) return found;
  }
  found.binary = !found.klog && !found.runtime && LooksBinary(head);
  if (found.binary) found.unpack = UnpackerOf(head);
  return found;
}

}  // namespace kle
