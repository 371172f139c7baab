// SPDX-License-Identifier: Apache-2.0
#include "exporter/journal_index.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "exporter/descriptor.h"

namespace kle {
namespace {

// Offsets within the file's header.
constexpr uint64_t kIncompatibleFlags = 12;
constexpr uint64_t kFileId = 24;
constexpr uint64_t kFieldTable = 120;  // offset and size of its items
constexpr uint64_t kEntries = 152;
constexpr uint64_t kFirstRealtime = 184;
constexpr uint64_t kLastRealtime = 192;
constexpr uint64_t kValues = 208;
constexpr uint64_t kFields = 216;
constexpr uint64_t kHeaderEnd = 224;
constexpr uint32_t kCompact = 1 << 4;

// Offsets within objects.
constexpr uint64_t kType = 0;
constexpr uint64_t kSize = 8;
constexpr uint64_t kFieldNext = 24;  // of the same bucket
constexpr uint64_t kFieldData = 32;  // its first value
constexpr uint64_t kFieldName = 40;
constexpr uint64_t kDataNext = 32;  // the field's next value
constexpr uint64_t kDataEntries = 56;
constexpr uint64_t kDataText = 64;
constexpr uint64_t kDataTextCompact = 72;
constexpr char kDataObject = 1;
constexpr char kFieldObject = 2;

constexpr uint64_t kBucket = 16;            // offsets of its first and its last object
constexpr uint64_t kMostBuckets = 1 << 16;  // journald makes 333
constexpr uint64_t kMostSteps = 1 << 20;    // more objects than any file has

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

// Reads at an offset; what lies behind the file's end is zeroes.
class Bytes {
 public:
  explicit Bytes(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  template <size_t kCount>
  std::array<char, kCount> Take(uint64_t offset) const {
    std::array<char, kCount> bytes{};
    Fill(bytes, offset);
    return bytes;
  }

  std::vector<char> Take(uint64_t offset, size_t count) const {
    std::vector<char> bytes(count);
    Fill(bytes, offset);
    return bytes;
  }

 private:
  void Fill(std::span<char> bytes, uint64_t offset) const {
    const ssize_t got = pread(*file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    std::ranges::fill(bytes.subspan(static_cast<size_t>(std::max(got, ssize_t{0}))), '\0');
  }

  Descriptor file_;
};

uint64_t Number(std::span<const char> bytes, uint64_t offset) {
  return LittleEndian({bytes.data() + offset, sizeof(uint64_t)});
}

// The front of an object, with as much of its text as any match has.
class Object {
 public:
  Object(const Bytes& file, uint64_t offset) : front_(file.Take<256>(offset)) {}

  char type() const { return front_[kType]; }
  uint64_t At(uint64_t offset) const { return Number(front_, offset); }
  bool Says(std::string_view text, uint64_t at) const {
    return At(kSize) == at + text.size() && at + text.size() <= front_.size() &&
           std::string_view(front_.data() + at, text.size()) == text;
  }

 private:
  std::array<char, 256> front_;
};

class Index {
 public:
  explicit Index(const std::string& path) : file_(path), header_(file_.Take<kHeaderEnd>(0)) {
    const uint64_t flags = LittleEndian({header_.data() + kIncompatibleFlags, sizeof(uint32_t)});
    text_ = (flags & kCompact) != 0 ? kDataTextCompact : kDataText;
  }

  uint64_t Header(uint64_t offset) const { return Number(header_, offset); }
  JournalFileId FileId() const {
    JournalFileId id{};
    std::copy_n(header_.begin() + kFileId, id.size(), id.begin());
    return id;
  }

  std::optional<uint64_t> Entries(std::string_view match) {
    steps_ = 0;
    const auto data = FirstValue(match.substr(0, match.find('=')));
    if (!data) return std::nullopt;
    for (uint64_t at = *data; at != 0;) {
      const Object value(file_, at);
      if (value.type() != kDataObject || !Step()) return std::nullopt;
      if (value.Says(match, text_)) return value.At(kDataEntries);
      at = value.At(kDataNext);
    }
    return 0;
  }

 private:
  // No chain is longer than the file has objects, unless it leads round in a circle.
  bool Step() { return ++steps_ <= std::min(Header(kValues) + Header(kFields), kMostSteps); }

  // Where the first value of a field is; 0 when no entry has the field. journald counts a field
  // once it is in the table: there are never fewer than it counted.
  std::optional<uint64_t> FirstValue(std::string_view name) {
    const uint64_t buckets = Header(kFieldTable + sizeof(uint64_t)) / kBucket;
    if (buckets > kMostBuckets) return std::nullopt;
    const std::vector<char> table = file_.Take(Header(kFieldTable), buckets * kBucket);
    uint64_t fields = 0;
    for (uint64_t bucket = 0; bucket < buckets; ++bucket) {
      uint64_t at = Number(table, bucket * kBucket);
      while (at != 0) {
        const Object field(file_, at);
        if (field.type() != kFieldObject || !Step()) break;  // the others are worth a look
        ++fields;
        if (field.Says(name, kFieldName)) return field.At(kFieldData);
        at = field.At(kFieldNext);
      }
    }
    return fields < Header(kFields) ? std::nullopt : std::optional<uint64_t>(0);
  }

  Bytes file_;
  std::array<char, kHeaderEnd> header_;
  uint64_t text_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace

JournalIndex ReadJournalIndex(const std::string& path, const std::vector<std::string>& matches) {
  Index index(path);
  JournalIndex found;
  found.id = index.FileId();
  found.all = index.Header(kEntries);
  found.first = index.Header(kFirstRealtime);
  found.last = index.Header(kLastRealtime);
  uint64_t sum = 0;
  for (const std::string& match : matches) {
    const auto entries = index.Entries(match);
    if (!entries) return found;
    sum += *entries;
  }
  found.entries = std::min(sum, found.all);
  return found;
}

}  // namespace kle
