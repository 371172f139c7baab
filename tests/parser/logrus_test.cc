// SPDX-License-Identifier: Apache-2.0
// The container runtimes' lines: through the framer, the reader and their catalogue.
#include "parser/logrus.h"

#include <gtest/gtest.h>

#include <string>

#include "parser/catalogue.h"
#include "parser/framer.h"

namespace kle {
namespace {

const std::string kUid = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13";
const std::string kHex(64, 'a');
const std::string kSandbox(64, 'b');
constexpr std::string_view kTime = "2026-11-23T23:58:40.591419272Z";

std::string Text(std::string_view message, std::string_view tail = "",
                 std::string_view level = "info") {
  return "time=\"" + std::string(kTime) + "\" level=" + std::string(level) + " msg=\"" +
         std::string(message) + "\"" + std::string(tail);
}

// One line as it comes from a file or from a journal unit; the event's views live as long as this.
struct Read {
  explicit Read(std::string given, LogWriter writer = LogWriter::kAny) : text(std::move(given)) {
    line.text = text;
    line.writer = writer;
    line.pid = 77;
    frame = framer.Push(line);
    if (!frame) return;
    EXPECT_TRUE(IsWhole(frame->format)) << text;
    if (ParseHead(*frame, record) != ParseError::kNone) return;
    row = FindRow(record);
    taken = row != nullptr && Extract(record, *frame, *row, event);
  }
  std::string text;
  Framer framer;
  LogLine line;
  std::optional<Frame> frame;
  Record record;
  const CatalogueRow* row = nullptr;
  Event event;
  bool taken = false;
};

TEST(Logrus, AStopInTextAndInJson) {
  const std::string message = "StopContainer for \\\"" + kHex + "\\\" with timeout 30 (s)";
  const std::string json =
      "{\"level\":\"info\",\"msg\":\"" + message + "\",\"time\":\"" + std::string(kTime) + "\"}";
  for (const std::string& text : {Text(message), json}) {
    const Read read(text);
    ASSERT_TRUE(read.taken) << text;
    EXPECT_EQ(read.event.kind, EventKind::kRuntimeStopRequested);
    EXPECT_EQ(read.event.container_id, kHex);
    EXPECT_EQ(read.event.grace_seconds, 30);
    EXPECT_EQ(read.event.pid, 0u) << "no kubelet's";
    EXPECT_EQ(FormatTimestamp(*read.record.epoch), "2026-11-23T23:58:40.591419Z");
    EXPECT_EQ(read.framer.last_line_format(), LineFormat::kRuntime);
  }
}

TEST(Logrus, ZonesAndTheBlankOfOlderCrio) {
  const std::string stop = "Stopping container: " + kHex + " (timeout: 5s)";
  for (const std::string& time : {std::string("2026-11-24T07:58:40.591419272+08:00"),
                                  std::string("2026-11-23 23:58:40.591419272Z")}) {
    const Read read("time=\"" + time + "\" level=info msg=\"" + stop +
                    "\" id=5c26 name=/runtime.v1.RuntimeService/StopContainer");
    ASSERT_TRUE(read.taken) << time;
    EXPECT_EQ(FormatTimestamp(*read.record.epoch), "2026-11-23T23:58:40.591419Z");
    EXPECT_EQ(read.event.container_id, kHex) << "not the request's id";
    EXPECT_EQ(read.event.grace_seconds, 5);
  }
}

TEST(Logrus, APodsIdentityInBothFormsOfProtobuf) {
  const std::string gogo = "RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:" + kUid +
                           ",Namespace:shop,Attempt:0,} returns sandbox id \\\"" + kSandbox +
                           "\\\"";
  const std::string newer = "RunPodSandbox for name:\\\"web-1\\\"  uid:\\\"" + kUid +
                            "\\\"  namespace:\\\"shop\\\" attempt:1 returns sandbox id \\\"" +
                            kSandbox + "\\\"";
  for (const std::string& message : {gogo, newer}) {
    const Read read(Text(message));
    ASSERT_TRUE(read.taken) << message;
    EXPECT_EQ(read.event.kind, EventKind::kRuntimeSandboxStarted);
    EXPECT_EQ(read.event.pod, (PodRef{"shop", "web-1", kUid}));
    EXPECT_EQ(read.event.sandbox_id, kSandbox);
  }
  const Read request(Text("RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:" + kUid +
                          ",Namespace:shop,Attempt:1,}"));
  ASSERT_TRUE(request.taken);
  EXPECT_EQ(request.event.kind, EventKind::kRuntimeSandboxRequested);
  EXPECT_EQ(request.event.pod.uid, kUid);
  const Read forged(Text("RunPodSandbox for &PodSandboxMetadata{Name:We b,Uid:" + kUid +
                         ",Namespace:shop,} returns sandbox id \\\"" + kSandbox + "\\\""));
  EXPECT_TRUE(forged.event.pod.uid.empty()) << "a name that is none";
}

TEST(Logrus, ContainersOfASandbox) {
  for (const std::string& meta : {std::string("&ContainerMetadata{Name:app,Attempt:0,}"),
                                  std::string("name:\\\"app\\\"  attempt:3")}) {
    const Read read(Text("CreateContainer within sandbox \\\"" + kSandbox + "\\\" for " + meta +
                         " returns container id \\\"" + kHex + "\\\""));
    ASSERT_TRUE(read.taken) << meta;
    EXPECT_EQ(read.event.container, "app");
    EXPECT_EQ(read.event.container_id, kHex);
    EXPECT_EQ(read.event.sandbox_id, kSandbox);
  }
  const Read asked(Text("CreateContainer within sandbox \\\"" + kSandbox +
                        "\\\" for container &ContainerMetadata{Name:app,Attempt:0,}"));
  EXPECT_EQ(asked.row, nullptr) << "only what came of it has an id";
}

TEST(Logrus, AnExitsTimeAndCode) {
  // Zeroes are left out, and nanoseconds are not padded.
  const struct {
    const char* tail;
    int64_t code;
    const char* at;
  } cases[] = {
      {"  pid:1  exit_status:137  exited_at:{seconds:1795478320  nanos:680380783}", 137,
       "2026-11-23T23:58:40.680380Z"},
      {"  pid:1  exited_at:{seconds:1795478320  nanos:46512345}", 0, "2026-11-23T23:58:40.046512Z"},
      {" exited_at:{seconds:1795478320}", 0, "2026-11-23T23:58:40.000000Z"},
  };
  for (const char* words : {"received exit event", "received container exit event"}) {
    for (const auto& one : cases) {
      const Read read(Text(std::string(words) + " container_id:\\\"" + kHex + "\\\"  id:\\\"" +
                           kHex + "\\\"" + one.tail));
      ASSERT_TRUE(read.taken) << words << one.tail;
      EXPECT_EQ(read.event.kind, EventKind::kRuntimeExited);
      EXPECT_EQ(read.event.container_id, kHex);
      EXPECT_EQ(read.event.exit_code, one.code);
      ASSERT_TRUE(read.event.exited_at);
      EXPECT_EQ(FormatTimestamp(*read.event.exited_at), one.at);
    }
  }
  const Read wrong(Text("received exit event container_id:\\\"" + kHex +
                        "\\\"  exited_at:{seconds:99999999999999999999}"));
  EXPECT_FALSE(wrong.event.exited_at);
}

TEST(Logrus, FieldsOfTheirOwn) {
  const Read shim(Text("shim disconnected", " id=" + kHex + " namespace=k8s.io"));
  ASSERT_TRUE(shim.taken);
  EXPECT_EQ(shim.event.container_id, kHex);
  const Read docker(Text("Container failed to exit within 1m0s of signal 15 - using the force",
                         " container=" + kHex));
  ASSERT_TRUE(docker.taken);
  EXPECT_EQ(docker.event.kind, EventKind::kRuntimeSigkill);
  EXPECT_EQ(docker.event.container_id, kHex);
  const Read older(Text("Container " + kHex +
                        " failed to exit within 30 seconds of signal 15 - using the force"));
  ASSERT_TRUE(older.taken);
  EXPECT_EQ(older.event.kind, EventKind::kRuntimeSigkill);
  EXPECT_EQ(older.event.container_id, kHex);
  const Read crio(Text(
      "Started container",
      " PID=4 containerID=" + kHex + " description=shop/web-1/app name=x sandboxID=" + kSandbox));
  ASSERT_TRUE(crio.taken);
  EXPECT_EQ(crio.event.container_id, kHex);
  EXPECT_EQ(crio.event.sandbox_id, kSandbox);
  EXPECT_EQ(crio.event.container, "app");
}

TEST(Logrus, CrioNamesItsPods) {
  const Read network(
      Text("Got pod network &{Name:web-1 Namespace:shop ID:" + kSandbox + " UID:" + kUid +
           " NetNS:/var/run/netns/x Networks:[] RuntimeConfig:map[] Aliases:map[]}"));
  ASSERT_TRUE(network.taken);
  EXPECT_EQ(network.event.pod, (PodRef{"shop", "web-1", kUid}));
  EXPECT_EQ(network.event.sandbox_id, kSandbox);
  const Read ran(Text("Ran pod sandbox " + kSandbox + " with infra container: shop/web-1/POD"));
  ASSERT_TRUE(ran.taken);
  EXPECT_EQ(ran.event.pod.name, "web-1");
  EXPECT_TRUE(ran.event.container.empty());
  const Read stopped(Text("Stopped container " + kHex + ": shop/web-1/app"));
  ASSERT_TRUE(stopped.taken);
  EXPECT_EQ(stopped.event.kind, EventKind::kRuntimeStopReturned);
  EXPECT_EQ(stopped.event.container, "app");
}

TEST(Logrus, CriosKillOfEveryVersion) {
  for (const std::string& end : {std::string("(SIGTERM) timed out. Killing..."),
                                 std::string(" timed out: timeout reached after 30 seconds waiting "
                                             "for container process to exit")}) {
    const Read read(Text("Stopping container " + kHex + " with stop signal" + end));
    ASSERT_TRUE(read.taken) << end;
    EXPECT_EQ(read.event.kind, EventKind::kRuntimeSigkill);
    EXPECT_EQ(read.event.container_id, kHex);
  }
  const Read hangs(
      Text("Detected process (812) blocked in uninterruptible sleep for more than 60 seconds for "
           "container " +
           kHex));
  ASSERT_TRUE(hangs.taken);
  EXPECT_EQ(hangs.event.kind, EventKind::kKernelEvidence);
  EXPECT_EQ(hangs.event.container_id, kHex);
  EXPECT_EQ(hangs.row->fallback, Reason::kRuntimeStopTimeout);
}

TEST(Logrus, ASandboxThatCrioStopsOnceMore) {
  const Read read(Text("Stopped pod sandbox (already stopped): " + kSandbox));
  ASSERT_TRUE(read.taken);
  EXPECT_EQ(read.event.kind, EventKind::kRuntimeSandboxStopped);
  EXPECT_EQ(read.event.sandbox_id, kSandbox);
}

TEST(Logrus, WhatAMessageQuotesIsNotItsOwn) {
  const Read decoy(
      Text("cleanup warnings time=\\\"2026-11-24T00:00:53Z\\\" level=info "
           "msg=\\\"StopPodSandbox for \\\\\\\"" +
           kSandbox + "\\\\\\\"\\\" namespace=k8s.io\\n"));
  EXPECT_EQ(decoy.row, nullptr);
  EXPECT_EQ(FormatTimestamp(*decoy.record.epoch), "2026-11-23T23:58:40.591419Z");
}

TEST(Logrus, BehindSyslogAndJournalctl) {
  const std::string line = Text("StopPodSandbox for \\\"" + kSandbox + "\\\"");
  for (const std::string& prefix :
       {std::string("Nov 23 23:58:40 node-1 containerd[612]: "),
        std::string("Nov 23 23:58:40 node-1 crio[612]: "),
        std::string("2026-11-23T23:58:40.591500+00:00 node-1 containerd[612]: "),
        std::string("time=\"2026-11-23 23:58:40\" level=info msg=")}) {
    std::string text = prefix + line;
    if (prefix.starts_with("time=")) {  // k0s hands on what its containerd prints
      std::string quoted;
      for (const char c : line) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      text = prefix + "\"" + quoted + "\" component=containerd stream=stderr";
    }
    const Read read(text);
    ASSERT_TRUE(read.taken) << text;
    EXPECT_EQ(read.event.kind, EventKind::kRuntimeSandboxStopRequested);
    EXPECT_EQ(read.event.sandbox_id, kSandbox);
  }
}

TEST(Logrus, OnlyTheRuntimesOwnUnitIsBelieved) {
  const std::string stop = Text("StopPodSandbox for \\\"" + kSandbox + "\\\"");
  const std::string json = "{\"level\":\"info\",\"msg\":\"StopPodSandbox for \\\"" + kSandbox +
                           "\\\"\",\"time\":\"" + std::string(kTime) + "\"}";
  const std::string klog = "I1123 23:58:40.591419    1 kubelet.go:1] \"SyncLoop DELETE\"";
  for (const std::string& text : {stop, json}) {
    EXPECT_TRUE(Read(text, LogWriter::kRuntime).taken);
    EXPECT_FALSE(Read(text, LogWriter::kKubelet).frame) << "a kubelet that prints a runtime's line";
    EXPECT_FALSE(Read("Nov 23 23:58:40 node-1 kubelet[1]: " + text).frame);
    EXPECT_FALSE(Read("Nov 23 23:58:40 node-1 backup[1]: " + text).frame);
  }
  Framer framer;
  LogLine line;
  line.text = klog;
  line.writer = LogWriter::kRuntime;
  EXPECT_FALSE(framer.Push(line)) << "a runtime that prints a kubelet's line";
  EXPECT_FALSE(framer.Flush());
}

TEST(Kernel, EvidenceByUnitOrByIdentifier) {
  const std::string nfs = "nfs: server 10.0.0.9 not responding, still trying";
  EXPECT_TRUE(Read(nfs, LogWriter::kKernel).taken);
  EXPECT_TRUE(Read("Nov 23 23:58:40 node-1 kernel: " + nfs).taken);
  EXPECT_TRUE(Read("Nov 23 23:58:40 node-1 kernel: [ 8123.456789] " + nfs).taken);
  EXPECT_FALSE(Read(nfs).frame) << "anybody can print that";
  const Read oom(
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,"
      "oom_memcg=/kubepods/burstable/pod" +
          kUid + ",task_memcg=/kubepods/burstable/pod" + kUid + "/" + kHex +
          ",task=stress,pid=12,uid=0",
      LogWriter::kKernel);
  ASSERT_TRUE(oom.taken);
  EXPECT_EQ(oom.event.pod.uid, kUid);
  EXPECT_EQ(oom.event.container_id, kHex);
  EXPECT_EQ(oom.row->fallback, Reason::kOomKilled);
  EXPECT_TRUE(
      Read("INFO: task umount.nfs:812 blocked for more than 120 seconds.", LogWriter::kKernel)
          .taken);
  EXPECT_TRUE(
      Read("audit: type=1400 audit(1700000000.1:12): apparmor=\"DENIED\" operation=\"signal\" "
           "profile=\"cri-containerd.apparmor.d\" pid=1 comm=\"runc\" requested_mask=\"receive\"",
           LogWriter::kKernel)
          .taken);
  EXPECT_EQ(Read("audit: type=1400 audit(1.1:1): apparmor=\"DENIED\" operation=\"open\" x",
                 LogWriter::kKernel)
                .row,
            nullptr);
}

}  // namespace
}  // namespace kle
