// SPDX-License-Identifier: Apache-2.0
// The systemd units that a journal is read for: kubelets, and the container runtimes beside them.
#pragma once

#include <systemd/sd-journal.h>

#include <cstdint>
#include <string>
#include <vector>

namespace kle {

// What one reader of a journal is for. Each further unit that libsystemd looks for costs every
// entry that is read: so the runtime's lines, and the kernel's, have a reader of their own.
enum class JournalPart : uint8_t { kKubelet, kRuntime };

// "Suppressed N messages from UNIT": journald's rate limit (sd-messages.h).
inline constexpr const char* kJournalDroppedId = "a596d6fe7bfa4994828e72309e95d61e";

// The known ones that wrote to this journal.
std::vector<std::string> UnitsIn(sd_journal* journal, JournalPart part);
// Those, or every known one if there are none.
std::vector<std::string> UnitsOrAll(sd_journal* journal, JournalPart part);

// "FIELD=value" of what an entry of these has: one of them.
std::vector<std::string> UnitMatches(const std::vector<std::string>& units, JournalPart part);
// What libsystemd matches an entry of these by; errno below zero. Matches that were there go.
int AddUnitMatches(sd_journal* journal, const std::vector<std::string>& units, JournalPart part);

}  // namespace kle
