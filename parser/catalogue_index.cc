// SPDX-License-Identifier: Apache-2.0
// From a message to its row. Most lines are no events: they are told by their first bytes.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "parser/catalogue.h"
#include "parser/template.h"

namespace kle {
namespace {

// A row is found by as much of its literal beginning as fits one of these.
constexpr std::array<size_t, 5> kLengths = {4, 8, 16, 24, 32};

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
    for (; taken_ < length; taken_ += 8) hash_ = Mix(hash_ ^ WordAt<uint64_t>(text_.data() + taken_));
    return true;
  }

  size_t length() const { return kLengths[next_ - 1]; }
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
  Index() {
    for (const CatalogueRow& row : Catalogue()) {
      Entry entry;
      entry.row = &row;
      entry.built = IsTemplate(row.message);
      entry.literal = entry.built ? LiteralPrefix(row.message) : std::string(row.message);
      entry.quote_follows =
          entry.built && row.message.substr(entry.literal.size()).find(":q}") <
                             row.message.substr(entry.literal.size()).find_first_of("} ");
      rows_.push_back(std::move(entry));
    }
    // Exact ones first, and of two built ones the one that says more; else as the table has them.
    std::ranges::stable_sort(rows_, [](const Entry& a, const Entry& b) {
      return a.built != b.built ? b.built : a.built && a.literal.size() > b.literal.size();
    });
    for (uint16_t i = 0; i < rows_.size(); ++i) {
      rows_[i].plain = Unescapable(rows_[i].literal);
      Place(rows_[i].literal, i, messages_);
      Place(rows_[i].plain, i, lines_);
    }
  }

  const CatalogueRow* Find(std::string_view message) const {
    size_t best = rows_.size();
    messages_.ForEach(message, [&](uint16_t at) {
      if (at < best && Takes(rows_[at], message)) best = at;
      return false;
    });
    return best < rows_.size() ? rows_[best].row : nullptr;
  }

  bool MayBegin(std::string_view raw) const {
    if (raw.size() < kLengths.back()) return true;
    return lines_.ForEach(raw, [&](uint16_t at) { return MayTake(rows_[at], raw); });
  }

 private:
  struct Entry {
    std::string literal;     // all of the message, or up to its first placeholder
    std::string_view plain;  // what of it looks the same in every line
    const CatalogueRow* row = nullptr;
    bool built = false;
    bool quote_follows = false;
  };

  // Rows by the hash of how they begin. Two beginnings of one hash only cost a comparison.
  struct Table {
    struct Slot {
      uint64_t hash = 0;
      std::vector<uint16_t> rows;
    };
    static constexpr size_t kSlots = 2048;
    static constexpr size_t kBits = 4096;
    std::vector<Slot> slots = std::vector<Slot>(kSlots);
    std::bitset<kBits> begun;  // by the hash of the first eight bytes

    // Calls `visit` with every row that the text may be of, until that gives true.
    template <typename Visit>
    bool ForEach(std::string_view text, Visit visit) const {
      for (Beginnings beginning(text); beginning.Next();) {
        const uint64_t hash = beginning.hash();
        if (beginning.length() == 8 && !begun.test(hash % kBits)) return false;
        for (size_t at = hash % kSlots; slots[at].hash != 0; at = (at + 1) % kSlots) {
          if (slots[at].hash != hash) continue;
          for (const uint16_t row : slots[at].rows) {
            if (visit(row)) return true;
          }
          break;
        }
      }
      return false;
    }
  };

  static void Place(std::string_view literal, uint16_t row, Table& table) {
    Beginnings beginning(literal);
    while (beginning.Next()) {
      if (beginning.length() == 8) table.begun.set(beginning.hash() % Table::kBits);
    }
    size_t at = beginning.hash() % Table::kSlots;
    while (table.slots[at].hash != 0 && table.slots[at].hash != beginning.hash()) {
      at = (at + 1) % Table::kSlots;
    }
    table.slots[at].hash = beginning.hash();
    table.slots[at].rows.push_back(row);
  }

  static bool Takes(const Entry& entry, std::string_view message) {
    const size_t size = entry.literal.size();
    if (!entry.built) return message == entry.literal;
    if (entry.quote_follows && (message.size() <= size || message[size] != '"')) return false;
    if (!message.starts_with(entry.literal)) return false;
    Captures captures;
    return MatchTemplate(entry.row->message, message, captures);
  }

  static bool MayTake(const Entry& entry, std::string_view raw) {
    const size_t size = entry.plain.size();
    if (entry.quote_follows && size == entry.literal.size() && raw.size() > size &&
        raw[size] != '"' && raw[size] != '\\') {
      return false;
    }
    return raw.starts_with(entry.plain.substr(0, raw.size()));
  }

  std::vector<Entry> rows_;
  Table messages_;  // by Entry::literal
  Table lines_;     // by Entry::plain
};

const Index& TheIndex() {
  static const Index index;
  return index;
}

}  // namespace

const CatalogueRow* FindRow(std::string_view message) { return TheIndex().Find(message); }

const CatalogueRow* FindRow(const Record& record) { return FindRow(record.message); }

bool MayBeEvent(std::string_view raw) { return TheIndex().MayBegin(raw); }

}  // namespace kle
