// SPDX-License-Identifier: Apache-2.0
// The event catalogue: one declarative table from kubelet message to event. A Kubernetes rename is
// one new row in catalogue.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

#include "parser/event.h"
#include "parser/klog.h"
#include "parser/reason.h"

namespace kle {

// Begin-of-termination rows say what began it; the tracker maps this to its trigger.
enum class Cause : uint8_t {
  kNone,
  kDelete,
  kEviction,
  kPreemption,
  kRemoved,
  kOrphan,
  kFinished,
  kNodeShutdown
};

// Whose lines a row is about: a message means something only from its own writer.
enum class LogSource : uint8_t { kKubelet, kRuntime, kKernel, kCollector };
inline constexpr std::array kLogSources{LogSource::kKubelet, LogSource::kRuntime,
                                        LogSource::kKernel, LogSource::kCollector};

struct CatalogueRow {
  // The message. With `{role}` placeholders it is a built (printf) message; see template.h.
  std::string_view message;
  EventKind kind;
  int8_t level;  // lowest -v at which any version prints it; 0 for errors and plain info
  // Kubernetes minors, e.g. "1.22", or a runtime's; documentation and tests, never matched
  std::string_view since;
  std::string_view until;  // "" while current
  std::string_view meaning;
  // Only for kFailure: where it belongs, and its rank among the lines of one failed attempt. A line
  // whose rank is not above the last one's starts a new attempt.
  Phase phase = Phase::kDispatch;
  int8_t rank = 0;
  Cause cause = Cause::kNone;
  // The reason when the reason table takes nothing from the error text.
  Reason fallback = Reason::kOther;
  LogSource source = LogSource::kKubelet;
};

// All rows of one source, in the order of the file.
std::span<const CatalogueRow> Catalogue(LogSource source = LogSource::kKubelet);

// What `make` gives of each source: an array, by the source's number.
template <typename Make>
auto PerSource(Make make) {
  return std::apply([&](auto... sources) { return std::array{make(sources)...}; }, kLogSources);
}

// The row of a record's message, or null. Needs ParseHead only. Constant time for exact messages.
// What the row's placeholders take of the message is left in record.captures, for Extract.
const CatalogueRow* FindRow(Record& record);
const CatalogueRow* FindRow(std::string_view message, LogSource source = LogSource::kKubelet);
const CatalogueRow* FindRow(std::string_view message, Captures& captures,
                            LogSource source = LogSource::kKubelet);

// The pattern of a built row; null for an exact message.
class Template;
const Template* TemplateOf(const CatalogueRow& row);

// What the first bytes of a message tell. Most lines are no events, and most events have an exact
// message: few lines need more than this.
struct Glimpse {
  bool event = true;                  // false: no row can take it, however it goes on
  const CatalogueRow* row = nullptr;  // whose message it is, if the first bytes tell that
  bool whole = false;  // with a row: the message was seen up to its closing quote. Not so only for
                       // a row of kVerbosity, which takes whatever follows
  size_t size = 0;     // bytes of the message that told this: it holds for every message that
                       // begins with them. 0: it holds for this message alone
};
// `raw`: the message as it stands in the line, escapes and all, without its opening quote.
Glimpse LookAtMessage(std::string_view raw);

// Calls LookAtMessage for a record whose header was read; the frame's first line is enough.
Glimpse LookAtRecord(const Frame& frame, const Record& record);

// True if `raw` begins like a message that only a starting kubelet prints (kKubeletVersion).
bool BeginsProcess(std::string_view raw);

// Does what ReadMessage and FindRow do, for a record whose header was read. For a row of
// kVerbosity the message may be left unread: it may have been cut.
const CatalogueRow* FindRow(const Frame& frame, Record& record);

// Fills `event` from a record whose row FindRow(record) was; calls ParseFields. False when the line
// contradicts its row (a required part is missing): the caller counts it. event.row may differ from
// `row` after an "Unhandled Error", whose text is looked up again; kRedirect remains when no row
// takes that text. `event.at` is left to the caller, who knows year and zone.
bool Extract(Record& record, const Frame& frame, const CatalogueRow& row, Event& event);

}  // namespace kle
