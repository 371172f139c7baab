// SPDX-License-Identifier: Apache-2.0
#include "exporter/serve_source.h"

#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "exporter/follow_source.h"
#include "exporter/journal_source.h"
#include "exporter/live_merge.h"
#include "exporter/log.h"
#include "exporter/text.h"

namespace kle {
namespace {

constexpr const char* kJournal = "journal";
constexpr const char* kRuntimeJournal = "runtime journal";

// As one; a single one as it is.
std::unique_ptr<LineSource> Merged(std::vector<LiveMerge::Source> sources,
                                   const ServeOptions& options) {
  if (sources.size() == 1 && !sources.front().pending.there) {
    return std::move(sources.front().lines);
  }
  return std::make_unique<LiveMerge>(std::move(sources), ZoneOptionsOf(options));
}

Result<void> OpenJournal(const ServeOptions& options, LiveMerge::Source& source) {
  JournalOptions journal;
  journal.directory = options.journal_directory;
  journal.part = source.needed ? JournalPart::kKubelet : JournalPart::kRuntime;
  if (source.needed) journal.units = options.journal_units;
  journal.start = options.start;
  journal.position = source.position;
  auto opened = JournalSource::Open(journal);
  if (!opened) return opened.error();
  Log(LogLevel::kInfo, "reading a journal",
      {{"of", source.needed ? "the kubelet" : "the container runtime"},
       {"folder", options.journal_directory.empty() ? "this machine's" : options.journal_directory},
       {"units", Joined((*opened)->units(), " ")}});
  source.lines = std::move(*opened);
  return {};
}

Result<void> OpenLog(const ServeOptions& options, LiveMerge::Source& source) {
  auto log = FollowSource::Open({source.name}, options.start, source.position);
  if (!log) return log.error();
  Log(LogLevel::kInfo, "reading a log file",
      {{"of", source.needed ? "the kubelet" : "the container runtime"}, {"path", source.name}});
  source.lines = std::move(*log);
  return {};
}

// What is read: the journal, and where a runtime prints to a log of its own that too; or the files.
std::vector<std::string> SourceNames(const ServeOptions& options) {
  if (options.source == SourceKind::kFile) return options.file_paths;
  std::vector<std::string> names{kJournal};
  if (!options.runtime) return names;
  names.emplace_back(kRuntimeJournal);
  for (const std::string& path : options.runtime_files) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) names.push_back(path);
  }
  return names;
}

}  // namespace

std::string NameOf(SourceKind source) { return source == SourceKind::kFile ? "file" : "journal"; }

Result<std::unique_ptr<LineSource>> OpenSource(const ServeOptions& options,
                                               const std::string& position) {
  auto sources = LiveMerge::SourcesAt(position, SourceNames(options));
  for (LiveMerge::Source& source : sources) {
    source.needed = options.source == SourceKind::kFile || source.name == kJournal;
    const bool journal = options.source == SourceKind::kJournal &&
                         (source.name == kJournal || source.name == kRuntimeJournal);
    // One that the state does not know: what the runtime printed about pods that are gone from the
    // state would begin them anew. A journal's position may be that of its beginning.
    const bool unknown = !position.empty() && (!journal || source.position.empty());
    ServeOptions wanted = options;
    if (!source.needed && unknown) wanted.start = StartAt::kNow;
    auto opened = journal ? OpenJournal(wanted, source) : OpenLog(wanted, source);
    if (opened) continue;
    if (source.needed) return opened.error();
    Log(LogLevel::kWarn, "runtime log left out", {{"reason", opened.error().message()}});
  }
  std::erase_if(sources, [](const LiveMerge::Source& source) { return source.lines == nullptr; });
  return Merged(std::move(sources), options);
}

ZoneOptions ZoneOptionsOf(const ServeOptions& options) {
  ZoneOptions zone;
  zone.timezone = options.timezone;
  if (options.source == SourceKind::kFile) {
    if (options.timezone.empty()) zone.timezone = "local";
    zone.reference = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  return zone;
}

std::string ZoneText(const ServeOptions& options) {
  if (!options.timezone.empty() && options.timezone != "local") return options.timezone;
  if (options.timezone.empty() && options.source == SourceKind::kJournal) {
    return "that of the journal's own times";
  }
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::array<char, 48> text{};
  if (localtime_r(&now, &local) == nullptr) return "local";
  return {text.data(), std::strftime(text.data(), text.size(), "local, %z", &local)};
}

bool NeedsKubeletLine(const ServeOptions& options) {
  return options.source == SourceKind::kJournal;
}

std::string NoLineAdvice() {
  return "does the kubelet run here, is the journal's directory the host's, does --journal.unit "
         "name "
         "its unit, may this user read the journal (group systemd-journal)?";
}

std::string ClockAdvice(const ServeOptions& options) {
  if (options.source != SourceKind::kFile) return {};
  return "give --timezone the zone that the kubelet writes in (now: " + ZoneText(options) +
         "); in a container, mount the node's /etc/localtime";
}

}  // namespace kle
