// SPDX-License-Identifier: Apache-2.0
// Files that nothing is added to are read by MESSAGE alone where that is enough: nothing that a
// line carries may differ from what a folder that is followed gives.
#include <gtest/gtest.h>

#include <tuple>

#include "journal_writer.h"

namespace kle {
namespace {

constexpr const char* kDocker = "docker.service";
constexpr const char* kDropped = "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e";

using Taken = std::tuple<std::string, std::optional<Timestamp>, std::optional<Duration>, uint32_t,
                         uint64_t, uint64_t, bool, LogWriter>;

std::string Klog(int second, int pid, std::string_view message) {
  char header[64];
  std::snprintf(header, sizeof header, "I1123 10:00:%02d.000000 %7d kubelet.go:1] \"", second, pid);
  return header + std::string(message) + "\"";
}

class SettledJournal : public JournalTest {
 protected:
  static std::vector<Taken> ReadAll(JournalOptions options, JournalPart part) {
    options.part = part;
    auto source = JournalSource::Open(std::move(options));
    EXPECT_TRUE(source);
    std::vector<Taken> taken;
    LogLine line;
    while (source) {
      const ReadStatus status = *(*source)->Next(line, milliseconds(0));
      if (status == ReadStatus::kGap) taken.push_back({"(gap)", {}, {}, 0, 0, 0, false, {}});
      if (status == ReadStatus::kIdle || status == ReadStatus::kEnd) break;
      if (status != ReadStatus::kLine) continue;
      // Of a runtime's whole lines nobody asks for the stream or the process.
      const bool runtime = line.writer == LogWriter::kRuntime;
      taken.push_back({std::string(line.text), line.received, line.monotonic, line.boot,
                       runtime ? 0 : line.pid, runtime ? 0 : line.stream, line.continues_previous,
                       line.writer});
    }
    return taken;
  }

  // As files and as a folder; equal, or the test fails.
  std::vector<Taken> Both(const std::string& file, JournalPart part = JournalPart::kKubelet) {
    auto taken = ReadAll({"", {file}, {}, StartAt::kAll}, part);
    EXPECT_EQ(taken, ReadAll({folder_.path(), {}, {}, StartAt::kAll}, part));
    return taken;
  }

  static Entry At(int second, std::string message, int pid = 812, const char* boot = kBootA) {
    return {std::move(message),
            kStart + static_cast<unsigned>(second),
            boot,
            "kubelet.service",
            {},
            pid,
            {"_TRANSPORT=stdout"}};
  }
};

TEST_F(SettledJournal, LinesCarryTheSame) {
  Entry dropped{"Suppressed 7 messages from kubelet.service", kStart + 9, kBootA,
                "systemd-journald.service"};
  dropped.fields = {kDropped, "N_DROPPED=7", "_TRANSPORT=driver"};
  const auto taken = Both(
      Write("a.journal",
            {At(0, Klog(0, 812, "one")), At(1, Klog(1, 812, "two")), At(2, "\tof two"),
             At(3, "mount.nfs: no", 900), At(4, Klog(4, 812, "three")), At(5, Klog(5, 812, "four")),
             At(6, Klog(6, 901, "another kubelet"), 901), At(7, Klog(7, 812, "five")),
             At(8, Klog(8, 901, "the other again"), 901), dropped, At(10, Klog(10, 812, "six")),
             At(11, "I1123 10:00"), At(12, Klog(12, 812, "of the next boot"), 77, kBootB),
             At(13, Klog(13, 812, "and one more"), 77, kBootB)}));
  ASSERT_EQ(taken.size(), 14U);
  EXPECT_EQ(std::get<0>(taken[9]), "(gap)");
  EXPECT_EQ(std::get<3>(taken[13]), 1U);
  EXPECT_EQ(std::get<4>(taken[13]), 77U);
}

std::string Json(int second, std::string_view message) {
  return "{\"ts\":" + std::to_string(1795428000 + second) + "000.5,\"caller\":\"kubelet/a.go:1\"," +
         "\"msg\":\"" + std::string(message) + "\",\"v\":2}";
}

// No line of JSON names its process; nor does what a kubelet prints without a header.
TEST_F(SettledJournal, LinesOfJsonCarryTheSame) {
  const std::vector<Entry> entries = {
      At(0, Json(0, "one")),       At(1, "Flag --x is deprecated"),
      At(2, Json(2, "two")),       At(3, "mount.nfs: no", 900),
      At(4, Json(4, "three")),     At(5, Json(5, "four"), 901),
      At(6, Json(6, "five"), 901), At(7, Json(7, "of the next boot"), 901, kBootB)};
  Entry dropped{"Suppressed 7 messages from kubelet.service", kStart + 8, kBootB,
                "systemd-journald.service"};
  dropped.fields = {kDropped, "N_DROPPED=7", "_TRANSPORT=driver"};
  for (const bool named : {true, false}) {
    for (const bool drops : {false, true}) {
      auto written = entries;
      if (drops) written.insert(written.end(), {dropped, At(9, Json(9, "six"), 901, kBootB)});
      for (Entry& entry : written) entry.stream = named;
      const std::string name = std::string(named ? "n" : "u") + (drops ? "d" : "w");
      const std::string folder = folder_.path() + "/" + name;
      std::filesystem::create_directory(folder);
      const std::string file = Write(name + "/a.journal", written);
      const auto taken = ReadAll({"", {file}, {}, StartAt::kAll}, JournalPart::kKubelet);
      EXPECT_EQ(taken, ReadAll({folder, {}, {}, StartAt::kAll}, JournalPart::kKubelet)) << name;
      ASSERT_EQ(taken.size(), drops ? 10U : 8U);
      EXPECT_EQ(std::get<4>(taken[2]), 812U);
      EXPECT_EQ(std::get<4>(taken[3]), 900U);
      EXPECT_EQ(std::get<4>(taken[6]), 901U);
      EXPECT_EQ(std::get<3>(taken[7]), 1U);
    }
  }
}

// Where the reader says that a line's time is enough, the line is of the process of the one before.
TEST_F(SettledJournal, AProcessOfJsonIsAskedForOnlyWhereItMayBeAnother) {
  const std::string file =
      Write("a.journal", {At(0, "Flag --x is deprecated"), At(1, Json(1, "Kubelet version")),
                          At(2, Json(2, "one")), At(3, Json(3, "two")), At(4, "mount.nfs: no", 900),
                          At(5, Json(5, "three")), At(6, Json(6, "noise"), 900),
                          At(7, Json(7, "four")), At(8, Json(8, "Kubelet version"), 901),
                          At(9, Json(9, "five"), 901), At(10, Json(10, "six"), 901)});
  auto source = JournalSource::Open({"", {file}, {}, StartAt::kAll});
  ASSERT_TRUE(source);
  (*source)->OfferFirst([](const LogLine& line) {
    if (line.text.find("noise") != line.text.npos) return Need::kNothing;
    return line.text.find("version") != line.text.npos ? Need::kAll : Need::kTime;
  });
  std::vector<uint64_t> pids;
  LogLine line;
  while (*(*source)->Next(line, milliseconds(0)) == ReadStatus::kLine) pids.push_back(line.pid);
  EXPECT_EQ(pids, (std::vector<uint64_t>{812, 812, 812, 812, 900, 812, 812, 901, 901, 901}));
}

TEST_F(SettledJournal, TheRestOfACutLineIsKnown) {
  Entry cut = At(1, Klog(1, 812, "cut"));
  cut.line_break = "line-max";
  const auto taken =
      Both(Write("a.journal", {At(0, Klog(0, 812, "one")), cut, At(2, Klog(2, 812, "forged")),
                               At(3, Klog(3, 812, "own"))}));
  ASSERT_EQ(taken.size(), 4U);
  EXPECT_FALSE(std::get<6>(taken[1]));
  EXPECT_TRUE(std::get<6>(taken[2]));
  EXPECT_FALSE(std::get<6>(taken[3]));
}

TEST_F(SettledJournal, ContainersWordsAreNotTheRuntimes) {
  const std::string line = R"(time="2026-11-23T10:00:00Z" level=info msg="a container's")";
  const auto entry = [&](int second, const std::string& transport) {
    Entry made = At(second, line);
    made.unit = kDocker;
    made.fields = {"_TRANSPORT=" + transport};
    return made;
  };
  const auto kernel = [&](int second) {
    Entry made = entry(second, "kernel");
    made.message = "Out of memory: Killed process 1";
    made.unit = "";
    return made;
  };
  EXPECT_EQ(Both(Write("a.journal", {entry(0, "stdout"), entry(1, "journal"), kernel(2),
                                     entry(3, "syslog"), entry(4, "stdout")}),
                 JournalPart::kRuntime)
                .size(),
            3U);
}

TEST_F(SettledJournal, RuntimesAndTheKernelsLinesCarryTheSame) {
  const auto entry = [&](int second, const std::string& transport, std::string text) {
    Entry made = At(second, std::move(text));
    made.unit = transport == "kernel" ? "" : kDocker;
    made.fields = {"_TRANSPORT=" + transport};
    return made;
  };
  const std::string logrus = R"(time="2026-11-23T10:00:00Z" level=info msg="one")";
  const auto taken = Both(
      Write("a.journal", {entry(0, "stdout", logrus), entry(1, "kernel", "oom-kill: x"),
                          entry(2, "stdout", logrus), entry(3, "stdout", R"({"level":"info"})")}),
      JournalPart::kRuntime);
  ASSERT_EQ(taken.size(), 4U);
  EXPECT_EQ(std::get<7>(taken[1]), LogWriter::kKernel);
  EXPECT_EQ(std::get<7>(taken[2]), LogWriter::kRuntime);
}

}  // namespace
}  // namespace kle
