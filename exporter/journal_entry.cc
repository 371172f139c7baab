// SPDX-License-Identifier: Apache-2.0
// One entry of the journal and its fields.
#include <algorithm>
#include <cerrno>
#include <charconv>

#include "exporter/journal_source.h"

namespace kle {
namespace {

constexpr size_t kBrokenStreams = 64;

bool Consume(std::string_view& field, std::string_view name) {
  if (!field.starts_with(name)) return false;
  field.remove_prefix(name.size());
  return true;
}

bool Same(sd_id128_t a, sd_id128_t b) { return sd_id128_equal(a, b) != 0; }

}  // namespace

// Some twenty fields an entry come by here: what none of ours begins with is told by two letters.
void JournalSource::TakeField(std::string_view field) {
  if (field.size() < 2) return;
  switch (field[0]) {
    case 'M':
      TakeMessage(field);
      break;
    case 'N':
      if (Consume(field, "N_DROPPED=")) {
        std::from_chars(field.data(), field.data() + field.size(), dropped_lines_);
      }
      break;
    case '_':
      TakeTrusted(field);
      break;
    default:
      break;
  }
}

void JournalSource::TakeMessage(std::string_view field) {
  if (Consume(field, "MESSAGE=")) {
    if (!has_message_) message_.assign(field);  // of two, journald shows the first
    has_message_ = true;
  } else if (Consume(field, "MESSAGE_ID=")) {
    dropped_ = field == kJournalDroppedId;
  }
}

// What journald itself adds.
void JournalSource::TakeTrusted(std::string_view field) {
  switch (field[1]) {
    case 'P':
      if (Consume(field, "_PID=")) {
        std::from_chars(field.data(), field.data() + field.size(), pid_);
      }
      break;
    case 'S':
      if (Consume(field, "_STREAM_ID=")) stream_ = StreamOf(field);
      break;
    case 'T':
      if (Consume(field, "_TRANSPORT=")) transport_ = TransportOf(field);
      break;
    case 'L':
      if (Consume(field, "_LINE_BREAK=")) broken_ = field == "nul" || field == "line-max";
      break;
    default:
      break;
  }
}

JournalSource::Transport JournalSource::TransportOf(std::string_view name) {
  if (name == "stdout") return Transport::kStdout;
  if (name == "kernel") return Transport::kKernel;
  return name == "driver" ? Transport::kJournald : Transport::kOther;
}

// Who wrote the entry; nothing when what it says is nobody's of these.
std::optional<LogWriter> JournalSource::Writer() const {
  if (options_.part == JournalPart::kKubelet) return LogWriter::kKubelet;
  if (transport_ == Transport::kKernel) return LogWriter::kKernel;
  // Docker hands on what containers print, under its own unit.
  if (transport_ == Transport::kStdout) return LogWriter::kRuntime;
  return std::nullopt;
}

// Entry after entry is of the same stream.
uint64_t JournalSource::StreamOf(std::string_view id) {
  if (id == stream_text_) return stream_number_;
  uint64_t high = 0;
  uint64_t low = 0;
  const std::string_view front = id.substr(0, std::min<size_t>(id.size(), 16));
  std::from_chars(front.data(), front.data() + front.size(), high, 16);
  std::from_chars(front.data() + front.size(), id.data() + id.size(), low, 16);
  stream_text_.assign(id);
  stream_number_ = high ^ low;
  return stream_number_;
}

void JournalSource::NoteBoot(sd_id128_t boot) {
  if (boot_id_ && Same(*boot_id_, boot)) return;
  boot_id_ = boot;
  known_head_.clear();
  std::string text = BootText(boot);
  if (!place_.boot_id.empty() && place_.boot_id != text) ++place_.boot;
  place_.boot_id = std::move(text);
}

// "Suppressed 1625 messages from kubelet.service": journald's own words, of the units read. Former
// ones name the unit's cgroup, and have the number in the text alone.
void JournalSource::NoteDropped() {
  const std::string_view text = message_;
  if (!Reads(text.substr(text.find_last_of(" /") + 1))) return;
  const std::string_view number = text.substr(std::min(text.find(' ') + 1, text.size()));
  if (dropped_lines_ == 0) {
    std::from_chars(number.data(), number.data() + number.size(), dropped_lines_);
  }
  gaps_.push_back({GapReason::kSuppressed, dropped_lines_});
}

// What follows a cut entry of its stream is the rest of it. Only the last few streams can matter:
// a stream is a process's standard output.
bool JournalSource::NoteBroken(uint64_t stream) {
  auto& broken = place_.broken_streams;
  if (broken.empty() && !broken_) return false;
  const auto found = std::find(broken.begin(), broken.end(), stream);
  const bool continues = found != broken.end();
  if (broken_ && !continues) {
    if (broken.size() >= kBrokenStreams) broken.erase(broken.begin());
    broken.push_back(stream);
  } else if (!broken_ && continues) {
    broken.erase(found);
  }
  return continues;
}

bool JournalSource::IsOf(sd_id128_t boot) {
  uint64_t ignored = 0;
  sd_id128_t of{};
  return sd_journal_get_monotonic_usec(journal_.get(), &ignored, &of) >= 0 && Same(of, boot);
}

// Who wrote the line, by as few of the entry's fields as that takes; nothing when it is no line.
// `message`: its field, where that was found alone. Below zero: errno.
int JournalSource::FindWriter(uint64_t realtime, std::string_view message, Need need,
                              std::optional<LogWriter>& writer) {
  if (realtime < settled_until_) {
    TakeFoundMessage(message);
    writer = WriterKnownBy(message_, need);
    if (!writer && has_message_ && OfSameStream()) {
      const std::string_view head = HeadOf(message_, need);
      if (!head.empty()) known_head_ = head;
      writer = WriterOfEntry();
    }
  }
  if (writer) return 0;
  if (const int error = ReadFields(); error < 0) return error;
  known_head_ = HeadOf(message_, need);
  writer = WriterOfEntry();
  return 0;
}

// 1: a line; 0: an entry without a message, or whose line is dealt with; below: errno.
int JournalSource::ReadEntry(LogLine& line) {
  uint64_t realtime = 0;
  uint64_t monotonic = 0;
  sd_id128_t boot{};
  sd_journal* journal = journal_.get();
  std::string_view message;
  Need need = Need::kAll;
  if (settled_until_ > 0) {
    if (const int error = FindMessage(message); error < 0) return error;
    need = Offer(message, line);
    if (need == Need::kNothing) return 0;
  }
  if (const int error = sd_journal_get_realtime_usec(journal, &realtime); error < 0) return error;
  if (const int error = sd_journal_get_monotonic_usec(journal, &monotonic, &boot); error < 0) {
    return error;
  }
  NoteBoot(boot);
  std::optional<LogWriter> writer;
  if (const int error = FindWriter(realtime, message, need, writer); error < 0) return error;
  // libsystemd steps over a field that it cannot read. No line of a stream is without its text.
  if (Cut() || (stream_ && !has_message_)) return -EBADMSG;
  place_.realtime = realtime;
  place_.monotonic = monotonic;
  recent_.push_back(realtime);
  if (!writer) return 0;
  line.Clear();
  line.text = message_;
  line.received = Timestamp(Duration(realtime));
  line.monotonic = Duration(monotonic);
  line.boot = place_.boot;
  line.pid = pid_;
  line.writer = *writer;
  line.stream = stream_.value_or(pid_);
  line.continues_previous = NoteBroken(line.stream);
  return 1;
}

// All that an entry has, in one pass: asking for two or three costs as much.
int JournalSource::ReadFields() {
  has_message_ = broken_ = dropped_ = false;
  transport_ = Transport::kOther;
  pid_ = dropped_lines_ = 0;
  stream_.reset();
  const void* data = nullptr;
  size_t size = 0;
  sd_journal_restart_data(journal_.get());
  int more = 0;
  while ((more = sd_journal_enumerate_available_data(journal_.get(), &data, &size)) > 0) {
    TakeField(std::string_view(static_cast<const char*>(data), size));
  }
  return more;
}

// Nothing when the entry is no line.
std::optional<LogWriter> JournalSource::WriterOfEntry() {
  if (dropped_ && transport_ == Transport::kJournald && has_message_) NoteDropped();
  if (!has_message_ || dropped_) return std::nullopt;
  return Writer();
}

}  // namespace kle
