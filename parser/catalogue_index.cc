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
#include <vector>

#include "parser/catalogue.h"
#include "parser/template.h"

namespace kle {
namespace {

// A row is found by as much of its literal beginning as fits one of these.
constexpr std::array<size_t, 5> kLengths = {4, 8, 16, 24, 32};

// The tables below have room for twice as many.
constexpr size_t kMostRows = 1000;

template <typename Word>
uint64_t WordAt(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Hashes of ever longer beginnings of one text, in the order of kLengths.
class Beginnings {
 public:
  explicit Beginnings(std::string_view text) : text_(text) {}

  bool Next() {
    if (next_ == kLengths.size() || text_.size() < kLengths[next_]) return false;
    const size_t length = kLengths[next_++];
    if (length == 4) {
      hash_ = Mix(WordAt<uint32_t>(text_.data()));
      return true;
    }
    if (length == 8) hash_ = 0;
    for (; taken_ < length; taken_ += 8)
      hash_ = Mix(hash_ ^ WordAt<uint64_t>(text_.data() + taken_));
    return true;
  }

  // Whether no longer beginning of `text` has a hash.
  bool last_of(std::string_view text) const {
    return next_ == kLengths.size() || text.size() < kLengths[next_];
  }
  uint64_t hash() const { return hash_; }

 private:
  static uint64_t Mix(uint64_t word) {
    word *= 0x9E3779B97F4A7C15ull;
    return word ^ (word >> 31);
  }

  std::string_view text_;
  size_t next_ = 0;
  size_t taken_ = 0;
  uint64_t hash_ = 0;
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
    // Exact ones first, and of two built ones the one that says more; else as the table has them.
    std::ranges::stable_sort(rows_, [](const Entry& a, const Entry& b) {
      if (a.pattern == nullptr || b.pattern == nullptr) return a.pattern == nullptr && b.pattern;
      return a.literal.size() > b.literal.size();
    });
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].plain = Unescapable(rows_[i].literal);
      messages_.Place(rows_[i].literal, static_cast<uint16_t>(i));
      lines_.Place(rows_[i].plain, static_cast<uint16_t>(i));
    }
    messages_.Finish();
    lines_.Finish();
  }

  // `captures`: what the row's template takes of the message.
  const CatalogueRow* Find(std::string_view message, Captures& captures) const {
    size_t best = rows_.size();
    captures.count = 0;
    messages_.ForEach(message, [&](uint16_t at) {
      const Entry& entry = rows_[at];
      if (at >= best) return false;
      if (entry.pattern == nullptr) {
        if (message != entry.literal) return false;
        best = at;
        captures.count = 0;
        return false;
      }
      Captures taken;
      if (!entry.pattern->Match(message, taken)) return false;
      best = at;
      captures = taken;
      return false;
    });
    return best < rows_.size() ? rows_[best].row : nullptr;
  }

  bool MayBegin(std::string_view raw) const {
    if (raw.size() < kLengths.back()) return true;  // it may be cut
    return lines_.ForEach(raw, [&](uint16_t at) { return MayTake(rows_[at], raw); });
  }

 private:
  struct Entry {
    std::string_view literal;  // all of the message, or up to its first placeholder
    std::string_view plain;    // what of it looks the same in every line
    const CatalogueRow* row = nullptr;
    const Template* pattern = nullptr;
  };

  // Rows by the hash of how they begin. Two beginnings of one hash only cost a comparison.
  class Table {
   public:
    void Place(std::string_view literal, uint16_t row) {
      Beginnings beginning(literal);
      while (beginning.Next()) {
        Bits& bits = beginning.last_of(literal) ? ends_ : goes_on_;
        bits.set(beginning.hash() % kBits);
      }
      lists_[beginning.hash()].push_back(row);
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

    // Calls `visit` with every row that the text may be of, until that gives true.
    template <typename Visit>
    bool ForEach(std::string_view text, Visit visit) const {
      for (Beginnings beginning(text); beginning.Next();) {
        const size_t bit = beginning.hash() % kBits;
        if (ends_[bit] && VisitRows(beginning.hash(), visit)) return true;
        if (!goes_on_[bit]) return false;
      }
      return false;
    }

   private:
    static constexpr size_t kSlots = 2048;
    static constexpr size_t kBits = 16384;
    using Bits = std::bitset<kBits>;
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
    // By the hash of a beginning: whether rows are found by it, and whether any goes on after it.
    Bits ends_;
    Bits goes_on_;
    std::map<uint64_t, std::vector<uint16_t>> lists_;
  };

  static bool MayTake(const Entry& entry, std::string_view raw) {
    const size_t size = entry.plain.size();
    if (raw.size() <= size) return entry.plain.starts_with(raw);
    if (entry.pattern != nullptr && entry.pattern->quote_follows() &&
        size == entry.literal.size() && raw[size] != '"' && raw[size] != '\\') {
      return false;
    }
    return raw.starts_with(entry.plain);
  }

  std::vector<Entry> rows_;
  Table messages_;  // by Entry::literal
  Table lines_;     // by Entry::plain
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
  static const Index runtime(LogSource::kRuntime);
  static const Index kernel(LogSource::kKernel);
  if (source == LogSource::kKubelet) return TheIndex();
  return source == LogSource::kRuntime ? runtime : kernel;
}

}  // namespace

const Template* TemplateOf(const CatalogueRow& row) {
  static const std::array templates{MakeTemplates(LogSource::kKubelet),
                                    MakeTemplates(LogSource::kRuntime),
                                    MakeTemplates(LogSource::kKernel)};
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
  LogSource source = LogSource::kKubelet;
  if (IsWhole(record.format)) {
    source = record.format == LineFormat::kRuntime ? LogSource::kRuntime : LogSource::kKernel;
  }
  return FindRow(record.message, record.captures, source);
}

bool MayBeEvent(std::string_view raw) { return TheIndex().MayBegin(raw); }

}  // namespace kle
