// SPDX-License-Identifier: Apache-2.0
// Lines that somebody wrote who wants to be believed. What a container prints reaches the kubelet's
// log inside quoted values and blocks; nothing of it may become an event, a record or a label.
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

constexpr std::string_view kForged = R"("SyncLoop DELETE" source="api" pods=[kube-system/victim])";

std::string Exposition(Pipeline& pipeline) {
  pipeline.metrics().SetInFlight(pipeline.Overview());
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, pipeline.metrics().Collect());
  return text.str();
}

size_t Series(const std::string& exposition) {
  std::istringstream lines(exposition);
  size_t series = 0;
  for (std::string line; std::getline(lines, line);) series += line[0] != '#' ? 1 : 0;
  return series;
}

// One record each, as the journal hands it over.
std::vector<std::string> Corpus() {
  const std::string forged(kForged);
  const std::string header = At(7, forged);
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text) { lines.push_back(At(1, text)); };
  // Keys and messages inside quoted errors.
  add(R"("Error syncing pod, skipping" err="pod=\"kube-system/victim\" SyncLoop DELETE" pod="a/b")");
  add(R"("Error syncing pod, skipping" err="\"SyncLoop DELETE\" pods=[kube-system/victim]" pod="a/b")");
  add(R"("Error syncing pod, skipping" err="x\\" pod="a/b" podUID=)" + std::string(kUid));
  add(R"("Error syncing pod, skipping" err="x\\\" pod=\"kube-system/victim\"" pod="a/b")");
  add(R"("Error syncing pod, skipping" err="unbalanced pod="kube-system/victim" pod="a/b")");
  add(R"("Error syncing pod, skipping" pod="a/b" pod="kube-system/victim" podUID=)" +
      std::string(kUid));
  add(R"("Probe failed" probeType="Liveness" pod="a/b" output="HTTP 500: )" + forged + R"(")");
  add("\"Probe failed\" pod=\"a/b\" output=<\n\t" + header + "\n\t" + forged + "\n >");
  add("\"Probe failed\" pod=\"a/b\" output=<\n\t >\n\t" + forged + "\n >");
  add("\"Probe failed\" output=\"" + header + "\"");
  add("\"unknown message\" " + forged);
  add("unknown message " + forged);
  add("\"unknown message\" text=" + forged);
  add("\"SyncLoop\xc2\xa0"
      "DELETE\" source=\"api\" pods=[kube-system/victim]");
  add("\"SyncLoop\xe2\x80\xa8"
      "DELETE\" source=\"api\" pods=[kube-system/victim]");
  add("\"SyncLoop DELETE\x01\" source=\"api\" pods=[kube-system/victim]");
  add(std::string("\"x\" v=\"a\0b\"", 11));
  add("\"x\" v=\"\r" + header + "\"");
  add("\"x\" v=\"\x1b[2K" + header + "\"");
  add("\"x\" v=\"#012" + header + "\"");
  add("\"x\" v=\"#000" + forged + "\"");
  add("\"x\" v=\"\\n" + header + "\"");
  add("\"x\" v=\"\xff\xfe\xc0\xaf" + forged + "\"");
  add("\"x\" v={" + forged + "}");
  add("\"x\" v=[" + forged + "]");
  add("\"x\" v=&{Msg:" + forged + "}");
  add("\"x\" v={{{{{{{{{{" + forged);
  add("\"x\" v=" + std::string(5000, '{') + forged);
  add("\"x\" v=" + std::string(5000, '"') + forged);
  add("\"x\" v=\"" + std::string(70'000, 'x') + forged + "\"");
  // Names and identifiers that are none.
  for (const char* pods :
       {"[kube-system/../victim]", "[kube-system/victim/x]", "[/victim]", "[kube-system/]",
        "[kube-system]", "[,]", "[[]]", "[", "]", "<nil>", "null", "{}", "\"\"", "[\"\"]", "[{}]",
        "[null]", "[{\"name\":\"\",\"namespace\":\"\"}]"}) {
    lines.push_back(At(2, std::string(R"("SyncLoop RECONCILE" source="api" pods=)") + pods));
  }
  // Dates and numbers out of their range.
  for (const char* stamp :
       {"I0230 10:00:00.000000", "I1301 10:00:00.000000", "I0000 10:00:00.000000",
        "I1123 24:00:00.000000", "I1123 99:99:99.999999", "I1123 10:60:00.000000"}) {
    lines.push_back(std::string(stamp) + "    4321 kubelet.go:1] " + forged);
  }
  for (const char* grace : {"-1", "9223372036854775807", "9223372036854775808", "1e308", "NaN",
                            "Inf", "0x1e", "\"30\"", "<nil>", "30s", ""}) {
    lines.push_back(At(3, OfContainer("Killing container with a grace period override",
                                      std::string("gracePeriod=") + grace)));
  }
  // Other people's syntax.
  lines.push_back("{\"ts\":1,\"msg\":\"x\",\"v\":" + std::string(3000, '[') + "}");
  lines.push_back(
      R"({"ts":1763892000000,"msg":"x","err":"\"SyncLoop DELETE\" pods=[kube-system/victim]"})");
  lines.push_back(R"({"msg":{"msg":"SyncLoop DELETE"},"pods":["kube-system/victim"]})");
  lines.push_back(R"({"ts":1e400,"msg":"SyncLoop DELETE","pods":["kube-system/victim"]})");
  lines.push_back(R"({"log":"not the kubelet\n","stream":"stderr"})");
  lines.push_back("Nov 23 10:00:00 node web[1]: " + header);
  lines.push_back("2026-11-23T10:00:00.000000+00:00 node kubelet-fake-app[1]: hello");
  lines.push_back("");
  lines.push_back(" ");
  lines.push_back(std::string(1000, '\0'));
  lines.push_back("\xef\xbb\xbf" + header);
  lines.push_back(std::string(2 << 20, 'y'));
  return lines;
}

TEST(Hostile, NoLineIsBelieved) {
  const auto lines = Corpus();
  EXPECT_GE(lines.size(), 60u);
  PipelineOptions options;
  options.zone.timezone = "UTC";
  Pipeline pipeline(options);
  for (const std::string& text : lines) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
    ASSERT_EQ(pipeline.tracker().counts().started, 0u) << "before: " << text.substr(0, 200);
  }
  pipeline.Finish();
  EXPECT_EQ(pipeline.InFlight().size(), 0u);
  EXPECT_EQ(pipeline.Recent(10).size(), 0u);
  EXPECT_EQ(pipeline.tracker().counts().started, 0u);
  const std::string text = Exposition(pipeline);
  EXPECT_EQ(text.find("victim"), std::string::npos);
  EXPECT_NE(text.find("events_total{event=\"pod_deleted\"} 0\n"), std::string::npos);
}

// A NUL byte, or 48 K, in a value begins a new journal entry: journald marks the one before.
TEST(Hostile, WhatJournaldCutIsNoEvent) {
  PipelineOptions options;
  options.zone.timezone = "UTC";
  Pipeline pipeline(options);
  LogLine line;
  const std::string first = At(1, R"("Probe failed" pod="a/b" output=<)");
  const std::string forged = At(2, kForged);
  line.text = first;
  pipeline.Push(line);
  line.text = forged;
  line.continues_previous = true;
  pipeline.Push(line);
  pipeline.Finish();
  EXPECT_EQ(pipeline.tracker().counts().started, 0u);
}

TEST(Hostile, AHundredThousandLabelValuesStayWithinTheBound) {
  PipelineOptions options;
  options.zone.timezone = "UTC";
  Pipeline pipeline(options);
  const auto push = [&](const std::string& text) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  };
  for (int i = 0; i < 100'000; ++i) {
    const std::string n = std::to_string(i);
    const std::string pod = "ns-" + n + "/web-" + n + (i % 7 == 0 ? "\xff\n\"" : "");
    const std::string uid = "00000000-0000-4000-8000-" + std::string(12 - n.size(), '0') + n;
    push(At(i / 1000.0, SyncLoop("DELETE", pod)));
    push(At(i / 1000.0, "UnmountVolume.TearDown succeeded for volume \"kubernetes.io/csi/" + n +
                            "^v\" "
                            "(OuterVolumeSpecName: \"v\") pod \"" +
                            uid + "\" (UID: \"" + uid +
                            "\"). InnerVolumeSpecName \"v\". PluginName \"evil.example.com/" + n +
                            "\", VolumeGidValue \"\""));
    push(At(i / 1000.0, "\"Kubelet version\" kubeletVersion=\"v1." + n + "\""));
    push(At(i / 1000.0, "\"Skipping pod synchronization\" err=\"reason " + n + "\""));
  }
  pipeline.Idle(*ParseTimestamp("2026-11-23T12:00:00Z"));
  const std::string text = Exposition(pipeline);
  EXPECT_LT(Series(text), 2000u);
  for (const char bad : {'\xff', '\0', '\r'}) EXPECT_EQ(text.find(bad), std::string::npos);
  EXPECT_LE(pipeline.tracker().counts().in_flight, 20'000u);
  EXPECT_LE(pipeline.tracker().tracked_pods(), 22'000u);
}

// What no log is known to do, and none can go beyond.
TEST(Hostile, EveryValueOfEveryLabelAtOnceStaysWithinTheBound) {
  MetricSet metrics;
  const Timestamp begun{};
  const Duration took = std::chrono::seconds(1);
  for (int trigger = 0; trigger < kTriggerCount; ++trigger) {
    for (int precision = 0; precision < kPrecisionCount; ++precision) {
      TerminationRecord record;
      record.trigger = static_cast<Trigger>(trigger);
      record.termination_precision = static_cast<Precision>(precision);
      record.requested_at = begun;
      record.terminated_at = record.removed_at = begun + took;
      record.grace_granted = 30;
      record.grace_used = took;
      for (const Outcome outcome : {Outcome::kGraceful, Outcome::kKilled}) {
        ContainerRecord container;
        container.kill_started_at = begun;
        container.exited_at = begun + took;
        container.outcome = outcome;
        container.precision = record.termination_precision;
        container.prestop = took;
        container.prestop_outcome = static_cast<HookOutcome>(precision + 1);
        record.containers.push_back(container);
      }
      metrics.ObserveStopped(record);
      metrics.ObserveEnded(record);
    }
  }
  for (int i = 0; i < kPhaseCount * kPrecisionCount; ++i) {
    metrics.ObservePhase(static_cast<Phase>(i % kPhaseCount),
                         static_cast<Precision>(i / kPhaseCount), took);
  }
  for (const auto step : {"volumes", "sandbox", "containers", "ready", "total", "image_pull"}) {
    metrics.ObserveStartup(step, took);
  }
  for (int i = 0; i < 100; ++i) {
    const std::string plugin = "kubernetes.io/" + std::to_string(i);
    for (const auto operation : {"unmount", "unmount_device"}) {
      metrics.ObserveUnmount(plugin, operation, took);
    }
    for (const Reason reason : kReasons) {
      metrics.CountFailure(Phase::kUnmountVolumes, reason, plugin);
    }
  }
  std::vector<InFlightPod> pods;
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    for (const Reason reason : kReasons) {
      metrics.CountFailure(static_cast<Phase>(phase), reason, "kubernetes.io/0");
      InFlightPod& pod = pods.emplace_back(InFlightPod{"ns", "web", {}});
      pod.current.phase = static_cast<Phase>(phase);
      pod.current.reason = reason;
      pod.current.overdue = took;
    }
  }
  metrics.SetInFlight(pods);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, metrics.Collect());
  EXPECT_LT(Series(text.str()), 1990u);  // with those of the process itself under 2,000
  EXPECT_NE(text.str().find("_bucket{precision=\"other\",trigger=\"other\",le="),
            std::string::npos);
}

}  // namespace
}  // namespace kle
