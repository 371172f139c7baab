// SPDX-License-Identifier: Apache-2.0
// magic, version, size and checksum of the payload, payload: SavedState's fields packed by zstd
// (names and identifiers repeat: a sixth of the size, and the disk sees one such file a second).
#include "exporter/state_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "exporter/descriptor.h"

namespace kle {
namespace {

static_assert(std::endian::native == std::endian::little, "the header is written as it lies");

constexpr std::array<char, 8> kMagic{'K', 'L', 'E', 'S', 'T', 'A', 'T', 'E'};
constexpr uint32_t kVersion = 1;
constexpr int kCompression = 1;
constexpr int kWindowLog = 17;                    // repeats are near; a larger one costs memory
constexpr uint64_t kLongest = uint64_t{1} << 30;  // unpacked

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t checksum = 0;  // of the payload, after its own size
  uint64_t size = 0;      // of the payload
};
static_assert(sizeof(Header) == 24);

uint32_t Checksum(std::string_view payload) {
  const uint64_t size = payload.size();
  uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(&size), sizeof size);
  sum = crc32_z(sum, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
  return static_cast<uint32_t>(sum);
}

StateFile::Loaded Fault(StateFault fault, std::string why) {
  return {std::nullopt, fault, std::move(why)};
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

std::string FolderOf(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

std::string WriteAdvice(int error, const std::string& folder) {
  std::string advice;
  if (error == EACCES || error == EPERM) {
    advice = "let user " + std::to_string(geteuid()) + " write the folder " + folder +
             " (in a pod: prepare-state), or give another --state.path; ";
  } else if (error == ENOSPC || error == EDQUOT) {
    advice = "make room for it in " + folder + "; ";
  } else if (error == EROFS) {
    advice = "mount " + folder + " to be written, or give another --state.path; ";
  }
  return advice +
         "counting goes on; a crash before it can be written again is counted from the last one";
}

}  // namespace

std::string_view Name(StateFault fault) {
  constexpr std::array<std::string_view, kStateFaultCount> kNames{
      "unreadable", "not_a_state", "newer", "cut", "damaged", "foreign", "pods"};
  return kNames[static_cast<size_t>(fault)];
}

std::string_view Name(CommitStep step) {
  constexpr std::array<std::string_view, kCommitStepCount> kNames{
      "begun", "opened", "half_written", "written", "synced", "renamed", "durable", "published"};
  return kNames[static_cast<size_t>(step)];
}

struct StatePacker::Stream {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Stream() { ZSTD_freeCCtx(context); }
};

StatePacker::StatePacker(const SavedState& state)
    : stream_(std::make_unique<Stream>()),
      bytes_(sizeof(Header), '\0'),
      encoder_(plain_, [this](std::string&) { Pack(false); }) {
  ZSTD_CCtx_setParameter(stream_->context, ZSTD_c_compressionLevel, kCompression);
  ZSTD_CCtx_setParameter(stream_->context, ZSTD_c_windowLog, kWindowLog);
  encoder_(state.machine_id, state.boot_id, state.source, state.position, state.totals);
}

StatePacker::~StatePacker() = default;

void StatePacker::Pack(bool last) {
  ZSTD_inBuffer input{plain_.data(), plain_.size(), 0};
  std::array<char, 1 << 16> room;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  size_t left = 1;
  while (left != 0 && (last || input.pos < input.size)) {
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    left = ZSTD_compressStream2(stream_->context, &output, &input,
                                last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) std::abort();  // only for want of memory
    bytes_.append(room.data(), output.pos);
    if (!last) left = 1;
  }
  plain_.clear();
}

std::string StatePacker::Finish() {
  Pack(true);
  Header header;
  header.size = bytes_.size() - sizeof(Header);
  header.checksum = Checksum(std::string_view(bytes_).substr(sizeof(Header)));
  std::memcpy(bytes_.data(), &header, sizeof header);
  return std::move(bytes_);
}

namespace {

// Nothing when it is no whole zstd frame, or longer than a state can be.
std::optional<std::string> Unpack(std::string_view packed) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  std::string plain;
  std::array<char, 1 << 16> room;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0 || plain.size() > kLongest) return std::nullopt;
    if (left != 0 && output.pos == 0 && input.pos == input.size) return std::nullopt;  // cut
    plain.append(room.data(), output.pos);
  }
  if (input.pos != input.size) return std::nullopt;
  return plain;
}

}  // namespace

StateFile::Loaded FromBytes(std::string_view bytes) {
  Header header;
  const size_t known = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, known) != std::string_view(kMagic.data(), known)) {
    return Fault(StateFault::kNotAState, "it does not begin as a state file does");
  }
  if (bytes.size() < sizeof header) return Fault(StateFault::kCut, "it is cut short");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.version != kVersion) {
    return Fault(StateFault::kNewer, "its version is " + std::to_string(header.version) + ", not " +
                                         std::to_string(kVersion) +
                                         ": another version of the exporter wrote it");
  }
  const std::string_view payload = bytes.substr(sizeof header);
  if (payload.size() != header.size) {
    return Fault(StateFault::kCut, "it has " + std::to_string(payload.size()) + " bytes of " +
                                       std::to_string(header.size));
  }
  if (Checksum(payload) != header.checksum) {
    return Fault(StateFault::kDamaged, "its checksum does not fit");
  }
  const auto plain = Unpack(payload);
  if (!plain) return Fault(StateFault::kDamaged, "it cannot be unpacked");
  SavedState state;
  Decoder decoder(*plain);
  decoder(state.machine_id, state.boot_id, state.source, state.position, state.totals);
  state.pipeline = decoder.rest();
  if (!decoder.ok()) return Fault(StateFault::kDamaged, "its fields cannot be read");
  return {std::move(state), std::nullopt, {}};
}

StateFile::StateFile(std::string path, StepHook hook)
    : path_(std::move(path)), hook_(std::move(hook)) {}

Result<void> StateFile::Claim() {
  std::error_code ignored;  // Save tells when the folder cannot be used
  std::filesystem::create_directories(FolderOf(path_), ignored);
  const std::string lock = path_ + ".lock";
  lock_ = Descriptor(open(lock.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  if (*lock_ < 0 || flock(*lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return Error("another exporter uses the state file " + path_ +
               ": stop it, or give this one another --state.path");
}

StateFile::Loaded StateFile::Load() const {
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (*file < 0 && errno == ENOENT) return {};
  const auto failed = [] { return Fault(StateFault::kUnreadable, std::strerror(errno)); };
  if (*file < 0) return failed();
  std::string bytes;
  std::array<char, 1 << 16> room;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (true) {
    const ssize_t got = read(*file, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;  // a signal at the start must not set the state aside
    if (got < 0) return failed();
    if (got == 0) return FromBytes(bytes);
    bytes.append(room.data(), static_cast<size_t>(got));
    if (bytes.size() > kLongest) return Fault(StateFault::kNotAState, "it is too long to be one");
  }
}

bool StateFile::SetAside() const {
  struct stat info {};
  if (lstat(path_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  return std::rename(path_.c_str(), (path_ + ".bad").c_str()) == 0;
}

Result<void> StateFile::Save(std::string_view bytes) {
  Step(CommitStep::kBegun);
  auto replaced = Replace(bytes);
  if (!replaced) {
    unlink((path_ + ".tmp").c_str());  // on a full disk every byte counts
    return replaced.error();
  }
  Step(CommitStep::kDurable);
  return {};
}

Result<void> StateFile::Replace(std::string_view bytes) const {
  const std::string next = path_ + ".tmp";
  const auto failed = [&](std::string_view what, const std::string& path) {
    const int error = errno;
    return SystemError(what, path, error, WriteAdvice(error, FolderOf(path_)));
  };
  Descriptor file(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (*file < 0) return failed("cannot write", next);
  Step(CommitStep::kOpened);
  const size_t half = bytes.size() / 2;
  if (!WriteAll(*file, bytes.substr(0, half))) return failed("cannot write", next);
  Step(CommitStep::kHalfWritten);
  if (!WriteAll(*file, bytes.substr(half))) return failed("cannot write", next);
  Step(CommitStep::kWritten);
  if (fsync(*file) != 0 || !file.Close()) return failed("cannot write", next);
  Step(CommitStep::kSynced);
  if (std::rename(next.c_str(), path_.c_str()) != 0) return failed("cannot replace", path_);
  Step(CommitStep::kRenamed);
  const std::string folder = FolderOf(path_);
  const Descriptor place(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (*place < 0 || fsync(*place) != 0) return failed("cannot sync", folder);
  return {};
}

}  // namespace kle
