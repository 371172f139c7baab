// SPDX-License-Identifier: Apache-2.0
// The one file that makes a restart invisible: the source's place, every counter and histogram, and
// what is known of every pod, replaced as a whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/descriptor.h"
#include "exporter/result.h"
#include "parser/codec.h"

namespace kle {

struct SavedState {
  std::string machine_id;  // "" when the machine has none
  std::string boot_id;
  std::string source;    // kind of the source: journal, file
  std::string position;  // LineSource::Position
  std::string totals;    // MetricSet::Totals
  std::string pipeline;  // Pipeline::Save; empty while a state is being written
};

// A state as the bytes of its file: packed while it is encoded, so that a large one need not be in
// memory as a whole.
class StatePacker {
 public:
  // `state`: all but the pipeline, which is encoded next.
  explicit StatePacker(const SavedState& state);
  ~StatePacker();
  StatePacker(const StatePacker&) = delete;
  StatePacker& operator=(const StatePacker&) = delete;

  Encoder& encoder() { return encoder_; }
  std::string Finish();

 private:
  void Pack(bool last);

  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::string plain_;
  std::string bytes_;
  Encoder encoder_;
};

// Why a file that was found is not used. The names are the values of
// `state_rejected_total{reason}`.
enum class StateFault : uint8_t {
  kUnreadable,  // the system does not give it
  kNotAState,   // does not begin as one
  kNewer,       // of a later version of the exporter
  kCut,         // shorter or longer than it says
  kDamaged,     // its checksum does not fit
  kForeign,     // of another machine, or of another kind of source
  kPods,        // of another layout: counters and place are used, the pods in flight are not
};
inline constexpr int kStateFaultCount = 7;
std::string_view Name(StateFault fault);

// The points at which a crash leaves something different on the disk.
enum class CommitStep : uint8_t {
  kBegun,
  kOpened,
  kHalfWritten,
  kWritten,
  kSynced,
  kRenamed,
  kDurable,
  kPublished
};
inline constexpr int kCommitStepCount = 8;
std::string_view Name(CommitStep step);

// One thread at a time.
class StateFile {
 public:
  // For tests: told of each step as it is reached.
  using StepHook = std::function<void(CommitStep)>;

  explicit StateFile(std::string path, StepHook hook = {});

  // Makes the folder when it is missing, and keeps other exporters away from the file until this
  // object goes. Only another exporter is an error: a disk that cannot be written is not.
  [[nodiscard]] Result<void> Claim();

  struct Loaded {
    std::optional<SavedState> state;  // nothing when there is no file, or a fault
    std::optional<StateFault> fault;
    std::string why;  // of the fault, for the log
  };
  [[nodiscard]] Loaded Load() const;

  // Keeps a file that cannot be used, or not wholly, as PATH.bad, for whoever wants to know why.
  // False when that cannot be, or when it is no plain file: such a one is left alone.
  [[nodiscard]] bool SetAside() const;

  // Durable when this returns. The former file stays whole on any failure.
  [[nodiscard]] Result<void> Save(std::string_view bytes);

  const std::string& path() const { return path_; }
  void Step(CommitStep step) const {
    if (hook_) hook_(step);
  }

 private:
  [[nodiscard]] Result<void> Replace(std::string_view bytes) const;

  std::string path_;
  StepHook hook_;
  Descriptor lock_;
};

// What StatePacker made.
StateFile::Loaded FromBytes(std::string_view bytes);

}  // namespace kle
