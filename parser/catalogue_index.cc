// SPDX-License-Identifier: Apache-2.0
// From a message to its row. Most lines are no events: they are told by their first bytes.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parser/catalogue.h"
#include "parser/scan.h"
#include "parser/template.h"

namespace kle {
namespace {

// The tables below have room for twice as many.
constexpr size_t kMostRows = 1000;

template <typename Word>
uint64_t WordAt(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Both halves of the product: each bit of the result comes from all of the word.
uint64_t Mix(uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{word} * 0x9E3779B97F4A7C15ull;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// A row is found by as much of its literal beginning as fits one of these: 4, 8, 16, 24, 32 bytes.
constexpr size_t kLongest = 32;

// Calls `visit` with the hashes of ever longer beginnings, and whether it is the longest, until
// that gives true.
template <typename Visit>
void ForEachBeginning(std::string_view text, Visit visit) {
  const char* const at = text.data();
  const size_t size = std::min(text.size(), kLongest);
  if (size < 4 || visit(Mix(WordAt<uint32_t>(at)), size < 8)) return;
  uint64_t hash = 0;
  for (size_t end = 8; end <= size; end += 8) {
    hash = Mix(hash ^ WordAt<uint64_t>(at + end - 8));
    if (visit(hash, size < end + 8)) return;
  }
}

// Two bits for each beginning, by its hash.
class Marks {
 public:
  void Set(uint64_t hash, unsigned mark) { words_[Word(hash)] |= uint64_t{mark} << Shift(hash); }
  unsigned Of(uint64_t hash) const { return (words_[Word(hash)] >> Shift(hash)) & 3; }

 private:
  static constexpr size_t kPairs = 16384;
  static size_t Word(uint64_t hash) { return hash / 32 % (kPairs / 32); }
  static unsigned Shift(uint64_t hash) { return hash % 32 * 2; }
  std::array<uint64_t, kPairs / 32> words_{};
};

// What a message begins with however it is written: neither Go nor JSON escape these characters.
std::string_view Unescapable(std::string_view text) {
  const auto* end = std::ranges::find_if(text, [](char c) {
    return c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
  });
  return {text.begin(), end};
}

class Index {
 public:
  explicit Index(LogSource source) {
    for (const CatalogueRow& row : Catalogue(source)) {
      Entry entry;
      entry.row = &row;
      entry.pattern = TemplateOf(row);
      entry.literal = entry.pattern != nullptr ? entry.pattern->prefix() : row.message;
      rows_.push_back(entry);
    }
    if (rows_.size() > kMostRows) std::abort();
    // Of two built ones the one that says more goes first; else as the table has them.
    std::ranges::stable_sort(rows_, [](const Entry& a, const Entry& b) {
      if (a.pattern == nullptr || b.pattern == nullptr) return a.pattern == nullptr && b.pattern;
      return a.literal.size() > b.literal.size();
    });
    std::set<std::pair<std::string_view, bool>> placed;
    for (size_t i = 0; i < rows_.size(); ++i) {
      Entry& entry = rows_[i];
      entry.plain = Unescapable(entry.literal);
      entry.then_quote = entry.pattern != nullptr && entry.pattern->quote_follows() &&
                         entry.plain.size() == entry.literal.size();
      if (entry.pattern != nullptr) {
        messages_.Place(entry.literal, static_cast<uint16_t>(i));
      } else {
        exact_.emplace(entry.literal, entry.row);
        exact_sizes_.set(std::min(entry.literal.size(), exact_sizes_.size() - 1));
      }
      entry.whole = entry.pattern == nullptr && entry.plain.size() == entry.literal.size() &&
                    scan::TrimRight(entry.literal).size() == entry.literal.size();
      entry.open = IsOpen(entry);
      if (placed.emplace(entry.plain, entry.then_quote).second) {
        lines_.Place(entry.plain, static_cast<uint16_t>(i));
      }
    }
    messages_.Finish();
    lines_.Finish();
  }

  // `captures`: what the row's template takes of the message.
  const CatalogueRow* Find(std::string_view message, Captures& captures) const {
    captures.count = 0;
    if (exact_sizes_[std::min(message.size(), exact_sizes_.size() - 1)]) {
      if (const auto exact = exact_.find(message); exact != exact_.end()) return exact->second;
    }
    const size_t none = rows_.size();
    size_t best = none;
    size_t tried = none;  // whose captures these are
    messages_.ForEach(message, [&](uint16_t at) {
      if (at > best) return false;
      tried = at;
      if (rows_[at].pattern->Match(message, captures)) best = at;
      return false;
    });
    if (best == none) {
      captures.count = 0;
      return nullptr;
    }
    if (tried != best) rows_[best].pattern->Match(message, captures);
    return rows_[best].row;
  }

  Glimpse LookAt(std::string_view raw) const {
    Glimpse glimpse;
    if (raw.size() < kLongest) return glimpse;  // it may be cut
    if (!lines_.Reaches(raw.data(), glimpse.size)) {
      glimpse.event = false;
      return glimpse;
    }
    glimpse.size = kLongest;
    glimpse.event = lines_.ForEach(raw, [&](uint16_t at) {
      const Entry& entry = rows_[at];
      const size_t differs = Difference(entry, raw);
      glimpse.size = std::max(glimpse.size, differs);
      if (differs > 0) return false;
      const size_t size = entry.plain.size();
      glimpse.size = 0;
      if (raw.size() <= size) return true;
      const size_t first = entry.open ? FirstOf(raw.substr(size)) : 0;
      glimpse.whole = entry.whole && raw[size] == '"';
      if (glimpse.whole || first > 0) glimpse.row = entry.row;
      // Of two lines that begin alike one may go on as the row's does, and the other not.
      if (!entry.open || first > 0) glimpse.size = size + first + (entry.then_quote ? 1 : 0);
      return true;
    });
    return glimpse;
  }

 private:
  struct Entry {
    std::string_view literal;  // all of the message, or up to its first placeholder
    std::string_view plain;    // what of it looks the same in every line
    bool then_quote = false;   // whether a quote follows it there
    bool whole = false;        // whether it is all of the message
    bool open = false;         // whether it only proves a verbosity, whatever follows
    const CatalogueRow* row = nullptr;
    const Template* pattern = nullptr;
  };

  // Rows by the hash of how they begin. Two beginnings of one hash only cost a comparison.
  class Table {
   public:
    void Place(std::string_view literal, uint16_t row) {
      ForEachBeginning(literal, [&](uint64_t hash, bool longest) {
        marks_.Set(hash, longest ? kEnds : kGoesOn);
        if (longest) lists_[hash].push_back(row);
        return false;
      });
    }

    // After the last Place.
    void Finish() {
      for (const auto& [hash, rows] : lists_) {
        size_t at = hash % kSlots;
        while (slots_[at].count != 0) at = (at + 1) % kSlots;
        slots_[at] = {hash, static_cast<uint16_t>(rows_.size()),
                      static_cast<uint16_t>(rows.size())};
        rows_.insert(rows_.end(), rows.begin(), rows.end());
      }
      lists_.clear();
    }

    // Whether there may be a row for a text of kLongest bytes or more: tells most of them apart, by
    // their first `read` bytes.
    bool Reaches(const char* at, size_t& read) const {
      unsigned marks = marks_.Of(Mix(WordAt<uint32_t>(at)));
      uint64_t hash = 0;
      read = 4;
      for (size_t i = 0; marks == kGoesOn && i < kLongest; i += 8) {
        hash = Mix(hash ^ WordAt<uint64_t>(at + i));
        marks = marks_.Of(hash);
        read = i + 8;
      }
      return (marks & kEnds) != 0;
    }

    // Calls `visit` with every row that the text may be of, until that gives true.
    template <typename Visit>
    bool ForEach(std::string_view text, Visit visit) const {
      bool found = false;
      ForEachBeginning(text, [&](uint64_t hash, bool) {
        const unsigned marks = marks_.Of(hash);
        found = (marks & kEnds) != 0 && VisitRows(hash, visit);
        return found || (marks & kGoesOn) == 0;
      });
      return found;
    }

   private:
    static constexpr size_t kSlots = 2048;
    static constexpr unsigned kEnds = 1;    // rows are found by this beginning
    static constexpr unsigned kGoesOn = 2;  // of some rows this is not all
    static_assert(kSlots > 2 * kMostRows);
    struct Slot {
      uint64_t hash = 0;
      uint16_t first = 0;
      uint16_t count = 0;
    };

    template <typename Visit>
    bool VisitRows(uint64_t hash, Visit& visit) const {
      size_t at = hash % kSlots;
      while (slots_[at].count != 0 && slots_[at].hash != hash) at = (at + 1) % kSlots;
      for (size_t i = 0; i < slots_[at].count; ++i) {
        if (visit(rows_[slots_[at].first + i])) return true;
      }
      return false;
    }

    std::array<Slot, kSlots> slots_{};
    std::vector<uint16_t> rows_;
    Marks marks_;
    std::map<uint64_t, std::vector<uint16_t>> lists_;
  };

  // Of the first character of what follows a beginning, when it is one that stays: neither a blank
  // nor the message's end.
  static size_t FirstOf(std::string_view rest) {
    if (rest.starts_with("\\\"")) return 2;
    return !rest.empty() && rest[0] > ' ' && rest[0] != '"' && rest[0] != '\\' ? 1 : 0;
  }

  // Whether every message that begins like that is the row's, and tells nothing more.
  bool IsOpen(const Entry& entry) const {
    if (entry.row->kind != EventKind::kVerbosity || entry.pattern == nullptr) return false;
    return entry.pattern->takes_rest() && entry.plain.size() == entry.literal.size() &&
           std::ranges::count_if(rows_, [&](const Entry& other) {
             return other.literal.starts_with(entry.literal);
           }) == 1;
  }

  // How many bytes it takes to see that a line is not of the row; 0 when it may be.
  static size_t Difference(const Entry& entry, std::string_view raw) {
    const size_t size = std::min(raw.size(), entry.plain.size());
    if (std::memcmp(raw.data(), entry.plain.data(), size) != 0) {
      return static_cast<size_t>(std::ranges::mismatch(raw, entry.plain).in1 - raw.begin()) + 1;
    }
    if (raw.size() <= size || !entry.then_quote) return 0;
    return raw[size] == '"' || raw[size] == '\\' ? 0 : size + 1;
  }

  std::vector<Entry> rows_;
  std::unordered_map<std::string_view, const CatalogueRow*> exact_;  // these go first
  std::bitset<256> exact_sizes_;  // of their lengths; all above the last count as that
  Table messages_;                // built ones, by Entry::literal
  Table lines_;                   // by Entry::plain, one for all that look the same
};

// By the row's number; nothing for exact messages.
std::vector<std::unique_ptr<const Template>> MakeTemplates(LogSource source) {
  std::vector<std::unique_ptr<const Template>> templates;
  for (const CatalogueRow& row : Catalogue(source)) {
    templates.push_back(IsTemplate(row.message) ? std::make_unique<const Template>(row.message)
                                                : nullptr);
  }
  return templates;
}

const Index& TheIndex() {
  static const Index index(LogSource::kKubelet);
  return index;
}

const Index& IndexOf(LogSource source) {
  if (source == LogSource::kKubelet) return TheIndex();
  static const auto indexes =
      PerSource([](LogSource of) { return std::make_unique<const Index>(of); });
  return *indexes[static_cast<size_t>(source)];
}

LogSource SourceOf(LineFormat format) {
  switch (format) {
    case LineFormat::kRuntime:
      return LogSource::kRuntime;
    case LineFormat::kKernel:
      return LogSource::kKernel;
    case LineFormat::kCollector:
      return LogSource::kCollector;
    default:
      return LogSource::kKubelet;
  }
}

}  // namespace

const Template* TemplateOf(const CatalogueRow& row) {
  static const auto templates = PerSource(MakeTemplates);
  const auto at = static_cast<size_t>(&row - Catalogue(row.source).data());
  return templates[static_cast<size_t>(row.source)][at].get();
}

const CatalogueRow* FindRow(std::string_view message, LogSource source) {
  Captures captures;
  return FindRow(message, captures, source);
}

const CatalogueRow* FindRow(std::string_view message, Captures& captures, LogSource source) {
  return IndexOf(source).Find(message, captures);
}

const CatalogueRow* FindRow(Record& record) {
  return FindRow(record.message, record.captures, SourceOf(record.format));
}

bool BeginsProcess(std::string_view raw) {
  static const std::vector<std::string_view> beginnings = [] {
    std::vector<std::string_view> found;
    for (const CatalogueRow& row : Catalogue(LogSource::kKubelet)) {
      if (row.kind != EventKind::kKubeletVersion) continue;
      const Template* const pattern = TemplateOf(row);
      found.push_back(pattern != nullptr ? std::string_view(pattern->prefix()) : row.message);
    }
    return found;
  }();
  return std::ranges::any_of(beginnings, [&](auto text) { return raw.starts_with(text); });
}

Glimpse LookAtMessage(std::string_view raw) { return TheIndex().LookAt(raw); }

Glimpse LookAtRecord(const Frame& frame, const Record& record) {
  const char* const end = frame.text.data() + frame.text.size();
  const std::string_view raw(record.raw_message.data(), end);
  Glimpse glimpse = LookAtMessage(raw);
  const bool text = record.format == LineFormat::kKlogText;
  const bool quoted = !text || record.raw_message.data() != record.tail.data();
  const bool cut = text && glimpse.whole && !FollowsMessage(raw.substr(glimpse.size + 1));
  if (!quoted || cut) glimpse.row = nullptr;
  return glimpse;
}

const CatalogueRow* FindRow(const Frame& frame, Record& record) {
  if (!IsWhole(record.format)) {
    const Glimpse glimpse = LookAtRecord(frame, record);
    if (glimpse.row != nullptr && glimpse.whole) TakePlainMessage(record, glimpse.size);
    if (glimpse.row != nullptr) return glimpse.row;
  }
  ReadMessage(frame, record);
  return FindRow(record);
}

}  // namespace kle
