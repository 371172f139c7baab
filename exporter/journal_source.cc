// SPDX-License-Identifier: Apache-2.0
// libsystemd hardly ever reports that entries are missing or that it cannot go on: what it does do
// on each fault is in docs/decisions/0009. The rules here: ask for the fd right after opening (else
// files deleted later stay open), process() every few hundred entries, never stop on an error but
// open anew at the last place, with a back-off.
#include "exporter/journal_source.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exporter/journal_sigbus.h"

namespace kle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kEntriesBetweenProcess = 256;
// journald appends in bursts: waking for each append costs ten times as much as reading.
constexpr milliseconds kBetweenWakes(100);
constexpr milliseconds kPollEvery(250);
// Without inotify, files made by rotation are only seen after opening again.
constexpr seconds kReopenEvery(10);
constexpr milliseconds kFirstBackOff(100);
constexpr milliseconds kLongestBackOff(5000);
constexpr int kTries = 2;

std::string OpenAdvice(int error, const std::string& where) {
  if (error == EACCES) return JournalAccessAdvice(where);
  const bool bytes = error == ENODATA || error == EBADMSG;
  return bytes ? "it is cut short or damaged: copy it again" : "is journald's directory mounted?";
}

}  // namespace

Result<std::unique_ptr<JournalSource>> JournalSource::Open(JournalOptions options) {
  for (std::string& unit : options.units) {
    if (unit.find('.') == std::string::npos) unit += ".service";
  }
  std::unique_ptr<JournalSource> source(new JournalSource(std::move(options)));
  if (!source->options_.directory.empty()) {
    auto files = ListJournalFiles(source->options_.directory);
    if (!files) return files.error();
  } else if (source->following() && LocalJournalFolders().empty()) {
    return Error(
        "no journal: neither /var/log/journal nor /run/log/journal is there: mount the host's, "
        "give --journal.directory, or use --source=file");
  }
  const std::string& position = source->options_.position;
  if (!position.empty() && !Decode(position, source->place_)) {
    source->place_ = JournalPlace();
    source->gaps_.push_back({GapReason::kCursorLost});
  }
  // Within the running boot nothing of another follows; and if its clock is behind, all of the
  // others would.
  sd_id128_t boot{};
  if (sd_id128_get_boot(&boot) >= 0 && BootText(boot) == source->place_.boot_id) {
    source->only_boot_ = boot;
  }
  source->boots_to_come_ = !source->place_.empty() || source->options_.start == StartAt::kAll;
  const JournalSigbus guard;
  if (auto opened = source->OpenJournal(); !opened) return opened.error();
  const int error = source->place_.empty() ? source->SeekStart() : source->Resume();
  if (error < 0) return SystemError("cannot seek in the journal", "", -error, "try --start=all");
  source->Probe();
  return source;
}

Result<void> JournalSource::OpenJournal() {
  sd_journal* journal = nullptr;
  int error = 0;
  if (!options_.files.empty()) {
    std::vector<const char*> paths;
    for (const std::string& file : options_.files) paths.push_back(file.c_str());
    paths.push_back(nullptr);
    error = sd_journal_open_files(&journal, paths.data(), 0);
  } else if (!options_.directory.empty()) {
    error = sd_journal_open_directory(&journal, options_.directory.c_str(), 0);
  } else {
    error = sd_journal_open(&journal, 0);
  }
  if (error < 0) {
    const std::string where = options_.files.empty() ? options_.directory : options_.files.front();
    return SystemError("cannot open the journal", where, -error, OpenAdvice(-error, where));
  }
  journal_.reset(journal);
  fd_ = following() ? std::max(sd_journal_get_fd(journal), -1) : -1;
  sd_journal_set_data_threshold(journal, 0);
  reopened_at_ = Clock::now();
  since_process_ = 0;
  positioned_ = false;
  units_ = options_.units;
  if (units_.empty()) units_ = UnitsOrAll(journal_.get(), options_.part);
  if (!following()) AskOnce();
  if (error = AddMatches(); error < 0) {
    return SystemError("cannot select the kubelet's unit", "", -error, "check --journal.unit");
  }
  ledger_.Read(UnitMatches(units_, options_.part));
  if (place_.empty() && options_.start == StartAt::kAll) ledger_.Begin();
  Look();
  files_changed_ = true;
  settle_next_ = false;
  return {};
}

// While no entry of the chosen units was seen.
std::string JournalSource::UnitAdvice() {
  if (options_.units.empty() || !journal_) return {};
  std::string there;
  for (const std::string& unit : UnitsIn(journal_.get(), options_.part)) {
    if (!Reads(unit)) there += (there.empty() ? "" : ", ") + unit;
  }
  if (there.empty()) return {};
  return "--journal.unit names another unit than the journal's kubelet, which is " + there;
}

bool JournalSource::Reads(std::string_view unit) const {
  return std::find(units_.begin(), units_.end(), unit) != units_.end();
}

int JournalSource::AddMatch(const std::string& match) {
  return sd_journal_add_match(journal_.get(), match.data(), match.size());
}

// (unit or unit ...) or what journald says of lines that it dropped; all of one boot, if one is
// wanted.
int JournalSource::AddMatches() {
  int error = AddUnitMatches(journal_.get(), units_, options_.part);
  // That it is journald's own is looked at when it is read: that costs less.
  if (error >= 0 && may_drop_) error = AddMatch(std::string("MESSAGE_ID=") + kJournalDroppedId);
  if (error < 0 || !only_boot_) return error;
  error = sd_journal_add_conjunction(journal_.get());
  return error < 0 ? error : AddMatch("_BOOT_ID=" + BootText(*only_boot_));
}

Result<ReadStatus> JournalSource::Next(LogLine& line, milliseconds wait) {
  const JournalSigbus guard;
  std::optional<Clock::time_point> deadline;
  while (true) {
    if (!gaps_.empty()) {
      gap_ = gaps_.front();
      gaps_.erase(gaps_.begin());
      return ReadStatus::kGap;
    }
    if (!journal_) {
      Reopen();
      if (!journal_ && Wait(wait, deadline) == Waited::kEnough) return ReadStatus::kIdle;
      continue;
    }
    if (since_process_ >= kEntriesBetweenProcess) {
      Process();
      continue;
    }
    const int moved = std::exchange(positioned_, false) ? 1 : sd_journal_next(journal_.get());
    if (moved < 0 || Cut()) {
      Fail("cannot read on in the journal", moved < 0 ? moved : -EBADMSG);
      continue;
    }
    if (moved == 0) {
      if (const auto status = AtEnd(wait, deadline)) return *status;
      continue;
    }
    if (boot_to_come_ && IsOf(*boot_to_come_)) {
      ++since_process_;
      continue;
    }
    int read = ReadEntry(line);
    if (read < 0 && !cut_) {
      Process();  // a file that was rotated away under the read pointer is often back afterwards
      read = ReadEntry(line);
    }
    if (cut_) {
      Fail("a journal file was cut while it was read", read);
      continue;
    }
    ++since_process_;
    ++place_.after;
    if (!dropped_ || transport_ != Transport::kJournald) ++met_;
    if (place_.cursor.empty()) Mark();
    if (read > 0) return ReadStatus::kLine;
    if (read < 0) CannotRead(GapReason::kUnreadableEntry);
  }
}

// There is nothing more for now. Nothing when it is to be looked again.
std::optional<ReadStatus> JournalSource::AtEnd(milliseconds wait,
                                               std::optional<Clock::time_point>& deadline) {
  if (following() && TurnToRunningBoot()) return std::nullopt;
  if (FindMissing()) return std::nullopt;
  if (!following()) return ReadStatus::kEnd;
  errors_ = 0;
  back_off_ = milliseconds(0);
  trouble_.clear();
  if (NoteComplete() || Wait(wait, deadline) == Waited::kMore) return std::nullopt;
  return ReadStatus::kIdle;
}

// The read pointer may lose its entry at any process(): the place is taken before.
void JournalSource::Mark() {
  if (place_.after == 0 || !journal_) return;
  std::string cursor = CursorOf(journal_.get());
  if (cursor.empty()) return;
  place_.cursor = std::move(cursor);
  place_.after = 0;
}

// There was nothing more: all that the journal's newest time covers has been read. True when
// something came meanwhile; it is under the read pointer then.
bool JournalSource::NoteComplete() {
  uint64_t newest = 0;
  if (sd_journal_get_cutoff_realtime_usec(journal_.get(), nullptr, &newest) <= 0) return false;
  positioned_ = sd_journal_next(journal_.get()) > 0;
  if (!positioned_) place_.complete_to = std::max(place_.complete_to, newest);
  return positioned_;
}

// What was read since a file shrank may be zeroes.
bool JournalSource::Cut() {
  cut_ = JournalSigbus::TakeHit() || cut_;
  return cut_;
}

void JournalSource::Process() {
  Mark();
  since_process_ = 0;
  if (sd_journal_process(journal_.get()) == SD_JOURNAL_INVALIDATE) {
    FindVacuumed();
    Look();
    files_changed_ = true;
    settle_next_ = false;
  }
  if (!recent_.empty()) place_.complete_to = std::max(place_.complete_to, recent_.back());
  recent_.clear();
}

// Not to wait at all is a look at files that are new, as often as a wake-up may be.
JournalSource::Waited JournalSource::Wait(milliseconds wait,
                                          std::optional<Clock::time_point>& deadline) {
  if (journal_) Mark();
  auto now = Clock::now();
  if (!deadline) deadline = now + wait;
  const auto left = std::max(std::chrono::ceil<milliseconds>(*deadline - now), milliseconds(0));
  const bool look = left == milliseconds(0);
  if (!journal_ || fd_ < 0) {
    const bool signalled =
        !look && poll(nullptr, 0, static_cast<int>(std::min(left, kPollEvery).count())) < 0;
    if (journal_ && Clock::now() - reopened_at_ > kReopenEvery) journal_.reset();
    return look || signalled ? Waited::kEnough : Waited::kMore;
  }
  if (look && now < last_wake_ + kBetweenWakes) return Waited::kEnough;
  pollfd waiting{fd_, static_cast<short>(sd_journal_get_events(journal_.get())), 0};
  if (poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return Waited::kEnough;
  now = Clock::now();
  const auto pause =
      std::min(std::chrono::ceil<milliseconds>(last_wake_ + kBetweenWakes - now), left);
  const bool signalled =
      pause > milliseconds(0) && poll(nullptr, 0, static_cast<int>(pause.count())) < 0;
  last_wake_ = Clock::now();
  Process();
  return signalled ? Waited::kEnough : Waited::kMore;
}

void JournalSource::Fail(std::string_view what, int error) {
  Process();
  if (++errors_ < kTries && !Cut()) return;
  if (std::exchange(cut_, false)) {
    CannotRead(GapReason::kCorrupted);
    ledger_.Forget();
  }
  trouble_ = SystemError(what, options_.directory, -error, "it is opened again").message();
  journal_.reset();
  back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
  retry_at_ = Clock::now() + back_off_;
}

void JournalSource::Reopen() {
  if (Clock::now() < retry_at_) return;
  if (auto opened = OpenJournal(); !opened) {
    journal_.reset();
    trouble_ = opened.error().message();
    back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
    retry_at_ = Clock::now() + back_off_;
    return;
  }
  const int error = place_.empty() ? SeekStart() : Resume();
  if (error < 0) Fail("cannot go on in the journal", error);
}

void JournalSource::Probe() {
  probed_at_ = Clock::now();
  if (!following()) return;
  for (auto& [reason, count] : unreadable_) count = 0;
  advice_.clear();
  bool missing = true;
  for (const std::string& folder : Folders()) {
    auto files = ListJournalFiles(folder);
    if (!files) continue;
    missing = false;
    for (const auto& [reason, count] : files->unreadable) unreadable_[reason] += count;
    if (advice_.empty()) advice_ = files->advice;
  }
  if (advice_.empty() && place_.empty()) advice_ = UnitAdvice();
  // A handle opened on a folder that went away sees nothing of the one that comes in its place.
  if (!missing && folder_missing_) journal_.reset();
  folder_missing_ = missing;
}

std::string JournalSource::Position() {
  const JournalSigbus guard;
  Mark();
  return Encoded(place_);
}

SourceHealth JournalSource::Health() {
  const JournalSigbus guard;
  if (Clock::now() - probed_at_ >= options_.probe_every) Probe();
  SourceHealth health;
  health.trouble = trouble_;
  if (folder_missing_) {
    const bool local = options_.directory.empty();
    health.trouble = "the journal's folder " +
                     (local ? "/var/log/journal or /run/log/journal" : options_.directory) +
                     " is gone: mount it again";
  }
  health.unreadable = unreadable_;
  health.advice = advice_;
  health.polling = following() && journal_ && fd_ < 0;
  if (const uint64_t oldest = OldestKept(); oldest > 0 && place_.realtime > 0) {
    health.headroom = Duration(place_.realtime > oldest ? place_.realtime - oldest : 0);
  }
  return health;
}

}  // namespace kle
