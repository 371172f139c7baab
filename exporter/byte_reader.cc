// SPDX-License-Identifier: Apache-2.0
#include "exporter/byte_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace kle {
namespace {

constexpr size_t kBlock = 256 * 1024;
constexpr size_t kMagicBytes = 4;

// The file itself. What was looked at is given again.
class RawFile {
 public:
  RawFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~RawFile() {
    if (fd_ > STDIN_FILENO) close(fd_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  Result<size_t> ReadInto(std::span<char> room) {
    ssize_t got = -1;
    do {
      got = read(fd_, room.data(), room.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return SystemError("cannot read", path_, errno, "give a file that can be read");
    consumed_ += static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
  }

  // Unread bytes at the front, read from the file when there are none; empty at its end.
  Result<std::span<const char>> Front(size_t at_least = 1) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBlock);
    while (end_ - begin_ < at_least) {
      if (begin_ == end_) begin_ = end_ = 0;
      auto got = ReadInto({buffer_.get() + end_, kBlock - end_});
      if (!got) return got.error();
      if (*got == 0) break;
      end_ += *got;
    }
    return std::span<const char>(buffer_.get() + begin_, end_ - begin_);
  }
  void Drop(size_t bytes) { begin_ += bytes; }

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  uint64_t consumed() const { return consumed_; }

 private:
  int fd_;
  std::string path_;
  std::unique_ptr<char[]> buffer_;  // kBlock
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t consumed_ = 0;
};

class ReaderBase : public ByteReader {
 public:
  explicit ReaderBase(std::unique_ptr<RawFile> raw) : raw_(std::move(raw)) {}
  uint64_t consumed() const override { return raw_->consumed(); }

 protected:
  Error CutShort() const {
    return Error::CutShort(raw_->path() + " is cut short after " +
                           std::to_string(raw_->consumed()) + " bytes: copy it again");
  }
  Error Corrupt(std::string_view why) const {
    return Error(raw_->path() + " cannot be decompressed: " + std::string(why) + ": copy it again");
  }

  std::unique_ptr<RawFile> raw_;
};

class PlainReader final : public ReaderBase {
 public:
  using ReaderBase::ReaderBase;
  bool compressed() const override { return false; }

  Result<size_t> Read(std::span<char> room) override {
    if (looked_at_) {
      auto front = raw_->Front();
      if (!front) return front.error();
      const size_t count = std::min(front->size(), room.size());
      std::memcpy(room.data(), front->data(), count);
      raw_->Drop(count);
      looked_at_ = front->size() > count;
      return count;
    }
    return raw_->ReadInto(room);
  }

  void TakeFront() { looked_at_ = true; }

 private:
  bool looked_at_ = false;
};

class GzipReader final : public ReaderBase {
 public:
  explicit GzipReader(std::unique_ptr<RawFile> raw) : ReaderBase(std::move(raw)) {
    constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK;
  }
  ~GzipReader() override {
    if (ready_) inflateEnd(&stream_);
  }
  bool compressed() const override { return true; }

  Result<size_t> Read(std::span<char> room) override {
    if (!ready_) return Error("zlib cannot be started: is there memory?");
    while (true) {
      auto front = raw_->Front();
      if (!front) return front.error();
      if (front->empty()) {
        if (in_member_) return CutShort();
        return size_t{0};
      }
      // Padding of zeros after the last member is allowed.
      if (!in_member_ && members_ > 0 && front->front() == '\0') {
        raw_->Drop(1);
        continue;
      }
      in_member_ = true;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(front->data()));
      stream_.avail_in = static_cast<uInt>(front->size());
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = static_cast<uInt>(room.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      raw_->Drop(front->size() - stream_.avail_in);
      if (code == Z_STREAM_END) {
        in_member_ = false;
        ++members_;
        inflateReset(&stream_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Corrupt(stream_.msg != nullptr ? stream_.msg : "bad gzip data");
      }
      if (const size_t got = room.size() - stream_.avail_out; got > 0) return got;
    }
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool in_member_ = false;
  int members_ = 0;
};

class ZstdReader final : public ReaderBase {
 public:
  explicit ZstdReader(std::unique_ptr<RawFile> raw)
      : ReaderBase(std::move(raw)), stream_(ZSTD_createDStream()) {}
  ~ZstdReader() override { ZSTD_freeDStream(stream_); }
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;
  bool compressed() const override { return true; }

  Result<size_t> Read(std::span<char> room) override {
    if (stream_ == nullptr) return Error("zstd cannot be started: is there memory?");
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    while (true) {
      auto front = raw_->Front();
      if (!front) return front.error();
      ZSTD_inBuffer in{front->data(), front->size(), 0};
      const size_t left = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(left)) return Corrupt(ZSTD_getErrorName(left));
      raw_->Drop(in.pos);
      if (in.pos > 0 || out.pos > 0) in_frame_ = left != 0;
      if (out.pos > 0) return out.pos;
      if (front->empty()) {
        if (in_frame_) return CutShort();
        return size_t{0};
      }
    }
  }

 private:
  ZSTD_DStream* stream_;
  bool in_frame_ = false;
};

// How a log may be packed. To add one: its reader above, and a row.
struct Packing {
  std::string_view magic;  // at most kMagicBytes
  std::string_view suffix;
  std::unique_ptr<ByteReader> (*reader)(std::unique_ptr<RawFile> raw);
};

template <typename Reader>
std::unique_ptr<ByteReader> Make(std::unique_ptr<RawFile> raw) {
  return std::make_unique<Reader>(std::move(raw));
}

constexpr Packing kPackings[] = {
    {"\x1f\x8b", ".gz", Make<GzipReader>},
    {"\x28\xb5\x2f\xfd", ".zst", Make<ZstdReader>},
};

Result<std::unique_ptr<ByteReader>> ReaderOf(std::unique_ptr<RawFile> raw) {
  auto front = raw->Front(kMagicBytes);
  if (!front) return front.error();
  const std::string_view begin(front->data(), front->size());
  for (const Packing& packing : kPackings) {
    if (begin.starts_with(packing.magic)) return packing.reader(std::move(raw));
  }
  auto plain = std::make_unique<PlainReader>(std::move(raw));
  plain->TakeFront();
  return std::unique_ptr<ByteReader>(std::move(plain));
}

Result<std::unique_ptr<RawFile>> OpenRaw(const std::string& path) {
  if (path == "-") return std::make_unique<RawFile>(STDIN_FILENO, "standard input");
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    const int error = errno;
    return SystemError("cannot open", path, error,
                       error == EACCES ? "run as a user who may read it" : "check the path");
  }
  struct stat info {};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    close(fd);
    return Error(path + " is a folder, not a file");
  }
  return std::make_unique<RawFile>(fd, path);
}

}  // namespace

bool NamedAsPacked(std::string_view path) {
  return std::ranges::any_of(
      kPackings, [path](const Packing& packing) { return path.ends_with(packing.suffix); });
}

Result<std::unique_ptr<ByteReader>> OpenBytes(const std::string& path) {
  auto raw = OpenRaw(path);
  if (!raw) return raw.error();
  return ReaderOf(std::move(*raw));
}

Result<std::unique_ptr<ByteReader>> BytesOf(int fd, const std::string& path) {
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return SystemError("cannot open", path, errno, "raise the limit of open files");
  return ReaderOf(std::make_unique<RawFile>(own, path));
}

Result<std::unique_ptr<ByteReader>> OpenPlain(const std::string& path, uint64_t offset) {
  auto raw = OpenRaw(path);
  if (!raw) return raw.error();
  if (offset > 0 && lseek((*raw)->fd(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return SystemError("cannot seek in", path, errno, "give a regular file");
  }
  return std::unique_ptr<ByteReader>(std::make_unique<PlainReader>(std::move(*raw)));
}

}  // namespace kle
