// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_units.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kle {
namespace {

// Of every distribution known to run a kubelet under systemd.
constexpr std::array<const char*, 13> kKubelets{"kubelet.service",
                                                "k3s.service",
                                                "k3s-agent.service",
                                                "rke2-server.service",
                                                "rke2-agent.service",
                                                "k0scontroller.service",
                                                "k0sworker.service",
                                                "microshift.service",
                                                "edgecore.service",
                                                "snap.microk8s.daemon-kubelite.service",
                                                "snap.microk8s.daemon-kubelet.service",
                                                "snap.k8s.kubelet.service",
                                                "snap.kubelet.daemon.service"};

// Those of k3s and rke2 print to a file, k0s' under the kubelet's unit.
constexpr std::array<const char*, 5> kRuntimes{"containerd.service", "crio.service",
                                               "docker.service", "cri-docker.service",
                                               "snap.microk8s.daemon-containerd.service"};

template <typename Known>
void AddIfKnown(const Known& known, std::string_view unit, std::vector<std::string>& units) {
  if (std::find(known.begin(), known.end(), unit) == known.end()) return;
  if (std::find(units.begin(), units.end(), unit) == units.end()) units.emplace_back(unit);
}

int AddMatch(sd_journal* journal, const std::string& match) {
  return sd_journal_add_match(journal, match.data(), match.size());
}

// Calls `visit` with each value that the field has in the journal.
template <typename Visit>
void ForEachValue(sd_journal* journal, const char* field, Visit visit) {
  if (sd_journal_query_unique(journal, field) < 0) return;
  const void* data = nullptr;
  size_t size = 0;
  while (sd_journal_enumerate_available_unique(journal, &data, &size) > 0) {
    std::string_view value(static_cast<const char*>(data), size);
    value.remove_prefix(std::min(std::strlen(field) + 1, value.size()));
    visit(value);
  }
}

bool Contains(const std::vector<std::string>& units, std::string_view unit) {
  return std::find(units.begin(), units.end(), unit) != units.end();
}

}  // namespace

bool JournalUnits::HasRuntime(std::string_view unit) const { return Contains(runtimes, unit); }

bool JournalUnits::Has(std::string_view unit) const {
  return Contains(kubelets, unit) || Contains(runtimes, unit);
}

JournalUnits UnitsIn(sd_journal* journal) {
  JournalUnits units;
  ForEachValue(journal, "_SYSTEMD_UNIT", [&units](std::string_view unit) {
    AddIfKnown(kKubelets, unit, units.kubelets);
    AddIfKnown(kRuntimes, unit, units.runtimes);
  });
  ForEachValue(journal, "_TRANSPORT", [&units](std::string_view transport) {
    units.kernel = units.kernel || transport == "kernel";
  });
  std::sort(units.kubelets.begin(), units.kubelets.end());
  std::sort(units.runtimes.begin(), units.runtimes.end());
  return units;
}

JournalUnits ChooseUnits(sd_journal* journal, const std::vector<std::string>& wanted,
                         bool runtime) {
  JournalUnits units;
  if (wanted.empty() || runtime) units = UnitsIn(journal);
  if (!wanted.empty()) units.kubelets = wanted;
  if (units.kubelets.empty()) units.kubelets.assign(kKubelets.begin(), kKubelets.end());
  if (!runtime) {
    units.runtimes.clear();
    units.kernel = false;
  }
  return units;
}

int AddUnitMatches(sd_journal* journal, const JournalUnits& units) {
  sd_journal_flush_matches(journal);
  for (const auto* names : {&units.kubelets, &units.runtimes}) {
    for (const std::string& name : *names) {
      const int error = AddMatch(journal, "_SYSTEMD_UNIT=" + name);
      if (error < 0) return error;
    }
  }
  int error = sd_journal_add_disjunction(journal);
  if (error >= 0 && units.kernel) {
    error = AddMatch(journal, "_TRANSPORT=kernel");
    if (error >= 0) error = sd_journal_add_disjunction(journal);
  }
  return error;
}

bool HasRuntime(sd_journal* journal) {
  sd_journal_flush_matches(journal);
  for (const char* unit : kRuntimes) AddMatch(journal, std::string("_SYSTEMD_UNIT=") + unit);
  return sd_journal_seek_head(journal) >= 0 && sd_journal_next(journal) > 0;
}

}  // namespace kle
