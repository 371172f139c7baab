// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_units.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>
#include <string_view>

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

std::span<const char* const> Known(JournalPart part) {
  if (part == JournalPart::kRuntime) return kRuntimes;
  return kKubelets;
}

int AddMatch(sd_journal* journal, const std::string& match) {
  return sd_journal_add_match(journal, match.data(), match.size());
}

}  // namespace

std::vector<std::string> UnitsIn(sd_journal* journal, JournalPart part) {
  constexpr const char* kField = "_SYSTEMD_UNIT";
  const auto known = Known(part);
  std::set<std::string> units;
  if (sd_journal_query_unique(journal, kField) >= 0) {
    const void* data = nullptr;
    size_t size = 0;
    while (sd_journal_enumerate_available_unique(journal, &data, &size) > 0) {
      std::string_view value(static_cast<const char*>(data), size);
      value.remove_prefix(std::min(std::strlen(kField) + 1, value.size()));
      if (std::ranges::find(known, value) != known.end()) units.emplace(value);
    }
  }
  return {units.begin(), units.end()};
}

std::vector<std::string> UnitsOrAll(sd_journal* journal, JournalPart part) {
  std::vector<std::string> units = UnitsIn(journal, part);
  if (units.empty()) units.assign(Known(part).begin(), Known(part).end());
  return units;
}

std::vector<std::string> UnitMatches(const std::vector<std::string>& units, JournalPart part) {
  std::vector<std::string> matches;
  for (const std::string& unit : units) matches.push_back("_SYSTEMD_UNIT=" + unit);
  if (part == JournalPart::kRuntime) matches.emplace_back("_TRANSPORT=kernel");
  return matches;
}

int AddUnitMatches(sd_journal* journal, const std::vector<std::string>& units, JournalPart part) {
  sd_journal_flush_matches(journal);
  int error = 0;
  for (const std::string& match : UnitMatches(units, part)) {
    if (error >= 0) error = AddMatch(journal, match);
    if (error >= 0) error = sd_journal_add_disjunction(journal);
  }
  return error;
}

}  // namespace kle
