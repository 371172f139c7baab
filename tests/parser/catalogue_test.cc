// SPDX-License-Identifier: Apache-2.0
#include "parser/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "parser/framer.h"
#include "parser/template.h"

namespace kle {
namespace {

constexpr std::string_view kUid = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13";
const std::string kHex(64, 'a');

// One line through framer, parser and catalogue; the event's views live as long as this.
struct Read {
  explicit Read(std::string text)
      : line("I1123 10:00:00.000001    1 file.go:1] " + std::move(text)) {
    frame.format = LineFormat::kKlogText;
    frame.text = line;
    EXPECT_EQ(ParseHead(frame, record), ParseError::kNone) << line;
    row = FindRow(record);
    taken = row != nullptr && Extract(record, frame, *row, event);
  }
  std::string line;
  Frame frame;
  Record record;
  const CatalogueRow* row = nullptr;
  Event event;
  bool taken = false;
};

TEST(Catalogue, NoMessageStandsTwice) {
  std::set<std::string_view> messages;
  for (const CatalogueRow& row : Catalogue())
    EXPECT_TRUE(messages.insert(row.message).second) << row.message;
}

TEST(Catalogue, EveryRowIsFoundAndSaysWhatItMeans) {
  for (const CatalogueRow& row : Catalogue()) {
    EXPECT_FALSE(row.meaning.empty()) << row.message;
    EXPECT_TRUE(row.since.starts_with("1.")) << row.message;
    EXPECT_LE(row.level, 10) << row.message;
    if (IsTemplate(row.message)) continue;
    EXPECT_EQ(FindRow(row.message), &row) << row.message;
  }
}

TEST(Catalogue, EveryKindHasARow) {
  std::set<EventKind> kinds;
  for (const LogSource source : kLogSources) {
    for (const CatalogueRow& row : Catalogue(source)) {
      kinds.insert(row.kind);
      EXPECT_EQ(row.source, source) << row.message;
    }
  }
  for (int i = 0; i < kEventKindCount; ++i) {
    const EventKind kind = static_cast<EventKind>(i);
    EXPECT_TRUE(kinds.contains(kind)) << Name(kind);
  }
}

TEST(Catalogue, UnknownMessagesAreNeverGuessed) {
  EXPECT_EQ(FindRow("SyncLoop DELETED"), nullptr);
  EXPECT_EQ(FindRow("SyncLoop DELET"), nullptr);
  EXPECT_EQ(FindRow(""), nullptr);
  EXPECT_EQ(FindRow(std::string(100'000, 'x')), nullptr);
}

// The row by a glimpse of the message is the row by all of it, and leaves the same record.
TEST(Catalogue, AGlimpseFindsTheSame) {
  const std::string pad(60, 'p');
  const std::string texts[] = {
      "\"SyncLoop DELETE\" source=\"api\" pods=[ns/a] more=" + pad,
      "\"SyncLoop DELETE\"x source=\"api\" pods=[ns/a] " + pad,
      "\"SyncLoop DELETE\" no field " + pad,
      "\"SyncLoop DELETE \" source=\"api\" pods=[ns/a] " + pad,
      "\"SyncLoop DELETE\\\" source=\"api\" pods=[ns/a] " + pad,
      "SyncLoop DELETE\" source=\"api\" pods=[ns/a] " + pad,
      "\"SyncLoop DELETE\"",
      "\"SyncLoop DELETED\" source=\"api\" " + pad,
      "\"operationExecutor.UnmountVolume started for volume \\\"v\\\" (UniqueName: \\\"u\\\") pod "
      "\\\"p\\\" (UID: \\\"p\\\") \"",
  };
  for (const std::string& text : texts) {
    const Read whole(text);
    Record record;
    record.captures.count = 3;
    ASSERT_EQ(ParseHeader(whole.frame, record), ParseError::kNone);
    EXPECT_EQ(FindRow(whole.frame, record), whole.row) << text;
    EXPECT_EQ(record.message, whole.record.message) << text;
    EXPECT_EQ(record.structured, whole.record.structured) << text;
    EXPECT_EQ(record.tail, whole.record.tail) << text;
    EXPECT_EQ(record.captures.count, whole.record.captures.count) << text;
  }
}

// A row that only proves a verbosity needs no more than how the message begins.
TEST(Catalogue, AProofIsKnownByHowItBegins) {
  const std::string begin = "\"Starting operationExecutor.UnmountVolume for volume ";
  const std::string pad(60, 'p');
  const auto early = [](const std::string& text) {
    const Read whole(text);
    Record record;
    EXPECT_EQ(ParseHeader(whole.frame, record), ParseError::kNone);
    const CatalogueRow* const row = FindRow(whole.frame, record);
    if (record.message.empty()) return row != nullptr;
    EXPECT_EQ(row, whole.row) << text;
    return false;
  };
  EXPECT_TRUE(early(begin + "\\\"v\\\" (" + pad + "\" pod=\"a/b\""));
  EXPECT_TRUE(early(begin + "v" + pad + "\""));
  EXPECT_TRUE(early(begin + "cut" + pad));
  // No message of the row.
  EXPECT_FALSE(early(begin + "\" " + pad));
  EXPECT_FALSE(early(begin + " \" " + pad));
  EXPECT_FALSE(early(begin + "\\n" + pad + "\""));
  // More may follow: another row's.
  EXPECT_FALSE(early("\"SyncLoop (housekeeping, skipped): sources aren't ready yet" + pad));
}

TEST(Extract, DeleteInEveryVersionsForm) {
  for (const std::string& pods : {std::string("[ns/a ns/b]"), std::string("\"[ns/a ns/b]\""),
                                  std::string("[\"ns/a\",\"ns/b\"]")}) {
    const Read read("\"SyncLoop DELETE\" source=\"api\" pods=" + pods);
    ASSERT_TRUE(read.taken) << pods;
    ASSERT_EQ(read.event.pods.size(), 2u) << pods;
    EXPECT_EQ(read.event.pods[1].name, "b");
    EXPECT_EQ(read.event.pods[1].namespace_, "ns");
    EXPECT_EQ(read.event.source, "api");
  }
  const Read old("SyncLoop (DELETE, \"api\"): \"a_ns(" + std::string(kUid) + ")\"");
  ASSERT_TRUE(old.taken);
  EXPECT_EQ(old.event.kind, EventKind::kPodDeleted);
  ASSERT_EQ(old.event.pods.size(), 1u);
  EXPECT_EQ(old.event.pods[0].uid, kUid);
}

TEST(Extract, KillInEveryVersionsForm) {
  for (const std::string& uid : {std::string(kUid), "\"" + std::string(kUid) + "\""}) {
    const Read read("\"Killing container with a grace period\" pod=\"ns/a\" podUID=" + uid +
                    " containerName=\"app\" containerID=\"containerd://" + kHex +
                    "\" gracePeriod=30");
    ASSERT_TRUE(read.taken);
    EXPECT_EQ(read.event.pod.uid, kUid);
    EXPECT_EQ(read.event.container, "app");
    EXPECT_EQ(read.event.container_id, kHex);
    EXPECT_EQ(read.event.grace_seconds, 30);
  }
  const Read old("Killing container \"docker://" + kHex + "\" with a 30 second grace period");
  ASSERT_TRUE(old.taken);
  EXPECT_EQ(old.event.container_id, kHex);
  EXPECT_EQ(old.event.grace_seconds, 30);
}

TEST(Extract, UnmountInEveryVersionsForm) {
  const std::string uid(kUid);
  const std::string unique = "kubernetes.io/secret/" + uid + "-creds";
  const std::string texts[] = {
      "UnmountVolume.TearDown succeeded for volume \"" + unique +
          "\" (OuterVolumeSpecName: \"creds\") pod \"" + uid + "\" (UID: \"" + uid +
          "\"). InnerVolumeSpecName \"creds\". PluginName \"kubernetes.io/secret\", VolumeGidValue "
          "\"\"",
      "UnmountVolume.TearDown succeeded for volume \"" + unique +
          "\" (OuterVolumeSpecName: \"creds\") pod \"" + uid + "\" (UID: \"" + uid +
          "\"). InnerVolumeSpecName \"creds\". PluginName \"kubernetes.io/secret\", VolumeGIDValue "
          "\"\"",
      "UnmountVolume.TearDown succeeded for volume \"" + unique + "\" pod \"" + uid +
          "\" (UID: \"" + uid +
          "\"). InnerVolumeSpecName \"creds\". PluginName \"kubernetes.io/secret\", VolumeGIDValue "
          "\"\"",
      "\"operationExecutor.UnmountVolume started for volume \\\"creds\\\" (UniqueName: \\\"" +
          unique + "\\\") pod \\\"" + uid + "\\\" (UID: \\\"" + uid + "\\\") \"",
      // 1.35: the start names the volume by its unique name too
      "\"operationExecutor.UnmountVolume started for volume \\\"" + unique +
          "\\\" (UniqueName: \\\"" + unique + "\\\") pod \\\"" + uid + "\\\" (UID: \\\"" + uid +
          "\\\") \"",
  };
  for (const std::string& text : texts) {
    const Read read(text);
    ASSERT_TRUE(read.taken) << text;
    EXPECT_EQ(read.event.pod.uid, uid) << text;
    EXPECT_EQ(read.event.volume, "creds") << text;
    EXPECT_EQ(read.event.unique_name, unique) << text;
    EXPECT_EQ(read.event.plugin, "kubernetes.io/secret") << text;
  }
}

TEST(Extract, CgroupsOfBothDrivers) {
  const std::string paths[] = {
      "/kubepods/burstable/pod" + std::string(kUid) + "/" + kHex,
      "/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-pod4f3761db_ee39_4974_a2cc_9bf0a48e5c13.slice/"
      "cri-containerd-" +
          kHex + ".scope",
      "/kubepods.slice/kubepods-pod4f3761db_ee39_4974_a2cc_9bf0a48e5c13.slice/docker-" + kHex +
          ".scope",
  };
  for (const std::string& path : paths) {
    const Read read("Destroyed container: \"" + path + "\" (aliases: [], namespace: \"x\")");
    ASSERT_TRUE(read.taken) << path;
    EXPECT_EQ(read.event.pod.uid, kUid) << path;
    EXPECT_EQ(read.event.container_id, kHex) << path;
  }
}

TEST(Extract, DockersAliasNamesEverything) {
  const Read read("Destroyed container: \"/kubepods/pod" + std::string(kUid) + "/" + kHex +
                  "\" (aliases: [k8s_POD_web-1_default_" + std::string(kUid) + "_0 " + kHex +
                  "], namespace: \"docker\")");
  ASSERT_TRUE(read.taken);
  EXPECT_EQ(read.event.pod.name, "web-1");
  EXPECT_EQ(read.event.pod.namespace_, "default");
  EXPECT_EQ(read.event.sandbox_id, kHex) << "POD is the sandbox";
}

TEST(Extract, AnUnhandledErrorsTextIsLookedUpAgain) {
  const Read read("\"Unhandled Error\" err=\"failed to \\\"KillPodSandbox\\\" for \\\"" +
                  std::string(kUid) +
                  "\\\" with KillPodSandboxError: \\\"rpc error\\\"\" logger=\"UnhandledError\"");
  ASSERT_TRUE(read.taken);
  EXPECT_EQ(read.event.kind, EventKind::kFailure);
  EXPECT_EQ(read.event.row->phase, Phase::kStopSandbox);
  EXPECT_EQ(read.event.pod.uid, kUid);
  const Read other("\"Unhandled Error\" err=\"something else\"");
  ASSERT_TRUE(other.taken);
  EXPECT_EQ(other.event.kind, EventKind::kRedirect);
}

TEST(Extract, KeysInsideAQuotedErrorAreNoKeys) {
  const Read read(
      "\"Kill container failed\" err=\"x pod=\\\"kube-system/evil\\\" "
      "podUID=9517cc45-6c1c-49d3-9b90-c0757b328ac8\" "
      "pod=\"ns/a\" podUID=\"" +
      std::string(kUid) +
      "\" containerName=\"app\" containerID={\"Type\":\"containerd\",\"ID\":\"" + kHex + "\"}");
  ASSERT_TRUE(read.taken);
  EXPECT_EQ(read.event.pod.name, "a");
  EXPECT_EQ(read.event.pod.uid, kUid);
  EXPECT_EQ(read.event.container_id, kHex);
}

TEST(Extract, WhatIsMissingIsNoEvent) {
  EXPECT_FALSE(Read("\"Killing container with a grace period\" pod=\"ns/a\" gracePeriod=30").taken);
  EXPECT_FALSE(Read("\"SyncLoop (PLEG): event for pod\" pod=\"ns/a\" event=garbage").taken);
}

}  // namespace
}  // namespace kle
