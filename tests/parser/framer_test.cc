// SPDX-License-Identifier: Apache-2.0
#include "parser/framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kle {
namespace {

// Lines in, records out; each record as its text, copied.
struct Framed {
  std::vector<std::string> records;
  std::vector<Frame> frames;
  std::string formats;  // one letter a line: t text, j json, o other, c continuation
};

void Take(std::optional<Frame> frame, Framed& out) {
  if (!frame) return;
  out.records.emplace_back(frame->text);
  out.frames.push_back(*frame);
}

void PushLine(Framer& framer, const LogLine& line, Framed& out) {
  Take(framer.Push(line), out);
  switch (framer.last_line_format()) {
    case LineFormat::kKlogText:
      out.formats += 't';
      break;
    case LineFormat::kKlogJson:
      out.formats += 'j';
      break;
    case LineFormat::kOther:
      out.formats += 'o';
      break;
    case LineFormat::kContinuation:
      out.formats += 'c';
      break;
    case LineFormat::kRuntime:
      out.formats += 'r';
      break;
    case LineFormat::kKernel:
      out.formats += 'k';
      break;
    case LineFormat::kCollector:
      out.formats += 'l';
      break;
  }
}

void Drain(Framer& framer, Framed& out) {
  while (auto frame = framer.Flush()) Take(frame, out);
}

LogLine Line(std::string_view text, uint64_t stream = 0, bool continues = false) {
  LogLine line;
  line.text = text;
  line.stream = stream;
  line.continues_previous = continues;
  return line;
}

Framed FrameLines(const std::vector<std::string>& lines) {
  Framer framer;
  Framed out;
  for (const std::string& line : lines) PushLine(framer, Line(line), out);
  Drain(framer, out);
  return out;
}

using Lines = std::vector<std::string>;

const std::string kA = "I1123 23:01:26.161509   28696 kubelet.go:1987] \"A\"";
const std::string kB = "I1123 23:01:26.161533   28696 pod_workers.go:636] \"B\" pod=\"ns/b\"";
const std::string kJson = R"({"ts":1795475487205.2107,"caller":"a/b.go:1","msg":"A","v":2})";

const std::string kContainerd = R"(time="2026-11-23T23:31:27Z" level=info msg="starting")";

struct WrapperCase {
  std::string name;
  std::string line;
  std::string text;      // "" when the line is no record
  std::string received;  // "" when the wrapper tells none
  uint64_t pid;
};

class WrapperTest : public testing::TestWithParam<WrapperCase> {};

TEST_P(WrapperTest, IsStripped) {
  const WrapperCase& row = GetParam();
  const Framed out = FrameLines({row.line});
  if (row.text.empty()) {
    EXPECT_EQ(out.records, Lines{});
    EXPECT_EQ(out.formats, "o");
    return;
  }
  ASSERT_EQ(out.records, Lines{row.text});
  EXPECT_EQ(out.frames[0].pid, row.pid);
  const auto received = out.frames[0].received;
  EXPECT_EQ(received ? FormatTimestamp(*received) : "", row.received);
}

// What a container printed may stand in a klog block, each line behind a TAB: no wrapper may make a
// record of it, wherever reading began.
TEST(Framer, NoWrapperIsLookedForBehindATab) {
  const std::string forged[] = {"\tMESSAGE=" + kB,
                                "\tkubelet[812]: " + kB,
                                "\tkubelet: " + kB,
                                "\tlog:" + kB,
                                "\t17-" + kB,
                                "\t\"MESSAGE\" : \"" + kA + "\",",
                                "\tNov 23 23:01:26 h kubelet[1]: " + kB,
                                "\t2026-11-23T23:01:26Z h kubelet[1]: " + kB};
  const std::string opens = kA + " err=<";
  for (const std::string& line : forged) {
    EXPECT_EQ(FrameLines({opens, line, " >"}).records, Lines{opens + "\n" + line + "\n >"}) << line;
    const std::string wrapper = "Nov 23 23:01:26 h kubelet[812]: ";
    EXPECT_EQ(FrameLines({wrapper + opens, wrapper + line, wrapper + " >"}).records,
              Lines{opens + "\n" + line + "\n >"})
        << line;
    EXPECT_EQ(FrameLines({wrapper + line}).records, Lines{}) << line;
    Framer framer;
    Framed vouched;
    LogLine first = Line(line);
    first.writer = LogWriter::kKubelet;
    PushLine(framer, first, vouched);
    Drain(framer, vouched);
    EXPECT_EQ(vouched.records, Lines{}) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, WrapperTest,
    testing::Values(
        WrapperCase{"Bare", kA, kA, "", 0}, WrapperCase{"BareJson", kJson, kJson, "", 0},
        WrapperCase{"CarriageReturn", kA + "\r", kA, "", 0},
        WrapperCase{"Syslog", "Nov 23 23:01:26 host kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"SyslogOneDigitDay", "Nov  3 23:01:26 h-1.a.b kubelet[812]: " + kA, kA, "",
                    812},
        WrapperCase{"SyslogFraction", "Nov 23 23:01:26.161509 host kubelet[8]: " + kA, kA, "", 8},
        WrapperCase{"SyslogNoPid", "Nov 23 23:01:26 host kubelet: " + kA, kA, "", 0},
        WrapperCase{"SyslogNoHost", "Nov 23 23:01:26 kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"SyslogIpv6Host", "Nov 23 23:01:26 fe80::1 kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"SyslogJson", "Nov 23 23:01:26 host kubelet[8]: " + kJson, kJson, "", 8},
        WrapperCase{"Hyperkube", "Nov 23 23:01:26 h hyperkube[1]: " + kA, kA, "", 1},
        WrapperCase{"OpenShift", "Nov 23 23:01:26 h kubenswrapper[1]: " + kA, kA, "", 1},
        WrapperCase{"K3s", "Nov 23 23:01:26 h k3s[1]: " + kA, kA, "", 1},
        WrapperCase{"KubeEdge", "Nov 23 23:01:26 h edgecore[1]: " + kA, kA, "", 1},
        WrapperCase{"Microk8s", "Nov 23 23:01:26 h microk8s.daemon-kubelite[1]: " + kA, kA, "", 1},
        WrapperCase{"Sshd", "Nov 23 23:01:26 h sshd[1]: " + kA, "", "", 0},
        WrapperCase{"KubeProxy", "Nov 23 23:01:26 h kube-proxy[1]: " + kA, "", "", 0},
        WrapperCase{"SyslogInChinese", "2月 07 23:01:26 h kubelet[1]: " + kA, kA, "", 1},
        WrapperCase{"SyslogInJapanese", " 2月 07 23:01:26 h kubelet[1]: " + kA, kA, "", 1},
        WrapperCase{"SyslogInFrench", "févr. 07 23:01:26 h kubelet[1]: " + kA, kA, "", 1},
        WrapperCase{"SyslogNoMonth", "23 23 23:01:26 h kubelet[1]: " + kA, "", "", 0},
        WrapperCase{"SyslogNoDay", "Nov 23:01:26 h kubelet[1]: " + kA, "", "", 0},
        WrapperCase{"SyslogNoClock", "Nov 23 23-01-26 h kubelet[1]: " + kA, "", "", 0},
        WrapperCase{"Full", "Mon 2026-11-23 23:01:26 UTC host kubelet[812]: " + kA, kA,
                    "2026-11-23T23:01:26.000000Z", 812},
        WrapperCase{"FullOtherZone", "Mo 2026-11-23 23:01:26 CET host kubelet[812]: " + kA, kA, "",
                    812},
        WrapperCase{"FullNoZone", "2026-11-23 23:01:26.5 host kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"WithUnit", "Mon 2026-11-23 23:01:26 UTC host kubelet.service[812]: " + kA, kA,
                    "2026-11-23T23:01:26.000000Z", 812},
        WrapperCase{"FullAlone", "2026-11-23 23:01:26 UTC " + kA, kA, "2026-11-23T23:01:26.000000Z",
                    0},
        WrapperCase{"SyslogDateAlone", "Nov 23 23:01:26 " + kA, kA, "", 0},
        WrapperCase{"FullOfAnother", "Mon 2026-11-23 23:01:26 UTC host sshd[812]: " + kA, "", "",
                    0},
        WrapperCase{"Unix", "1795474886.161509 host kubelet[812]: " + kA, kA,
                    "2026-11-23T23:01:26.161509Z", 812},
        WrapperCase{"UnixOfAnother", "1795474886.161509 host sshd[812]: " + kA, "", "", 0},
        WrapperCase{"UnixSecondsOnly", "1795474886 host kubelet[812]: " + kA, "", "", 0},
        WrapperCase{"Monotonic", "[ 1234.567890] host kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"Delta", "[ 1234.567890 <    0.000123 >] host kubelet[812]: " + kA, kA, "",
                    812},
        WrapperCase{"NotMonotonic", "[kubelet] host kubelet[812]: " + kA, "", "", 0},
        WrapperCase{"SyslogProtocol",
                    "<30>1 2026-11-23T23:01:26.161509Z host kubelet 812 - [a b=\"c d\"] " + kA, kA,
                    "2026-11-23T23:01:26.161509Z", 812},
        WrapperCase{"SyslogProtocolNoPid", "<30>1 2026-11-23T23:01:26Z host kubelet - - - " + kA,
                    kA, "2026-11-23T23:01:26.000000Z", 0},
        WrapperCase{"SyslogProtocolOfAnother", "<30>1 2026-11-23T23:01:26Z host sshd 812 - - " + kA,
                    "", "", 0},
        WrapperCase{"SyslogProtocolCut", "<30>1 2026-11-23T23:01:26Z host kubelet 812", "", "", 0},
        WrapperCase{"JournalJson",
                    R"({"_PID":"812","MESSAGE":"I1123 23:01:26.161509   28696 kubelet.go:1987] )"
                    R"(\"A\"","__REALTIME_TIMESTAMP":"1795474886161509","_SYSTEMD_UNIT":)"
                    R"("kubelet.service"})",
                    kA, "2026-11-23T23:01:26.161509Z", 812},
        WrapperCase{"JournalJsonOfNoTime",
                    R"({"MESSAGE":"I1123 23:01:26.161509   28696 kubelet.go:1987] \"A\"",)"
                    R"("__REALTIME_TIMESTAMP":"9223372036854775808"})",
                    kA, "", 0},
        WrapperCase{"JournalJsonSpaced",
                    "\x1e"
                    R"({ "SYSLOG_IDENTIFIER" : "kubelet", "MESSAGE" : "I1123 23:01:26.161509 )"
                    R"(  28696 kubelet.go:1987] \"A\"" })",
                    kA, "", 0},
        WrapperCase{"JournalJsonEvents",
                    R"(data: {"MESSAGE":"I1123 23:01:26.161509   28696 kubelet.go:1987] \"A\""})",
                    kA, "", 0},
        WrapperCase{
            "JournalJsonOfAnother",
            R"({"SYSLOG_IDENTIFIER":"sshd","MESSAGE":"I1123 23:01:26.161509   28696 a.go:1] )"
            R"(\"A\""})",
            "", "", 0},
        WrapperCase{"JournalJsonOfTheUnitWhateverItsName",
                    R"({"SYSLOG_IDENTIFIER":"bash","_SYSTEMD_UNIT":"kubelet.service","MESSAGE":)"
                    R"("I1123 23:01:26.161509   28696 kubelet.go:1987] \"A\""})",
                    kA, "", 0},
        WrapperCase{"JournalJsonOfBytes",
                    R"({"MESSAGE":[73,49,49,50,51,32,50,51,58,48,49,58,50,54,46,49,54,49,53,48,57,)"
                    R"(32,32,32,50,56,54,57,54,32,97,46,103,111,58,49,93,32,66]})",
                    "I1123 23:01:26.161509   28696 a.go:1] B", "", 0},
        WrapperCase{"JournalJsonNoText", R"({"MESSAGE":null,"_PID":"812"})", "", "", 0},
        WrapperCase{"JournalExport", "MESSAGE=" + kA, kA, "", 0},
        WrapperCase{"JournalVerbose", "    MESSAGE=" + kA, kA, "", 0},
        WrapperCase{"JournalPretty",
                    "\t"
                    R"("MESSAGE" : "I1123 23:01:26.161509   28696 kubelet.go:1987] \"A\"",)",
                    kA, "", 0},
        WrapperCase{"JournalExportOfAnother", "MESSAGE=Accepted publickey", "", "", 0},
        WrapperCase{"NameAlone", "kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"NameAloneNoPid", "kubelet: " + kA, kA, "", 0},
        WrapperCase{"NameAndHost", "host kubelet[812]: " + kJson, kJson, "", 812},
        WrapperCase{"NameOfAnother", "sshd[812]: " + kA, "", "", 0},
        WrapperCase{"NameBeforeNoRecord", "kernel: oom-kill:constraint=CONSTRAINT_MEMCG", "", "",
                    0},
        WrapperCase{"Grep", "/var/log/kubelet.log:" + kA, kA, "", 0},
        WrapperCase{"GrepNumbered", "kubelet-1.log:17:" + kA, kA, "", 0},
        WrapperCase{"GrepNear", "kubelet-1.log-17-" + kA, kA, "", 0},
        WrapperCase{"GrepSyslog", "messages:Nov 23 23:01:26 host kubelet[812]: " + kA, kA, "", 812},
        WrapperCase{"GrepIso", "log:17:2026-11-23T23:01:26Z host kubelet[812]: " + kA, kA,
                    "2026-11-23T23:01:26.000000Z", 812},
        WrapperCase{"NoGrep", "a word:" + kA, "", "", 0},
        WrapperCase{"Iso", "2026-11-23T23:01:26.161509+0000 host kubelet[812]: " + kA, kA,
                    "2026-11-23T23:01:26.161509Z", 812},
        WrapperCase{"IsoColon", "2026-11-23T23:01:26+02:00 host kubelet[812]: " + kA, kA,
                    "2026-11-23T21:01:26.000000Z", 812},
        WrapperCase{"IsoOther", "2026-11-23T23:01:26Z host cron[812]: " + kA, "", "", 0},
        WrapperCase{"Stamped", "2026-11-23T23:01:26.161509123Z " + kA, kA,
                    "2026-11-23T23:01:26.161509Z", 0},
        WrapperCase{"Priority", "<6>" + kA, kA, "", 0},
        WrapperCase{"PriorityAndSyslog", "<30>Nov 23 23:01:26 h kubelet[2]: " + kA, kA, "", 2},
        WrapperCase{"Cri", "2026-11-23T23:01:26.161509123Z stderr F " + kA, kA,
                    "2026-11-23T23:01:26.161509Z", 0},
        WrapperCase{"Docker",
                    R"({"log":"I1123 23:01:26.161509   28696 k.go:1] \"A\" x=\u003cnil\u003e\n",)"
                    R"("stream":"stderr","time":"2026-11-23T23:01:26.161509123Z"})",
                    "I1123 23:01:26.161509   28696 k.go:1] \"A\" x=<nil>",
                    "2026-11-23T23:01:26.161509Z", 0},
        WrapperCase{"DockerJson",
                    R"({"log":"{\"ts\":1795475487205.2,\"msg\":\"A\"}\n","stream":"stderr"})",
                    R"({"ts":1795475487205.2,"msg":"A"})", "", 0},
        WrapperCase{"K0s",
                    R"(time="2024-07-08 08:46:26" level=info msg="I0708 08:46:26.112550    1814 )"
                    R"(file.go:1] \"A\" err=\"say \\\"x\\\"\"" component=kubelet stream=stderr)",
                    R"(I0708 08:46:26.112550    1814 file.go:1] "A" err="say \"x\"")", "", 0},
        WrapperCase{"K0sUnderSyslog",
                    R"(Jul  8 08:46:26 n k0s[9]: time="2024-07-08 08:46:26" level=info )"
                    R"(msg="I0708 08:46:26.112550    1814 file.go:1] \"A\"" component=kubelet)",
                    R"(I0708 08:46:26.112550    1814 file.go:1] "A")", "", 9},
        WrapperCase{"K0sOther",
                    R"(time="2024-07-08 08:46:26" level=info msg="I0708 08:46:26.112550    1814 )"
                    R"(file.go:1] \"A\"" component=kube-apiserver stream=stderr)",
                    "", "", 0},
        WrapperCase{"Containerd", kContainerd, kContainerd, "", 0},
        WrapperCase{"ContainerdOfKubelet", "Nov 23 23:01:26 h kubelet[1]: " + kContainerd, "", "",
                    0},
        WrapperCase{"MicroShift", "kubelet " + kA, kA, "", 0},
        WrapperCase{"MicroShiftUnnamed", "??? " + kA, kA, "", 0},
        WrapperCase{"MicroShiftJournal", "Aug 21 10:00:00 h microshift[7]: kubelet " + kA, kA, "",
                    7},
        WrapperCase{"MicroShiftOther", "kube-apiserver " + kA, "", "", 0},
        WrapperCase{"Headerless", R"("SyncLoop DELETE" source="api" pods=[ns/a])", "", "", 0},
        WrapperCase{"Flag", "Flag --cgroup-driver has been deprecated, x", "", "", 0},
        WrapperCase{"Empty", "", "", "", 0}, WrapperCase{"Nul", std::string(64, '\0'), "", "", 0}),
    [](const auto& row) { return row.param.name; });

struct JoinCase {
  std::string name;
  Lines lines;
  Lines records;
  std::string formats;
};

class JoinTest : public testing::TestWithParam<JoinCase> {};

TEST_P(JoinTest, GivesRecords) {
  const Framed out = FrameLines(GetParam().lines);
  EXPECT_EQ(out.records, GetParam().records);
  EXPECT_EQ(out.formats, GetParam().formats);
}

const std::string kBlock = kA + " err=<";
const std::string kPrefix = "Nov 23 23:01:26 host kubelet[812]: ";

INSTANTIATE_TEST_SUITE_P(
    Forms, JoinTest,
    testing::Values(
        JoinCase{"SingleLines", {kA, kB}, {kA, kB}, "tt"},
        JoinCase{"PlainLinesContinue",
                 {kA, "Output: busy", "", kB},
                 {kA + "\nOutput: busy\n", kB},
                 "tcct"},
        JoinCase{"FlagsBeforeTheFirstHeader", {"Flag --a", "plain", kA}, {kA}, "oot"},
        JoinCase{
            "FlagsOfARestartContinueNothing", {kA, "Flag --a has been", "x", kB}, {kA, kB}, "toot"},
        JoinCase{"Block",
                 {kBlock, "\tone", "\ttwo", " > pod=\"ns/a\"", kB},
                 {kBlock + "\n\tone\n\ttwo\n > pod=\"ns/a\"", kB},
                 "tccct"},
        JoinCase{"TabbedHeaderIsData",
                 {kBlock, "\t" + kB, " >", kB},
                 {kBlock + "\n\t" + kB + "\n >", kB},
                 "tcct"},
        JoinCase{"JsonInsideABlockIsData",
                 {kBlock, kJson, " >", kB},
                 {kBlock + "\n" + kJson + "\n >", kB},
                 "tcct"},
        JoinCase{"JsonAfterABlockIsARecord",
                 {kBlock, "\tx", " >", kJson},
                 {kBlock + "\n\tx\n >", kJson},
                 "tccj"},
        JoinCase{"SecondBlockOnTheClosingLine",
                 {kBlock, "\tx", " > b=<", kJson, " >", kJson},
                 {kBlock + "\n\tx\n > b=<\n" + kJson + "\n >", kJson},
                 "tccccj"},
        JoinCase{
            "EndlessBlockEndsAtAHeader", {kBlock, "\tone", kB}, {kBlock + "\n\tone", kB}, "tct"},
        JoinCase{
            "JsonTakesNoPlainLines", {kJson, "plain", "\ttabbed", kJson}, {kJson, kJson}, "jooj"},
        JoinCase{"SyslogContinuation",
                 {kPrefix + kBlock, kPrefix + "#011one", kPrefix + " > b=1", kPrefix + kB},
                 {kBlock + "\n\tone\n > b=1", kB},
                 "tcct"},
        JoinCase{"EscapedNewlineIsNotUndone",
                 {kPrefix + kA + " #012 > b=1 issue #17"},
                 {kA + " #012 > b=1 issue #17"},
                 "t"},
        JoinCase{"OtherProgramsBetween",
                 {kPrefix + kBlock, "Nov 23 23:01:26 host sshd[812]: \tno", kPrefix + "\tone",
                  "Nov 23 23:01:27 host kubelet[813]: " + kB, kPrefix + " >"},
                 {kBlock + "\n\tone\n >", kB},
                 "toctc"},
        JoinCase{"MicroShiftOtherComponentEndsTheRecord",
                 {"kubelet " + kA, "kube-apiserver " + kB, "its trace", "kubelet " + kB},
                 {kA, kB},
                 "toot"},
        JoinCase{"CriPartial",
                 {"2026-11-23T23:01:26Z stderr P " + kA.substr(0, 30),
                  "2026-11-23T23:01:26Z stderr P " + kA.substr(30, 5),
                  "2026-11-23T23:01:26Z stderr F " + kA.substr(35),
                  "2026-11-23T23:01:26Z stderr F " + kB},
                 {kA, kB},
                 "tcct"},
        JoinCase{"CriPartialLooksLikeAHeader",
                 {"2026-11-23T23:01:26Z stderr P " + kA, "2026-11-23T23:01:26Z stderr F " + kB},
                 {kA + kB},
                 "tc"},
        JoinCase{"DockerPartial",
                 {R"({"log":"I1123 23:01:26.161509   1 k.go:1] \"A","stream":"stderr"})",
                  R"({"log":"B\"\n","stream":"stderr"})"},
                 {R"(I1123 23:01:26.161509   1 k.go:1] "AB")"},
                 "tc"}),
    [](const auto& row) { return row.param.name; });

TEST(FramerForgeryTest, ContinuedEntryIsNeverARecord) {
  // klog's block with a NUL in it: journald makes a new entry of what follows, at column 0.
  Framer framer;
  Framed out;
  PushLine(framer, Line(kA + " output=<", 7), out);
  PushLine(framer, Line("\tx", 7), out);
  PushLine(framer, Line(kB, 7, true), out);
  PushLine(framer, Line(kJson, 7, true), out);
  PushLine(framer, Line(" >", 7), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, Lines{kA + " output=<\n\tx" + kB + kJson + "\n >"});
  EXPECT_EQ(out.formats, "tcccc");
}

TEST(FramerForgeryTest, ContinuationOfNothingIsDropped) {
  Framer framer;
  Framed out;
  PushLine(framer, Line(kA, 7, true), out);
  PushLine(framer, Line("plain", 7), out);
  PushLine(framer, Line(kB, 7, true), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, Lines{});
  EXPECT_EQ(out.formats, "coc");
}

TEST(FramerForgeryTest, ContinuationOfAnUnrelatedLineDoesNotReachTheRecord) {
  Framer framer;
  Framed out;
  PushLine(framer, Line(kJson, 7), out);
  PushLine(framer, Line("plain and very long", 7), out);
  PushLine(framer, Line(kB, 7, true), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, Lines{kJson});
}

TEST(FramerTest, LineCutByJournaldIsWholeAgain) {
  Framer framer;
  Framed out;
  PushLine(framer, Line(kJson.substr(0, 40), 7), out);
  PushLine(framer, Line("I1123 unrelated", 8), out);
  PushLine(framer, Line(kJson.substr(40), 7, true), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, Lines{kJson});
}

TEST(FramerTest, StreamsDoNotMix) {
  Framer framer;
  Framed out;
  PushLine(framer, Line(kA, 1), out);
  PushLine(framer, Line(kB, 2), out);
  PushLine(framer, Line("of a", 1), out);
  PushLine(framer, Line("of b", 2), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, (Lines{kA + "\nof a", kB + "\nof b"}));
}

TEST(FramerTest, ManyStreamsGiveBackTheOldest) {
  Framer framer;
  Framed out;
  for (uint64_t stream = 0; stream < 200; ++stream) PushLine(framer, Line(kA, stream), out);
  EXPECT_EQ(out.records.size(), 200U - 64U);
  Drain(framer, out);
  EXPECT_EQ(out.records.size(), 200U);
}

TEST(FramerTest, FlushedRecordTakesNoMoreLines) {
  Framer framer;
  Framed out;
  PushLine(framer, Line(kA), out);
  Drain(framer, out);
  PushLine(framer, Line("late"), out);
  PushLine(framer, Line(kB), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, (Lines{kA, kB}));
  EXPECT_EQ(out.formats, "tct");
}

TEST(FramerTest, LongRecordsAreCutAndCountedOnce) {
  Framer::Limits limits;
  limits.record_bytes = 100;
  Framer framer(limits);
  Framed out;
  PushLine(framer, Line(kA), out);
  for (int i = 0; i < 50; ++i) PushLine(framer, Line("0123456789"), out);
  PushLine(framer, Line(kB + std::string(1000, 'x')), out);
  PushLine(framer, Line(kA), out);
  Drain(framer, out);
  ASSERT_EQ(out.records.size(), 3U);
  EXPECT_EQ(out.records[0].size(), 100U);
  EXPECT_EQ(out.records[1].size(), 100U);
  EXPECT_EQ(out.records[2], kA);
  EXPECT_EQ(framer.truncated(), 2U);
}

TEST(FramerTest, AllRecordsHeldHaveABoundTogether) {
  Framer::Limits limits;
  limits.record_bytes = 100;
  Framer framer(limits);
  Framed out;
  for (uint64_t stream = 0; stream < 60; ++stream) {
    PushLine(framer, Line(kA + std::string(100 - kA.size(), 'x'), stream), out);
  }
  Drain(framer, out);
  size_t held = 0;
  for (const std::string& record : out.records) held += record.size();
  EXPECT_EQ(out.records.size(), 60U);
  EXPECT_EQ(held, 1600U);
  EXPECT_EQ(framer.truncated(), 44U);
}

TEST(FramerTest, SourceKnowsBetterThanTheWrapper) {
  Framer framer;
  Framed out;
  const std::string text = "2026-11-23T23:01:26Z host kubelet[812]: " + kA;
  LogLine line = Line(text);
  line.received = ParseTimestamp("2026-11-24T00:00:00Z");
  line.pid = 9;
  line.boot = 3;
  line.monotonic = Duration(5);
  PushLine(framer, line, out);
  Drain(framer, out);
  ASSERT_EQ(out.frames.size(), 1U);
  EXPECT_EQ(out.frames[0].received, line.received);
  EXPECT_EQ(out.frames[0].pid, 9U);
  EXPECT_EQ(out.frames[0].boot, 3U);
  EXPECT_EQ(out.frames[0].monotonic, line.monotonic);
}

// Of a kubelet that was restarted: nothing of that process comes that could end it.
TEST(Framer, TheLastRecordOfAProcessThatEnded) {
  const std::string old = "I1123 10:00:22.700000    4321 kubelet.go:1] last of 4321";
  const std::string fresh = "I1123 10:00:34.000000    7407 kubelet.go:1] first of 7407";
  for (const std::string in : {"kubelet[", ""}) {
    Framer framer;
    Framed out;
    const auto push = [&](std::string_view time, std::string_view pid, const std::string& text) {
      LogLine line;
      const std::string wrapped = "2026-11-23T10:00:" + std::string(time) + "+00:00 node-1 " + in +
                                  std::string(pid) + "]: " + text;
      line.text = in.empty() ? text : wrapped;
      line.stream = in.empty() ? pid.size() + static_cast<unsigned char>(pid.front()) : 0;
      if (in.empty()) line.received = ParseTimestamp("2026-11-23T10:00:" + std::string(time) + "Z");
      PushLine(framer, line, out);
    };
    for (const std::string_view later : {"34.000001", "04.000001"}) {  // the clock was set back
      framer = Framer();
      out = Framed();
      push("22.700001", "4321", old);
      push(later, "7407", fresh);
      EXPECT_EQ(out.records, std::vector<std::string>{old}) << in << later;
    }
  }
}

// Syslog's dates have no year: what tells is that the program has another process.
TEST(Framer, TheLastRecordOfAProcessThatEndedWithoutAYear) {
  const std::string host = "Nov 23 23:01:26 node-1 ";
  Framer framer;
  Framed out;
  for (const std::string_view from : {"kubelet[1]: ", "k3s[2]: ", "kubelet[3]: "}) {
    PushLine(framer, Line(host + std::string(from) + kA), out);
  }
  EXPECT_EQ(out.records, Lines{kA}) << "the other program may still go on";
  for (const std::string_view from : {"kubelet[1]: ", "kubelet[3]: "}) {
    PushLine(framer, Line(host + std::string(from) + kB), out);
    PushLine(framer, Line(host + std::string(from) + " of b"), out);
  }
  PushLine(framer, Line(host + "kubelet[1]: and more"), out);
  Drain(framer, out);
  EXPECT_EQ(out.records, (Lines{kA, kA, kA, kB + "\n of b\nand more", kB + "\n of b"}))
      << "two that run side by side";
}

TEST(Framer, TheUptimeOfASavedJournal) {
  const auto entry = [](std::string_view micros, std::string_view boot, const std::string& text) {
    return R"({"__MONOTONIC_TIMESTAMP":")" + std::string(micros) + R"(","_BOOT_ID":")" +
           std::string(boot) + R"(","_PID":"1","MESSAGE":")" + text + R"("})";
  };
  const std::string line = "I1123 23:01:26.161509   28696 kubelet.go:1987] A";
  const std::string runtime = R"(time=\"2026-11-23T23:31:27Z\" level=info msg=\"starting\")";
  const Framed out = FrameLines({entry("5", "aa", line), entry("7", "aa", line),
                                 entry("1", "bb", line), entry("2", "bb", runtime)});
  ASSERT_EQ(out.frames.size(), 4U);
  std::vector<std::pair<Duration, uint32_t>> found;
  for (const Frame& frame : out.frames) found.emplace_back(frame.monotonic.value(), frame.boot);
  using Wanted = std::vector<std::pair<Duration, uint32_t>>;
  EXPECT_EQ(found, (Wanted{{Duration(5), 0}, {Duration(7), 0}, {Duration(2), 1}, {Duration(1), 1}}))
      << "a runtime's record is never held back";
}

}  // namespace
}  // namespace kle
