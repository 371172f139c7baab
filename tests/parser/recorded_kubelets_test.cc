// SPDX-License-Identifier: Apache-2.0
// The catalogue against the recorded kubelets of tests/traces: it knows their lines, and somebody
// prints each of its rows.
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/parser/printed_lines.h"

namespace kle {
namespace {

using namespace printed;

std::string Decompress(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(in), {}};
  std::string text;
  ZSTD_DStream* stream = ZSTD_createDStream();
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  std::vector<char> room(1 << 18);
  while (input.pos < input.size) {
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream, &output, &input)) != 0) {
      ADD_FAILURE() << "cannot decompress " << path;
      break;
    }
    text.append(room.data(), output.pos);
  }
  ZSTD_freeDStream(stream);
  return text;
}

constexpr std::string_view kLifecycle[] = {"kill",     "terminat", "unmount",  "sandbox",
                                           "prestop",  "cgroup",   "orphan",   "evict",
                                           "syncloop", "pleg",     "teardown", "tear down"};

// They have one of those words, and tell of no pod's phase.
constexpr std::string_view kElsewhere[] = {
    "FLAG: --",
    "Filesystem partitions: map[",
    "--cgroups-per-qos enabled",
    "skipping /sys/fs/cgroup/",
    "Error while processing event (\"/sys/fs/cgroup/",
    "Unable to get Process Stats: couldn't open cpu cgroup",
    "cAdvisor running in container",
    "Installing health checkers for",
    "Container manager verified user specified cgroup-root",
    "Creating Container Manager object based on Node Config",
    "CRI implementation should be updated to support RuntimeConfig",
    "Discovered runtime cgroup name",
    "Setting cgroup parent",
    "Setting cgroupDriver",
    "Warning: cgroup check",
    "eviction manager: failed to check if we have separate container filesystem",
    "ListPodSandbox with filter from runtime service failed",
    "Failed to list pod sandboxes",
    "Failed to retrieve checkpoint for sandbox",
    "PodSandboxStatus of sandbox for pod",
    "Unable to find network stats for sandbox",
};

bool IsLifecycle(std::string_view message) {
  std::string lower(message.substr(0, 400));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto in = [&lower](std::string_view word) { return lower.find(word) != std::string::npos; };
  const auto elsewhere = [message](std::string_view start) { return message.starts_with(start); };
  return std::ranges::any_of(kLifecycle, in) && std::ranges::none_of(kElsewhere, elsewhere);
}

// Digits and hex runs to '#': one entry for all pods.
std::string Shape(std::string_view message) {
  std::string shape;
  for (const char c : message.substr(0, 160)) {
    const bool varies = std::isxdigit(static_cast<unsigned char>(c)) != 0 &&
                        (std::isdigit(static_cast<unsigned char>(c)) != 0 || shape.ends_with('#'));
    if (!varies) {
      shape += c;
    } else if (!shape.ends_with('#')) {
      shape += '#';
    }
  }
  return shape;
}

// Every record of the recorded kubelets; returns how many files there are.
template <typename Visit>
size_t EachRecorded(Visit visit) {
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(KLE_TEST_DATA "/traces/recorded")) {
    if (entry.path().filename() != "kubelet.log.zst") continue;
    ++files;
    Framer framer;
    const std::string text = Decompress(entry.path());
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      LogLine line;
      line.text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (const auto frame = framer.Push(line)) visit(*frame);
    }
    while (const auto frame = framer.Flush()) visit(*frame);
  }
  return files;
}

TEST(RecordedKubelets, NoLineOfAPodsPhasesIsUnknown) {
  std::map<std::string, size_t> unknown;
  std::map<std::string, size_t> contradicted;
  size_t overlooked = 0;
  Record record;
  Event event;
  const size_t files = EachRecorded([&](const Frame& frame) {
    if (frame.format == LineFormat::kOther || IsWhole(frame.format)) return;  // runc's, in there
    if (ParseHead(frame, record) != ParseError::kNone) return;
    const CatalogueRow* row = FindRow(record);
    if (row != nullptr && !LookAtMessage(record.raw_message).event) ++overlooked;
    if (row == nullptr) {
      if (IsLifecycle(record.message)) ++unknown[Shape(record.message)];
    } else if (!Extract(record, frame, *row, event)) {
      ++contradicted[std::string(row->message)];
    }
  });
  EXPECT_GT(files, 10u);
  EXPECT_EQ(overlooked, 0u);
  for (const auto& [message, count] : unknown) ADD_FAILURE() << count << " x " << message;
  for (const auto& [message, count] : contradicted)
    ADD_FAILURE() << count << " x misread: " << message;
}

// Kubernetes 1.14 to 1.18, of which the table of messages has nothing, and lines that only prove a
// level: read off the sources.
constexpr std::string_view kOfTheSourcesAlone[] = {
    R"row(Cgroup manager encountered error scanning cgroup path)row",
    R"row(Clean up probes for terminating and terminated pods)row",
    R"row(Container runtime {runtime} initialized, version: {version}, apiVersion: {_})row",
    R"row(Container {container:q} ({container_id:q}) of pod {pod}: {detail:*})row",
    R"row(Event({_}): type: {_} reason: {reason:q} {detail:*})row",
    R"row(Failed to stop sandbox {sandbox_id:q})row",
    R"row(Killing container {container_id:q}, but using a {grace} second grace period override)row",
    R"row(Killing container {container_id:q}, but using {grace} second grace period override)row",
    R"row(Operation for "\"{unique_name}\" (\"{uid}\")" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*})row",
    R"row(Operation for "\"{unique_name}\"" failed. No retries permitted until {_} (durationBeforeRetry {_}). Error: {error:*})row",
    R"row(Orphaned pod {uid:q} found, but volume paths are still present on disk{_:*})row",
    R"row(Starting kubelet main sync loop.)row",
    R"row(Starting operationExecutor.DetachVolume for volume {_:*})row",
    R"row(SyncLoop (SYNC): {_:*})row",
    R"row(UnmountDevice succeeded for volume {volume:q} {_:*})row",
    R"row([RemoteRuntimeService] ListContainers)row",
    R"row([RemoteRuntimeService] StopContainer)row",
    R"row([RemoteRuntimeService] StopPodSandbox)row",
    R"row(preStop hook for container {container_id:q} completed)row",
    R"row(preStop hook for container {container_id:q} did not complete in {grace} seconds)row"};

// A row that neither the table of messages nor a recording prints may have a slip of the pen.
TEST(RecordedKubelets, EveryRowIsPrintedBySomeone) {
  std::set<const CatalogueRow*> printed;
  EachLine([&](const TableRow&, int, const Line& line) {
    if (const Read read(line.text); read.row != nullptr) printed.insert(read.row);
  });
  Record record;
  EachRecorded([&](const Frame& frame) {
    if (frame.format == LineFormat::kOther || IsWhole(frame.format)) return;
    if (ParseHead(frame, record) == ParseError::kNone) printed.insert(FindRow(record));
  });
  for (const CatalogueRow& row : Catalogue()) {
    const auto* const end = std::end(kOfTheSourcesAlone);
    const bool listed = std::find(std::begin(kOfTheSourcesAlone), end, row.message) != end;
    EXPECT_NE(printed.contains(&row), listed) << row.message;
  }
}

}  // namespace
}  // namespace kle
