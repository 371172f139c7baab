// SPDX-License-Identifier: Apache-2.0
// The systemd journal as a source: the kubelet's unit, followed over rotation.
#pragma once

#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/journal_files.h"
#include "exporter/journal_ledger.h"
#include "exporter/journal_place.h"
#include "exporter/journal_units.h"
#include "exporter/line_source.h"
#include "exporter/options.h"

namespace kle {

struct JournalOptions {
  std::string directory;           // "": this machine's journal
  std::vector<std::string> files;  // instead: just these, not followed
  std::vector<std::string> units;  // empty: the known kubelet units
  StartAt start = StartAt::kBoot;
  std::string position{};  // of an earlier process; "" begins at `start`
  // How often Health looks at the files themselves.
  std::chrono::milliseconds probe_every{30'000};
  JournalPart part = JournalPart::kKubelet;
};

class JournalSource final : public LineSource {
 public:
  [[nodiscard]] static Result<std::unique_ptr<JournalSource>> Open(JournalOptions options);

  Result<ReadStatus> Next(LogLine& line, std::chrono::milliseconds wait) override;
  std::string Position() override;
  void OfferFirst(const Taker& taker) override { taker_ = taker; }
  Gap gap() const override { return gap_; }
  SourceHealth Health() override;

  // What is read, for messages.
  const std::vector<std::string>& units() const { return units_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Closer {
    void operator()(sd_journal* journal) const { sd_journal_close(journal); }
  };
  enum class Waited { kMore, kEnough };
  enum class Transport : uint8_t { kOther, kStdout, kKernel, kJournald };

  explicit JournalSource(JournalOptions options) : options_(std::move(options)) {}

  // journal_source.cc: opening, waiting, and getting over errors
  Result<void> OpenJournal();
  std::string UnitAdvice();
  int AddMatch(const std::string& match);
  int AddMatches();
  void Mark();  // the entry just read is the place
  void Process();
  std::optional<ReadStatus> AtEnd(std::chrono::milliseconds wait,
                                  std::optional<Clock::time_point>& deadline);
  Waited Wait(std::chrono::milliseconds wait, std::optional<Clock::time_point>& deadline);
  bool Cut();  // a file shrank under the reader
  void Fail(std::string_view what, int error);
  void Reopen();
  void Probe();  // the files, for what Health tells

  // journal_entry.cc: one entry and its fields
  bool IsOf(sd_id128_t boot);
  int ReadEntry(LogLine& line);
  int ReadFields();
  void TakeField(std::string_view field);
  void TakeMessage(std::string_view field);
  void TakeTrusted(std::string_view field);  // what journald says itself: "_..."
  std::optional<LogWriter> WriterOfEntry();
  int FindWriter(uint64_t realtime, std::string_view message, Need need,
                 std::optional<LogWriter>& writer);
  std::optional<LogWriter> Writer() const;
  static Transport TransportOf(std::string_view name);
  uint64_t StreamOf(std::string_view id);
  bool Reads(std::string_view unit) const;
  void NoteBoot(sd_id128_t boot);
  void NoteDropped();
  bool NoteBroken(uint64_t stream);
  bool NoteComplete();

  // journal_seek.cc: where it begins, and back to where it was
  int SeekStart();
  int SeekBoot();
  bool HasBoot(sd_id128_t boot);
  std::optional<sd_id128_t> BootBehindPlace();
  int StartOver(GapReason reason);
  int SeekPastPlace();
  int Resume();
  bool SkipOlder();
  int SkipRead();
  bool TurnToRunningBoot();

  // journal_settled.cc: files that nothing is added to, by MESSAGE alone
  void AskOnce();
  bool HasAny(std::initializer_list<const char*> fields);
  bool HasField(const char* name);
  int FindMessage(std::string_view& field);
  void TakeFoundMessage(std::string_view field);
  std::string_view HeadOf(std::string_view message, Need need) const;
  std::optional<LogWriter> WriterKnownBy(std::string_view message, Need need) const;
  bool OfSameStream();
  Need Offer(std::string_view field, LogLine& line);

  // journal_missing.cc: entries that never came
  uint64_t OldestKept();
  void FindVacuumed();
  void Look();
  bool FindMissing();
  void CannotRead(GapReason reason);
  std::vector<std::string> Folders() const;

  bool following() const { return options_.files.empty(); }

  JournalOptions options_;
  std::unique_ptr<sd_journal, Closer> journal_;
  int fd_ = -1;  // -1: no inotify, polled
  std::vector<std::string> units_;
  std::optional<sd_id128_t> only_boot_;
  bool boots_to_come_ = false;  // of earlier boots, the running one may hide behind them
  std::optional<sd_id128_t> boot_to_come_;  // its entries wait until those are read
  bool cut_ = false;                        // a file shrank under the reader
  bool positioned_ = false;  // the entry to read next is already under the read pointer

  JournalPlace place_;
  std::vector<uint64_t> recent_;  // times of the entries read since the last process()
  unsigned since_process_ = 0;
  JournalLedger ledger_;
  uint64_t met_ = 0;           // entries of the units, readable or not
  bool files_changed_ = true;  // since they were last held against what was met
  bool settle_next_ = false;   // when everything has been read

  // Of the entry being read.
  std::string message_;
  bool has_message_ = false;
  uint64_t pid_ = 0;
  std::optional<uint64_t> stream_;
  std::string stream_text_;  // the _STREAM_ID last seen, and its number
  uint64_t stream_number_ = 0;
  Transport transport_ = Transport::kOther;
  bool broken_ = false;
  bool dropped_ = false;  // of lines that were dropped
  uint64_t dropped_lines_ = 0;

  std::optional<sd_id128_t> boot_id_;  // of the entry last read

  Taker taker_;

  // Of a fixed set of files, asked once: see AskOnce.
  uint64_t settled_until_ = 0;  // realtime up to which MESSAGE may be enough
  bool may_drop_ = true;        // whether journald may have dropped lines
  bool names_streams_ = true;   // whether entries have a _STREAM_ID
  std::string known_head_;      // HeadOf the line last read with all fields

  int errors_ = 0;  // in a row
  std::chrono::milliseconds back_off_{0};
  Clock::time_point retry_at_{};
  Clock::time_point last_wake_{};
  Clock::time_point reopened_at_{};
  Clock::time_point probed_at_{};
  std::map<std::string, int64_t> unreadable_;
  std::string advice_;
  bool folder_missing_ = false;
  std::string trouble_;
  std::vector<Gap> gaps_;  // to report before the next line
  Gap gap_;                // the last one reported
};

}  // namespace kle
