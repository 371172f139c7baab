// SPDX-License-Identifier: Apache-2.0
#include "exporter/report_input.h"

#include <glob.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "exporter/file_source.h"
#include "exporter/journal_files.h"
#include "exporter/journal_source.h"
#include "exporter/merged_source.h"

namespace kle {
namespace {

struct Sorted {
  std::vector<std::string> logs;
  std::vector<std::string> journals;
  std::vector<std::string> notes;
};

std::string Unreadable(const JournalFiles& files) {
  std::string text;
  for (const auto& [reason, count] : files.unreadable) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + reason;
  }
  return text;
}

Result<void> AddFolder(const std::string& folder, Sorted& sorted) {
  auto files = ListJournalFiles(folder);
  if (!files) return files.error();
  if (files->readable.empty() && files->unreadable_total() == 0) {
    sorted.logs.push_back(folder);
    return {};
  }
  if (files->readable.empty()) {
    return Error("no journal file in " + folder + " can be read (" + Unreadable(*files) + ")" +
                 (files->advice.empty() ? "" : ": " + files->advice));
  }
  if (files->unreadable_total() > 0) {
    sorted.notes.push_back(folder + ": journal files left out: " + Unreadable(*files));
  }
  sorted.journals.insert(sorted.journals.end(), files->readable.begin(), files->readable.end());
  return {};
}

Result<void> AddJournal(const std::string& path, Sorted& sorted) {
  const std::string trouble = JournalFileTrouble(path);
  if (trouble == "permission") {
    return Error("cannot read " + path + ": Permission denied: " + JournalAccessAdvice(path));
  }
  if (!trouble.empty()) return Error("cannot read " + path + ": " + trouble);
  sorted.journals.push_back(path);
  return {};
}

// A pattern that the shell left alone (quoted, or in a service file) is expanded here; a file that
// has such a name is that file.
std::vector<std::string> Expanded(const std::vector<std::string>& paths) {
  std::vector<std::string> expanded;
  for (const std::string& path : paths) {
    std::error_code ignored;
    glob_t found{};
    if (path.find_first_of("*?[") != path.npos && !std::filesystem::exists(path, ignored) &&
        glob(path.c_str(), 0, nullptr, &found) == 0) {
      expanded.insert(expanded.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    } else {
      expanded.push_back(path);
    }
    globfree(&found);
  }
  return expanded;
}

Result<Sorted> Sort(const std::vector<std::string>& paths) {
  Sorted sorted;
  for (const std::string& path : paths) {
    std::error_code ignored;
    Result<void> added;
    if (path == "-") {
      sorted.logs.push_back(path);
    } else if (std::filesystem::is_directory(path, ignored)) {
      added = AddFolder(path, sorted);
    } else if (IsJournalFile(path)) {
      added = AddJournal(path, sorted);
    } else {
      sorted.logs.push_back(path);
    }
    if (!added) return added.error();
  }
  if (!sorted.logs.empty() && !sorted.journals.empty()) {
    return Error("logs and journals cannot be one stream: report " + sorted.logs.front() + " and " +
                 sorted.journals.front() + " apart");
  }
  return sorted;
}

std::unique_ptr<LineSource> Merged(std::vector<std::unique_ptr<LineSource>> sources,
                                   const ZoneOptions& zone) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergedSource>(std::move(sources), zone);
}

Result<void> OpenJournals(std::vector<std::string> paths, const ReportOptions& options,
                          ReportInput& input) {
  JournalOptions journal;
  journal.files = std::move(paths);
  journal.start = StartAt::kAll;
  std::vector<std::unique_ptr<LineSource>> sources;
  for (const JournalPart part : {JournalPart::kKubelet, JournalPart::kRuntime}) {
    const bool kubelet = part == JournalPart::kKubelet;
    if (!kubelet && !options.runtime) continue;
    journal.part = part;
    journal.units = kubelet ? options.journal_units : std::vector<std::string>();
    auto source = JournalSource::Open(journal);
    if (!source) return source.error();
    if (kubelet) {
      input.advice = "give --journal.unit: looked for";
      for (const std::string& unit : (*source)->units()) input.advice += " " + unit;
    }
    sources.push_back(std::move(*source));
  }
  input.source = Merged(std::move(sources), {});
  return {};
}

Result<void> OpenLogs(const std::vector<std::string>& paths, const ReportOptions& options,
                      ReportInput& input) {
  auto files = OpenFileInputs(paths, {options.timezone, options.year, std::nullopt});
  if (!files) return files.error();
  input.notes = std::move(files->skipped);
  input.reference = files->modified;
  input.advice = "give the kubelet's own log; `explain` tells why a line is not taken";
  std::vector<std::vector<InputFile>> kinds(2);
  for (InputFile& file : files->files) {
    for (const std::string& other : file.overlaps) {
      input.notes.push_back(file.path + " begins before " + other +
                            " ends: lines that both have are read once");
    }
    if (input.timezone.empty() && !file.zone.empty()) {
      input.timezone = file.zone;
      input.notes.push_back("the kubelet's times are taken to be " + file.zone + " like those of " +
                            file.path + "; --timezone tells another");
    }
    kinds[file.runtime ? 1 : 0].push_back(std::move(file));
  }
  std::vector<std::unique_ptr<LineSource>> sources;
  for (auto& kind : kinds) {
    if (!kind.empty()) sources.push_back(std::make_unique<FileSource>(std::move(kind)));
  }
  input.source = Merged(std::move(sources), {input.timezone, options.year, input.reference});
  return {};
}

}  // namespace

Result<ReportInput> OpenReportInput(const std::vector<std::string>& named,
                                    const ReportOptions& options) {
  ReportInput input;
  input.timezone = options.timezone;
  const std::vector<std::string> paths = Expanded(named);
  input.name = paths.front() == "-" ? "standard input" : paths.front();
  if (paths.size() > 1) input.name += " and " + std::to_string(paths.size() - 1) + " more";
  auto sorted = Sort(paths);
  if (!sorted) return sorted.error();
  auto opened = sorted->journals.empty()
                    ? OpenLogs(sorted->logs, options, input)
                    : OpenJournals(std::move(sorted->journals), options, input);
  if (!opened) return opened.error();
  input.notes.insert(input.notes.end(), sorted->notes.begin(), sorted->notes.end());
  if (!input.reference) {
    input.reference = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  return input;
}

}  // namespace kle
