// SPDX-License-Identifier: Apache-2.0
// A line loses its wrappers, then a klog header or a JSON object begins a record and everything
// else continues the record of the same writer. What cannot be told from a log line alone: a writer
// who may print raw newlines can forge a header. Where the source knows better
// (continues_previous), it rules.
#include "parser/framer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "parser/klog.h"
#include "parser/logrus.h"

namespace kle {

// A line without its wrappers, and what they told.
struct Framer::Peeled {
  std::string_view text;
  std::optional<Timestamp> received;
  uint64_t pid = 0;
  uint64_t key = 0;
  LineFormat format = LineFormat::kOther;  // klog text or JSON: the line begins a record
  LogWriter writer = LogWriter::kAny;      // as the source or a wrapper says
  bool foreign = false;                    // another program's line
  bool other = false;                      // a line of another part of the same writer
  bool partial = false;                    // cut by the wrapper
  std::string* scratch = nullptr;
  Origin* origin = nullptr;
};

namespace {

constexpr size_t kLargeBuffer = size_t{256} << 10;
constexpr size_t kNone = std::string_view::npos;

constexpr std::string_view kLogrus = "time=\"";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool ShapedLike(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'n' ? !IsDigit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

// As klog's own encoder begins; no other known one does.
bool BeginsAsKlogJson(std::string_view text) {
  constexpr std::string_view kBegin = "{\"ts\":";
  return text.size() >= kBegin.size() &&
         std::memcmp(text.data(), kBegin.data(), kBegin.size()) == 0;
}

bool JsonShaped(std::string_view text) {
  constexpr size_t kNear = 512;  // "msg" follows ts, logger and caller
  return BeginsAsKlogJson(text) || (text.starts_with("{\"") && !text.starts_with("{\"log\":") &&
                                    text.substr(0, kNear).find("\"msg\":") != kNone);
}

LineFormat Begins(std::string_view text) {
  if (scan::HeaderShaped(text)) return LineFormat::kKlogText;
  return !text.empty() && text[0] == '{' && JsonShaped(text) ? LineFormat::kKlogJson
                                                             : LineFormat::kOther;
}

// `key=<`, with the value on the lines that follow.
bool OpensBlock(std::string_view text) {
  const size_t size = text.size();
  return size >= 2 && text[size - 1] == '<' && text[size - 2] == '=';
}

// Text that a kubelet process prints without klog: it belongs to no record.
bool Unlogged(std::string_view text) {
  return text.starts_with("Flag --") || text.starts_with("panic: ") ||
         text.starts_with("fatal error: ") || text.starts_with("goroutine ");
}

uint64_t Hash(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash | 1;  // 0 is the key of bare lines
}

// Under what names a kubelet logs; distributions run it inside a larger binary.
bool KubeletIdentifier(std::string_view name) {
  constexpr std::string_view kNames[] = {"kubelet", "kubenswrapper", "hyperkube",  "kubelite",
                                         "k3s",     "rke2",          "microshift", "k0s"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return name.find(one) != kNone; });
}

LogWriter WriterOf(std::string_view name) {
  constexpr std::string_view kRuntimes[] = {"containerd", "crio", "dockerd", "cri-dockerd"};
  if (name == "kernel") return LogWriter::kKernel;
  if (std::ranges::find(kRuntimes, name) != std::end(kRuntimes)) return LogWriter::kRuntime;
  return KubeletIdentifier(name) ? LogWriter::kKubelet : LogWriter::kAny;
}

// rsyslog prints control bytes as #ooo. Only the TAB is undone: klog puts one before each line of a
// block. A newline undone would let a value write lines of its own.
void UndoTabs(std::string_view& text, std::string& scratch) {
  constexpr std::string_view kTab = "#011";
  size_t at = text.find(kTab);
  if (at == kNone) return;
  scratch.clear();
  size_t from = 0;
  for (; at != kNone; at = text.find(kTab, from)) {
    scratch.append(text.substr(from, at - from)).push_back('\t');
    from = at + kTab.size();
  }
  scratch.append(text.substr(from));
  text = scratch;
}

// "host kubelet[812]: ", or without the host, or without the pid, at the front of `text`.
template <typename Origin>
bool ReadOrigin(std::string_view text, Origin& origin) {
  size_t at = 0;
  size_t end = text.find_first_of(" [:");
  // A colon that no blank follows is part of an IPv6 address.
  if (end != kNone && text[end] == ':' && text.substr(end, 2) != ": ") end = text.find(' ', end);
  if (end == kNone) return false;
  if (text[end] == ' ') {
    at = end + 1;
    end = text.find_first_of(" [:", at);
    if (end == kNone) return false;
  }
  const std::string_view name = text.substr(at, end - at);
  uint64_t pid = 0;
  if (text[end] == '[') {
    for (++end; end < text.size() && IsDigit(text[end]) && pid < 1'000'000'000; ++end) {
      pid = pid * 10 + static_cast<uint64_t>(text[end] - '0');
    }
    if (text.substr(end, 1) != "]") return false;
    ++end;
  }
  if (name.empty() || text.substr(end, 1) != ":") return false;
  ++end;
  if (end < text.size() && text[end] != ' ') return false;
  origin.text.assign(text.substr(0, end));
  origin.pid = pid;
  origin.key = Hash(name, pid);
  origin.writer = WriterOf(name);
  origin.foreign = origin.writer == LogWriter::kAny;
  return true;
}

template <typename Peeled>
bool StripOrigin(std::string_view text, Peeled& peeled) {
  auto& origin = *peeled.origin;
  const size_t known = origin.text.size();
  const bool same =
      known > 0 && text.starts_with(origin.text) && (text.size() == known || text[known] == ' ');
  if (!same && !ReadOrigin(text, origin)) return false;
  peeled.text = text.substr(std::min(origin.text.size() + 1, text.size()));
  peeled.pid = origin.pid;
  peeled.key = origin.key;
  peeled.foreign = origin.foreign;
  peeled.writer = origin.writer;
  if (origin.writer == LogWriter::kKernel) peeled.format = LineFormat::kKernel;
  if (!peeled.foreign) UndoTabs(peeled.text, *peeled.scratch);
  return true;
}

// "Nov 23 23:01:26 host kubelet[812]: ", with or without a fraction.
template <typename Peeled>
bool StripSyslog(Peeled& peeled) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::string_view text = peeled.text;
  if (text.size() < 17 || text[3] != ' ' || !(text[4] == ' ' || IsDigit(text[4])) ||
      !ShapedLike(text.substr(5), "n nn:nn:nn")) {
    return false;
  }
  const size_t month = kMonths.find(text.substr(0, 3));
  if (month == kNone || month % 3 != 0) return false;
  size_t at = 15;
  if (text[at] == '.') at = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  return at < text.size() && text[at] == ' ' && StripOrigin(text.substr(at + 1), peeled);
}

// "stderr F " after a time stamp.
template <typename Peeled>
bool StripCri(std::string_view text, Peeled& peeled) {
  const std::string_view name = text.substr(0, 7);
  if (name != "stderr " && name != "stdout ") return false;
  const size_t tags = text.find(' ', 7);
  const std::string_view tag = text.substr(7, tags == kNone ? kNone : tags - 7);
  if (tag.empty() || (tag[0] != 'F' && tag[0] != 'P') || (tag.size() > 1 && tag[1] != ':')) {
    return false;
  }
  peeled.partial = tag[0] == 'P';
  peeled.key = Hash(name, 0);
  peeled.text = tags == kNone ? std::string_view() : text.substr(tags + 1);
  return true;
}

// What begins with an RFC 3339 stamp: rsyslog's file format, journalctl -o short-iso, CRI container
// logs, and plain time stamps before the line (docker logs -t).
template <typename Peeled>
bool StripIso(Peeled& peeled) {
  std::string_view text = peeled.text;
  if (text.empty() || !IsDigit(text[0])) return false;
  const std::optional<Timestamp> at = ConsumeTimestamp(text);
  if (!at || text.empty() || text[0] != ' ') return false;
  text.remove_prefix(1);
  if (StripCri(text, peeled)) {
    peeled.received = at;
    return true;
  }
  peeled.received = at;
  if (Begins(text) == LineFormat::kOther && StripOrigin(text, peeled)) return true;
  peeled.text = text;
  peeled.key = Hash("stamped", 0);
  return true;
}

// "<6>"
template <typename Peeled>
bool StripPriority(Peeled& peeled) {
  const std::string_view text = peeled.text;
  if (text.size() < 3 || text[0] != '<' || !IsDigit(text[1])) return false;
  size_t end = 2;
  while (end < 4 && end < text.size() && IsDigit(text[end])) ++end;
  if (end >= text.size() || text[end] != '>') return false;
  peeled.text = text.substr(end + 1);
  return true;
}

// The string after `key` in `text`, quotes and all; empty when there is none.
std::string_view QuotedAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == kNone) return {};
  const size_t quote = at + key.size();
  if (quote >= text.size() || text[quote] != '"') return {};
  const size_t end = scan::EndOfQuoted(text, quote);
  return end == kNone ? std::string_view() : text.substr(quote, end - quote);
}

std::string_view Inside(std::string_view quoted) {
  return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
}

// {"log":"...\n","stream":"stderr","time":"..."}; without the \n docker cut the line.
template <typename Peeled>
bool StripDockerJson(Peeled& peeled) {
  constexpr std::string_view kBegin = "{\"log\":";
  if (!peeled.text.starts_with(kBegin)) return false;
  const std::string_view log = QuotedAfter(peeled.text, kBegin);
  if (log.empty()) return false;
  const std::string_view rest = peeled.text.substr(kBegin.size() + log.size());
  peeled.scratch->clear();
  scan::AppendUnescaped(Inside(log), *peeled.scratch);
  peeled.text = *peeled.scratch;
  peeled.partial = !peeled.text.ends_with('\n');
  if (!peeled.partial) peeled.text.remove_suffix(1);
  peeled.key = Hash(QuotedAfter(rest, "\"stream\":"), 0);
  peeled.received = ParseTimestamp(Inside(QuotedAfter(rest, "\"time\":")));
  return true;
}

// k0s: time="..." level=info msg="<line>" component=kubelet stream=stderr. Container runtimes log
// in the same form, without a component.
template <typename Peeled>
bool StripLogrus(Peeled& peeled) {
  constexpr std::string_view kBegin = "time=";
  std::string_view rest = peeled.text;
  if (!rest.starts_with(kLogrus)) return false;
  const std::string_view time = QuotedAfter(rest, kBegin);
  if (time.empty()) return false;
  rest.remove_prefix(kBegin.size() + time.size());
  if (!rest.starts_with(" level=")) return false;
  const size_t at = rest.find(" msg=");
  peeled.other = true;
  if (at == kNone || rest.find(' ', 1) != at) return true;
  rest.remove_prefix(at + 5);
  std::string_view message = QuotedAfter(rest, "");
  const size_t size = message.empty() ? std::min(rest.find(' '), rest.size()) : message.size();
  const std::string_view tail = rest.substr(size);
  constexpr std::string_view kComponent = " component=";
  const size_t name_at = tail.find(kComponent);
  if (name_at == kNone) {
    if (peeled.writer != LogWriter::kKubelet) peeled.format = LineFormat::kRuntime;
    return true;
  }
  std::string_view name = tail.substr(name_at + kComponent.size());
  name = name.substr(0, name.find(' '));
  peeled.key = Hash(name, peeled.key);
  peeled.other = name != "kubelet" && name != "containerd";
  if (peeled.other) return true;
  peeled.writer = name == "kubelet" ? LogWriter::kKubelet : LogWriter::kRuntime;
  if (message.empty()) {
    peeled.text = rest.substr(0, size);
    return true;
  }
  peeled.scratch->clear();
  scan::AppendUnescaped(Inside(message), *peeled.scratch);
  peeled.text = *peeled.scratch;
  return true;
}

// MicroShift runs all components in one process and names the one that logs: "kubelet I0821 ...",
// "??? I0821 ..." where the goroutine has no name.
template <typename Peeled>
bool StripComponent(Peeled& peeled) {
  constexpr size_t kLongest = 64;
  const std::string_view text = peeled.text;
  const size_t blank = text.substr(0, kLongest).find(' ');
  if (blank == kNone || blank == 0 || !scan::HeaderShaped(text.substr(blank + 1))) return false;
  const std::string_view name = text.substr(0, blank);
  const bool word = std::ranges::all_of(name, [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == '?';
  });
  if (!word) return false;
  peeled.other = name != "kubelet" && name != "???";
  peeled.text = text.substr(blank + 1);
  return true;
}

// The wrappers, one row each. A stream keeps to its own, so that of the last line is tried first.
template <typename Peeled>
constexpr bool (*kWrappers[])(Peeled&) = {
    &StripSyslog<Peeled>,     &StripIso<Peeled>,    &StripPriority<Peeled>,
    &StripDockerJson<Peeled>, &StripLogrus<Peeled>, &StripComponent<Peeled>,
};

}  // namespace

std::string_view Name(LineFormat format) {
  switch (format) {
    case LineFormat::kKlogText:
      return "klog_text";
    case LineFormat::kKlogJson:
      return "klog_json";
    case LineFormat::kOther:
      return "other";
    case LineFormat::kContinuation:
      return "continuation";
    case LineFormat::kRuntime:
      return "runtime";
    case LineFormat::kKernel:
      return "kernel";
  }
  return "other";
}

Framer::Framer() : Framer(Limits()) {}

Framer::Framer(Limits limits) : limits_(limits) { slots_.reserve(kSlots); }

bool Framer::StripWrapper(size_t layer, Peeled& peeled) {
  const auto& wrappers = kWrappers<Peeled>;
  peeled.scratch = &unwrapped_[layer];
  peeled.origin = &origin_;
  const size_t hint = hints_[layer];
  if (hint < std::size(wrappers) && wrappers[hint](peeled)) return true;
  for (size_t i = 0; i < std::size(wrappers); ++i) {
    if (i == hint || !wrappers[i](peeled)) continue;
    hints_[layer] = i;
    return true;
  }
  return false;
}

Framer::Peeled Framer::Peel(const LogLine& line) {
  Peeled peeled;
  peeled.text = line.text.substr(0, limits_.record_bytes);
  peeled.writer = line.writer;
  for (size_t layer = 0; layer <= kLayers; ++layer) {
    peeled.format = Begins(peeled.text);
    if (peeled.format != LineFormat::kOther || layer == kLayers) break;
    if (!StripWrapper(layer, peeled) || peeled.foreign || peeled.other || IsWhole(peeled.format)) {
      break;
    }
  }
  if (peeled.text.ends_with('\r')) peeled.text.remove_suffix(1);
  if (peeled.format == LineFormat::kKlogJson && IsLogrusJson(peeled.text)) {
    peeled.format = LineFormat::kRuntime;
    if (peeled.writer == LogWriter::kKubelet) peeled.foreign = true;
  } else if (peeled.writer >= LogWriter::kRuntime && !IsWhole(peeled.format)) {
    peeled.foreign = true;  // a runtime that prints what looks like a kubelet's line
  }
  return peeled;
}

std::optional<Frame> Framer::Push(const LogLine& line, RecordFilter* filter) {
  ++tick_;
  if (line.continues_previous) return Continue(line);
  if (line.writer == LogWriter::kKernel) {
    return PushWhole(line, LineFormat::kKernel, line.text, line.received);
  }
  if (line.writer == LogWriter::kRuntime && line.text.starts_with(kLogrus)) {
    return PushWhole(line, LineFormat::kRuntime, line.text, line.received);
  }
  if (std::optional<Frame> done; PushBare(line, filter, done)) return done;
  const Peeled peeled = Peel(line);
  last_line_format_ = LineFormat::kOther;
  if (peeled.foreign) return std::nullopt;
  if (IsWhole(peeled.format)) {
    return PushWhole(line, peeled.format, peeled.text,
                     line.received ? line.received : peeled.received);
  }
  std::optional<Frame> done;
  Slot& slot = SlotFor(line.stream, peeled.key, done);
  slot.used = tick_;
  if (slot.partial) {
    last_line_format_ = LineFormat::kContinuation;
    slot.partial = peeled.partial;
    if (slot.holding) AppendRest(slot, peeled.text);
    return done;
  }
  slot.partial = peeled.partial;
  const bool text_open = slot.format == LineFormat::kKlogText && !peeled.other;
  const bool in_block =
      text_open && slot.holding && (slot.joined ? slot.in_block : OpensBlock(slot.text));
  const bool begins = peeled.format == LineFormat::kKlogText ||
                      (peeled.format == LineFormat::kKlogJson && !in_block);
  if (begins && !peeled.other) {
    if (slot.holding) done = Release(slot);
    last_line_format_ = peeled.format;
    Begin(slot, line, peeled, filter);
    return done;
  }
  if (text_open && (in_block || !Unlogged(peeled.text))) {
    last_line_format_ = LineFormat::kContinuation;
    if (slot.holding) AppendLine(slot, peeled.text);
    return done;
  }
  if (slot.holding) done = Release(slot);
  slot.format = LineFormat::kOther;
  return done;
}

// What nearly all lines are: klog's beginning without wrappers, from the writer of the line before.
// Push would do the same, with more ado.
bool Framer::PushBare(const LogLine& line, RecordFilter* filter, std::optional<Frame>& done) {
  if (current_ >= slots_.size() || line.writer >= LogWriter::kRuntime) return false;
  Slot& slot = slots_[current_];
  if (slot.stream != line.stream || slot.key != 0 || slot.partial) return false;
  if (line.text.empty() || line.text.back() == '\r') return false;
  if (line.text.size() > limits_.record_bytes) return false;
  using Glance = RecordFilter::Glance;
  // After a JSON record no block is open that such a line could be part of.
  const bool json = slot.format == LineFormat::kKlogJson && BeginsAsKlogJson(line.text);
  if (line.text.front() == '{' && !json) return false;
  const LineFormat format = json ? LineFormat::kKlogJson : LineFormat::kKlogText;
  const Glance glance = filter != nullptr ? filter->LookAt(format, line.text) : Glance::kUnsure;
  if (glance == Glance::kUnsure && !json && !scan::HeaderShaped(line.text)) return false;
  slot.used = tick_;
  if (slot.holding && slot.wanted) done = Release(slot);
  last_line_format_ = format;
  slot.frame.received = line.received;
  slot.frame.pid = line.pid;
  Open(slot, line, format, line.text, filter, glance);
  return true;
}

std::optional<LineFormat> Framer::BetweenRecords(uint64_t stream) const {
  if (current_ >= slots_.size()) return std::nullopt;
  const Slot& slot = slots_[current_];
  const bool bare = slot.stream == stream && slot.key == 0 && !slot.partial;
  const bool klog = slot.format == LineFormat::kKlogText || slot.format == LineFormat::kKlogJson;
  return bare && klog && !(slot.holding && slot.wanted) ? std::optional(slot.format) : std::nullopt;
}

bool Framer::IsUsual(const Frame& line) const {
  const std::string_view text = line.text;
  return !text.empty() && (text.front() == '{') == (line.format == LineFormat::kKlogJson) &&
         text.back() != '\r' && text.back() != '<' && text.size() <= limits_.record_bytes;
}

bool Framer::EndsBefore(const Frame& line, std::string_view rest) {
  return line.format == LineFormat::kKlogJson ? !rest.empty() : scan::HeaderShaped(rest);
}

void Framer::Passed(LineFormat format, uint64_t lines) {
  Slot& slot = slots_[current_];
  tick_ += lines;
  slot.used = slot.begun = tick_;
  slot.format = last_line_format_ = format;
  slot.holding = true;
  slot.cut = false;
  slot.frame.format = format;
  slot.frame.received.reset();
  slot.frame.pid = 0;
  PassOver(slot, {});
}

// One line is all of it.
std::optional<Frame> Framer::PushWhole(const LogLine& line, LineFormat format,
                                       std::string_view text, std::optional<Timestamp> received) {
  last_line_format_ = format;
  Frame frame;
  frame.format = format;
  frame.text = text.substr(0, limits_.record_bytes);
  frame.received = received;
  frame.monotonic = line.monotonic;
  frame.boot = line.boot;
  return frame;
}

// The source cut one line in two: joined as it was, whatever it looks like.
std::optional<Frame> Framer::Continue(const LogLine& line) {
  last_line_format_ = LineFormat::kContinuation;
  Slot* latest = nullptr;
  for (Slot& slot : slots_) {
    if (slot.stream == line.stream && (latest == nullptr || slot.used > latest->used)) {
      latest = &slot;
    }
  }
  if (latest == nullptr) return std::nullopt;
  latest->used = tick_;
  if (!latest->holding) return std::nullopt;
  AppendRest(*latest, line.text);
  return std::nullopt;
}

Framer::Slot& Framer::SlotFor(uint64_t stream, uint64_t key, std::optional<Frame>& evicted) {
  const auto same = [&](const Slot& slot) { return slot.stream == stream && slot.key == key; };
  if (current_ < slots_.size() && same(slots_[current_])) return slots_[current_];
  auto found = std::ranges::find_if(slots_, same);
  if (found == slots_.end()) {
    if (slots_.size() < kSlots) {
      slots_.emplace_back();
      found = slots_.end() - 1;
    } else {
      found = std::ranges::min_element(slots_, {}, &Slot::used);
      if (found->holding) evicted = Release(*found);
    }
    found->stream = stream;
    found->key = key;
    found->format = LineFormat::kOther;
    found->partial = false;
  }
  current_ = static_cast<size_t>(found - slots_.begin());
  return *found;
}

void Framer::Begin(Slot& slot, const LogLine& line, const Peeled& peeled, RecordFilter* filter) {
  slot.frame.received = line.received ? line.received : peeled.received;
  slot.frame.pid = line.pid != 0 ? line.pid : peeled.pid;
  Open(slot, line, peeled.format, peeled.text, filter);
}

void Framer::Open(Slot& slot, const LogLine& line, LineFormat format, std::string_view text,
                  RecordFilter* filter, RecordFilter::Glance glance) {
  using Glance = RecordFilter::Glance;
  slot.begun = tick_;
  slot.format = format;
  slot.holding = true;
  slot.cut = line.text.size() > limits_.record_bytes;
  if (slot.cut) ++truncated_;
  slot.frame.format = format;
  slot.frame.text = text;
  const bool wanted = glance == Glance::kUnsure ? filter == nullptr || filter->Wants(slot.frame)
                                                : glance == Glance::kWanted;
  if (wanted) {
    Keep(slot, line, text);
  } else {
    PassOver(slot, text);
  }
}

void Framer::Keep(Slot& slot, const LogLine& line, std::string_view text) {
  slot.wanted = true;
  slot.joined = false;
  slot.in_block = false;
  slot.text.assign(text);
  held_bytes_ += text.size();
  slot.frame.monotonic = line.monotonic;
  slot.frame.boot = line.boot;
}

// Where a record ends is followed without its text.
void Framer::PassOver(Slot& slot, std::string_view text) {
  slot.wanted = false;
  slot.joined = true;
  slot.in_block = OpensBlock(text);
}

void Framer::Append(Slot& slot, std::string_view text) {
  if (slot.cut || !slot.wanted) return;
  const size_t budget = limits_.record_bytes * kBudget;
  const size_t room =
      std::min(limits_.record_bytes - std::min(slot.text.size(), limits_.record_bytes),
               budget - std::min(held_bytes_, budget));
  if (text.size() > room) {
    slot.cut = true;
    ++truncated_;
    text = text.substr(0, room);
  }
  slot.text.append(text);
  held_bytes_ += text.size();
}

void Framer::AppendRest(Slot& slot, std::string_view text) {
  Append(slot, text);
  if (slot.joined && OpensBlock(text)) slot.in_block = true;
}

void Framer::AppendLine(Slot& slot, std::string_view text) {
  if (!slot.joined) slot.in_block = OpensBlock(slot.text);
  slot.joined = true;
  if (slot.in_block && (text == " >" || text.starts_with(" > "))) slot.in_block = false;
  if (!slot.in_block && OpensBlock(text)) slot.in_block = true;
  Append(slot, "\n");
  Append(slot, text);
}

std::optional<Frame> Framer::Release(Slot& slot) {
  const bool wanted = std::exchange(slot.wanted, true);
  slot.holding = slot.joined = slot.in_block = false;
  if (!wanted) return std::nullopt;
  held_bytes_ -= slot.text.size();
  out_.swap(slot.text);
  slot.text.clear();
  // One long record must not keep its memory in every slot it passes through.
  if (slot.text.capacity() > kLargeBuffer) std::string().swap(slot.text);
  Frame frame = slot.frame;
  frame.text = out_;
  return frame;
}

std::optional<Frame> Framer::Flush() {
  Slot* first = nullptr;
  for (Slot& slot : slots_) {
    if (!slot.wanted) slot.holding = false;
    if (slot.holding && (first == nullptr || slot.begun < first->begun)) first = &slot;
  }
  if (first == nullptr) return std::nullopt;
  return Release(*first);
}

}  // namespace kle
