// SPDX-License-Identifier: Apache-2.0
// Each message of tests/parser/events.tsv, as every version prints it, has to give the event that
// the table names.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/parser/printed_lines.h"

namespace kle {
namespace {

using namespace printed;

template <typename T, typename U>
void Same(const std::optional<T>& expected, const U& got, const char* what) {
  if (expected) {
    EXPECT_EQ(got, *expected) << what;
  }
}

void Check(const TableRow& row, const Line& line, const Read& read) {
  ASSERT_TRUE(read.parsed);
  if (row.event == "-") {
    EXPECT_EQ(read.row, nullptr) << "taken by: " << read.row->message;
    return;
  }
  ASSERT_NE(read.row, nullptr) << "no row takes it";
  ASSERT_TRUE(read.taken) << "its row does not fit: " << read.row->message;
  const Event& event = read.event;
  EXPECT_EQ(Name(event.kind), row.event);
  EXPECT_LE(event.level, row.verbosity());
  if (event.kind == EventKind::kVerbosity) return;
  const Expected& expected = line.expected;
  Same(expected.ns, event.pod.namespace_, "namespace");
  Same(expected.name, event.pod.name, "pod");
  Same(expected.uid, event.pod.uid, "uid");
  Same(expected.container, event.container, "container");
  Same(expected.container_id, event.container_id, "container id");
  Same(expected.sandbox_id, event.sandbox_id, "sandbox id");
  Same(expected.volume, event.volume, "volume");
  Same(expected.unique_name, event.unique_name, "unique name");
  Same(expected.plugin, event.plugin, "plugin");
  Same(expected.pleg_type, event.pleg_type, "pleg type");
  Same(expected.source, event.source, "source");
  Same(expected.exit_code, event.exit_code, "exit code");
  Same(expected.grace, event.grace_seconds, "grace");
  if (expected.no_grace) {
    EXPECT_FALSE(event.grace_seconds);
  }
  if (expected.error && event.kind == EventKind::kFailure) {
    if (expected.error_quoted) {
      EXPECT_NE(event.error.find("target is busy"), std::string_view::npos) << event.error;
    } else {
      EXPECT_EQ(event.error, *expected.error);
    }
  }
  ASSERT_EQ(event.pods.size(), expected.pods);
  if (expected.pods == 2) {
    EXPECT_EQ(event.pods[0].name, "web");
    EXPECT_EQ(event.pods[1].name, "db");
    EXPECT_EQ(event.pods[1].namespace_, "ns");
  }
  ASSERT_EQ(event.states.size(), expected.states);
  if (expected.states == 2) {
    EXPECT_EQ(event.states[0].name, "app");
    EXPECT_EQ(event.states[1].exit_code, 137);
    EXPECT_TRUE(event.states[0].finished_at);
  }
}

TEST(EventsTable, EveryRowIsDecided) {
  std::set<std::string> ids;
  std::set<std::string_view> kinds;
  for (int i = 0; i < kEventKindCount; ++i) kinds.insert(Name(static_cast<EventKind>(i)));
  ASSERT_GT(Table().size(), 500u);
  for (const TableRow& row : Table()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_FALSE(Minors(row.versions).empty()) << row.id;
    EXPECT_TRUE(row.event == "-" || kinds.contains(row.event)) << row.id << " " << row.event;
    EXPECT_EQ(row.event == "-", !row.note.empty()) << row.id;
  }
}

TEST(EventsTable, EveryVersionsLineGivesItsEvent) {
  size_t lines = 0;
  EachLine([&lines](const TableRow& row, int minor, const Line& line) {
    SCOPED_TRACE(row.id + " 1." + std::to_string(minor) + ": " + line.text);
    Check(row, line, Read(line.text));
    ++lines;
  });
  EXPECT_GT(lines, 10'000u);
}

// A level too high makes the seen verbosity lie; one too low hides it.
TEST(EventsTable, ARowsLevelIsTheLowestThatPrintsIt) {
  std::map<const CatalogueRow*, int> lowest;
  EachLine([&lowest](const TableRow& row, int, const Line& line) {
    const Read read(line.text);
    if (read.row == nullptr) return;
    const auto [it, fresh] = lowest.emplace(read.row, row.verbosity());
    if (!fresh) it->second = std::min(it->second, row.verbosity());
  });
  for (const auto& [row, level] : lowest) EXPECT_EQ(int{row->level}, level) << row->message;
}

TEST(EventsTable, ARowsVersionsHoldThoseThatPrintIt) {
  std::map<const CatalogueRow*, std::set<int>> printed;
  EachLine([&printed](const TableRow&, int minor, const Line& line) {
    if (minor == 20) return;
    if (const Read read(line.text); read.row != nullptr) printed[read.row].insert(minor);
  });
  const auto minor_of = [](std::string_view text) {
    return std::stoi(std::string(text.substr(2)));
  };
  for (const auto& [row, minors] : printed) {
    EXPECT_GE(*minors.begin(), minor_of(row->since)) << row->message;
    if (!row->until.empty()) {
      EXPECT_LE(*minors.rbegin(), minor_of(row->until)) << row->message;
    }
  }
}

TEST(EventsTable, KubeletsBefore118NameOperationsWithoutTheirFields) {
  const std::string until =
      " failed. No retries permitted until 2019-12-23 17:20:24.5 -0700 MST m=+8.5 "
      "(durationBeforeRetry 2m2s). Error: \"UnmountVolume.TearDown failed: busy\"";
  const Read pod(
      R"(E1123 10:00:00.000001    4321 nestedpendingoperations.go:1] Operation for "\")" + kUnique +
      R"(\" (\")" + kUid + R"x(\")")x" + until);
  ASSERT_TRUE(pod.taken);
  EXPECT_EQ(pod.event.kind, EventKind::kFailure);
  EXPECT_EQ(pod.event.unique_name, kUnique);
  EXPECT_EQ(pod.event.pod.uid, kUid);
  const Read device(
      R"(E1123 10:00:00.000001    4321 nestedpendingoperations.go:1] Operation for "\")" + kDevice +
      R"(\"")" + until);
  ASSERT_TRUE(device.taken);
  EXPECT_EQ(device.event.unique_name, kDevice);
}

TEST(EventsTable, ADeviceOperationHasNoPod) {
  const Read read(
      "E1123 10:00:00.000001    4321 nestedpendingoperations.go:1] Operation for \"{volumeName:" +
      kDevice +
      " podName: nodeName:n1}\" failed. No retries permitted until 2023-12-23 17:20:24 +0000 UTC "
      "m=+8.5 (durationBeforeRetry 500ms). Error: UnmountDevice failed for volume \"pvc-1\"");
  ASSERT_TRUE(read.taken);
  EXPECT_EQ(read.event.unique_name, kDevice);
  EXPECT_TRUE(read.event.pod.uid.empty());
}

TEST(EventsTable, AStaticPodsUidHasNoDashes) {
  const std::string uid(32, 'c');
  for (const std::string& text :
       {"\"Failed to delete cgroup paths\" cgroupName=[kubepods burstable pod" + uid +
            "] err=\"x\"",
        "\"Pod termination removed cgroups\" pod=\"kube-system/etcd\" podUID=" + uid}) {
    const Read read("I1123 10:00:00.000001    4321 x.go:1] " + text);
    ASSERT_TRUE(read.taken) << text;
    EXPECT_EQ(read.event.pod.uid, uid) << text;
  }
}

}  // namespace
}  // namespace kle
