// SPDX-License-Identifier: Apache-2.0
// To read MESSAGE alone costs a seventh less than all of an entry's fields. In files that
// nothing is added to, that is enough for lines that tell their writer themselves, once the index
// of the files has told that no line was cut and none dropped (docs/decisions/0026).
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

#include "exporter/journal_source.h"
#include "parser/logrus.h"
#include "parser/scan.h"

namespace kle {
namespace {

// journald stamps an entry before it writes it.
constexpr std::chrono::seconds kInWriting(5);

constexpr std::string_view kMessageField = "MESSAGE=";

}  // namespace

// Of the entries that are matched, and leaves the reader somewhere.
bool JournalSource::HasAny(std::initializer_list<const char*> fields) {
  for (const char* field : fields) {
    if (AddMatch(field) < 0) return true;
  }
  return sd_journal_seek_head(journal_.get()) < 0 || sd_journal_next(journal_.get()) != 0;
}

// Whether some entry, of whatever unit, has the field.
bool JournalSource::HasField(const char* name) {
  const void* data = nullptr;
  size_t size = 0;
  return sd_journal_query_unique(journal_.get(), name) < 0 ||
         sd_journal_enumerate_unique(journal_.get(), &data, &size) != 0;
}

void JournalSource::AskOnce() {
  sd_journal* journal = journal_.get();
  known_head_.clear();
  const auto begun = std::chrono::system_clock::now() - kInWriting;
  const auto until = std::chrono::duration_cast<Duration>(begun.time_since_epoch());
  sd_journal_flush_matches(journal);
  const std::string dropped = std::string("MESSAGE_ID=") + kJournalDroppedId;
  may_drop_ = HasAny({dropped.c_str()});
  const auto of_units = [&] {
    return AddUnitMatches(journal, units_, options_.part) >= 0 &&
           sd_journal_add_conjunction(journal) >= 0;
  };
  const bool settled =
      of_units() && !HasAny({"_LINE_BREAK=nul", "_LINE_BREAK=line-max"}) &&
      // Docker hands on what containers print, under its own unit.
      (options_.part == JournalPart::kKubelet ||
       (of_units() && !HasAny({"_TRANSPORT=journal", "_TRANSPORT=syslog", "_TRANSPORT=audit"})));
  names_streams_ = HasField("_STREAM_ID");
  settled_until_ = settled ? static_cast<uint64_t>(until.count()) : 0;
}

// The field as it lies in its file, until the entry's data is asked for again; empty when the entry
// has none. Most of its bytes were not touched yet: they come while the caller asks for the time.
int JournalSource::FindMessage(std::string_view& field) {
  const void* data = nullptr;
  size_t size = 0;
  const int error = sd_journal_get_data(journal_.get(), "MESSAGE", &data, &size);
  if (error < 0) return error == -ENOENT ? 0 : error;
  field = {static_cast<const char*>(data), size};
  constexpr size_t kCacheLine = 64;
  for (size_t at = kCacheLine; at < size; at += kCacheLine) __builtin_prefetch(field.data() + at);
  return 0;
}

void JournalSource::TakeFoundMessage(std::string_view field) {
  has_message_ = dropped_ = false;
  message_.clear();
  TakeField(field);
}

// What a line has in common with the one before when both are of one process: the process's id in
// klog's text; of a usual line of JSON, that it is one. Empty where nothing is known by it.
std::string_view JournalSource::HeadOf(std::string_view message, Need need) const {
  if (options_.part == JournalPart::kRuntime) {
    return message.starts_with(kLogrusText) ? kLogrusText : std::string_view();
  }
  if (!message.starts_with('{')) return scan::PidColumn(message);
  return need == Need::kAll ? std::string_view() : message.substr(0, 1);
}

// A line whose writer, pid_ and stream_ are those of the line last read with all fields; or a
// runtime's own line, of which nobody asks for process or stream.
std::optional<LogWriter> JournalSource::WriterKnownBy(std::string_view message, Need need) const {
  const std::string_view head = HeadOf(message, need);
  if (head.empty()) return std::nullopt;
  if (options_.part == JournalPart::kRuntime) return LogWriter::kRuntime;
  return head == known_head_ ? std::optional(LogWriter::kKubelet) : std::nullopt;
}

// Whether the entry is of the stream of the one last read with all fields, whose pid_ and
// transport_ are this one's then. Where no entry names a stream, the kubelet's are told by the
// process, unless journald's own lines are read too.
bool JournalSource::OfSameStream() {
  if (!names_streams_ && (may_drop_ || options_.part != JournalPart::kKubelet)) return false;
  const char* const name = names_streams_ ? "_STREAM_ID" : "_PID";
  const void* data = nullptr;
  size_t size = 0;
  if (sd_journal_get_data(journal_.get(), name, &data, &size) < 0) return false;
  std::string_view value(static_cast<const char*>(data), size);
  value.remove_prefix(std::min(value.find('=') + 1, size));
  if (names_streams_) return stream_ && value == stream_text_;
  return pid_ != 0 && value == std::to_string(pid_);
}

// What is needed of the line. Its writer is the one of the line before, and none of its lines was
// cut: what else could be found out about it changes nothing for one that tells nothing. Of JSON,
// where no line names its process, that is all the same; another process begins with words that are
// no JSON, or that say so.
Need JournalSource::Offer(std::string_view field, LogLine& line) {
  const bool offered = taker_ && options_.part == JournalPart::kKubelet;
  if (!offered || !field.starts_with(kMessageField)) return Need::kAll;
  line.Clear();
  line.text = field.substr(kMessageField.size());
  const bool json = line.text.starts_with('{');
  const auto writer =
      json ? std::optional(LogWriter::kKubelet) : WriterKnownBy(line.text, Need::kTime);
  if (!writer || !place_.broken_streams.empty()) return Need::kAll;
  line.writer = *writer;
  line.pid = pid_;
  line.stream = stream_.value_or(pid_);
  dropped_ = false;
  return taker_(line);
}

}  // namespace kle
