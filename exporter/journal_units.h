// SPDX-License-Identifier: Apache-2.0
// The systemd units that a journal is read for: kubelets, and the container runtimes beside them.
#pragma once

#include <systemd/sd-journal.h>

#include <string>
#include <string_view>
#include <vector>

namespace kle {

struct JournalUnits {
  std::vector<std::string> kubelets;
  std::vector<std::string> runtimes;
  bool kernel = false;

  bool HasRuntime(std::string_view unit) const;
  bool Has(std::string_view unit) const;
};

// The known ones that wrote to this journal.
JournalUnits UnitsIn(sd_journal* journal);

// `wanted`, or else the kubelets that are there, or else every known one. Runtimes and the kernel
// only if asked for, and if they are there: each more costs every entry that is read.
JournalUnits ChooseUnits(sd_journal* journal, const std::vector<std::string>& wanted, bool runtime);

// What libsystemd matches an entry of theirs by; errno below zero. Matches that were there go.
int AddUnitMatches(sd_journal* journal, const JournalUnits& units);

// Whether any known runtime's unit wrote to this journal. Its matches and its place go.
bool HasRuntime(sd_journal* journal);

}  // namespace kle
