// SPDX-License-Identifier: Apache-2.0
#include "parser/klog.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parser/framer.h"
#include "parser/skim.h"

namespace kle {
namespace {

ParseError Head(std::string_view text, Record& record) {
  Frame frame;
  frame.text = text;
  frame.pid = 5;
  return ParseHead(frame, record);
}

const std::string kHeader = "I1123 23:01:26.161509   28696 kubelet.go:1987] ";

// "key=value/form ..." of all fields.
std::string Dump(const Record& record) {
  const char kForms[] = {'s', 'b', 'g', 'j', 'r'};
  std::string out;
  for (const Field& field : record.fields) {
    if (!out.empty()) out += ' ';
    out.append(field.key).append("=").append(field.value).append("/");
    out += kForms[static_cast<size_t>(field.form)];
  }
  return out;
}

TEST(TextHeadTest, ReadsEveryPart) {
  Record record;
  const std::string line = "E0229 01:02:03.000004       7 dir/file.go:12] \"Msg\" a=1";
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  EXPECT_EQ(record.format, LineFormat::kKlogText);
  EXPECT_EQ(record.severity, Severity::kError);
  EXPECT_EQ(Letter(record.severity), 'E');
  EXPECT_EQ(record.pid, 7U);
  EXPECT_EQ(record.file, "dir/file.go");
  EXPECT_EQ(record.message, "Msg");
  EXPECT_TRUE(record.structured);
  EXPECT_EQ(record.level, -1);
  ASSERT_TRUE(record.stamp);
  EXPECT_EQ(record.stamp->month, 2);
  EXPECT_EQ(record.stamp->day, 29);
  EXPECT_EQ(record.stamp->hour, 1);
  EXPECT_EQ(record.stamp->minute, 2);
  EXPECT_EQ(record.stamp->second, 3);
  EXPECT_EQ(record.stamp->microsecond, 4U);
}

struct HeadCase {
  std::string name;
  std::string line;
  ParseError error;
  uint64_t pid = 5;
  std::string message = {};
  bool structured = false;
};

class HeadTest : public testing::TestWithParam<HeadCase> {};

TEST_P(HeadTest, Reads) {
  const HeadCase& row = GetParam();
  Record record;
  EXPECT_EQ(Head(row.line, record), row.error) << Name(row.error);
  if (row.error != ParseError::kNone) {
    EXPECT_EQ(record.format, LineFormat::kOther);
    return;
  }
  EXPECT_EQ(record.pid, row.pid);
  EXPECT_EQ(record.message, row.message);
  EXPECT_EQ(record.structured, row.structured);
}

// What a glance tells is what a whole look tells, and nothing where that finds no header.
TEST_P(HeadTest, AGlanceAgrees) {
  const HeadCase& row = GetParam();
  Record record;
  const ParseError error = Head(row.line, record);
  const char* const message = SkimHeader(row.line, record.last);
  if (message == nullptr) return;
  EXPECT_EQ(error, ParseError::kNone);
  EXPECT_EQ(message, record.raw_message.data());
}

// Of each length that a file's name may have.
TEST(GlanceTest, AgreesHoweverFarTheBracketIs) {
  for (size_t size = 1; size < 300; ++size) {
    const std::string line = kHeader.substr(0, 30) + std::string(size, 'a') + ":12] a message";
    Record record;
    ASSERT_EQ(Head(kHeader, record), ParseError::kNone);
    const char* const message = SkimHeader(line, record.last);
    const bool good = Head(line, record) == ParseError::kNone;
    EXPECT_EQ(message, good ? record.raw_message.data() : nullptr) << size;
  }
}

TEST(GlanceTest, TakesWhatRepeatsTheHeaderBefore) {
  Record record;
  ASSERT_EQ(Head(kHeader + "\"Msg\" a=1", record), ParseError::kNone);
  const auto glance = [&](const std::string& line) -> std::string {
    const char* const message = SkimHeader(line, record.last);
    return message != nullptr ? message : "(in doubt)";
  };
  EXPECT_EQ(glance("E1123 23:01:26.999999   28696 a/file.go:7] \"Other\" b=2"), "Other\" b=2");
  EXPECT_EQ(glance("I1123 23:01:26.161509   28696 kubelet.go:1987] printf"), "printf");
  EXPECT_EQ(glance("I1123 23:01:26.161509   28696 " + std::string(253, 'a') + ":7] far"), "far");
  const std::string others[] = {
      "I1123 23:01:27.161509   28696 kubelet.go:1987] the next second",
      "I1123 23:01:26.161509   28697 kubelet.go:1987] another process",
      "I1123 23:01:26.16150x   28696 kubelet.go:1987] no fraction",
      "X1123 23:01:26.161509   28696 kubelet.go:1987] no severity",
      "I1123 23:01:26.161509   28696 kubelet.go] no line",
      "I1123 23:01:26.161509   28696 kube let.go:1987] a blank",
      "I1123 23:01:26.161509   28696 kubelet.go:1987 no bracket",
      "I1123 23:01:26.161509   28696 kubelet.go:1987]no blank after it",
      "I1123 23:01:26.161509   28696 :1987] no file",
      "I1123 23:01:26.161509   28696 " + std::string(254, 'a') + ":7] too far away",
      "I1123 23:01:26.161509   28696 kubelet.go:1987]",
      "I1123 23:01:26.161509   28696",
  };
  for (const std::string& line : others) EXPECT_EQ(glance(line), "(in doubt)") << line;
}

constexpr ParseError kGood = ParseError::kNone;
constexpr ParseError kBadHeader = ParseError::kBadHeader;
constexpr ParseError kNotKlog = ParseError::kNotKlog;
constexpr ParseError kBadJson = ParseError::kBadJson;

INSTANTIATE_TEST_SUITE_P(
    Forms, HeadTest,
    testing::Values(
        HeadCase{"NoPid", "I1123 23:01:26.161509 kubelet.go:1987] x", kGood, 5, "x"},
        HeadCase{"WidePid", "I1123 23:01:26.161509 1234567 a.go:1] x", kGood, 1234567, "x"},
        HeadCase{"UnknownFile", "I1123 23:01:26.161509       1 ???:1] x", kGood, 1, "x"},
        HeadCase{"EmptyMessage", "I1123 23:01:26.161509       1 a.go:1] ", kGood, 1, ""},
        HeadCase{"NoMessage", "I1123 23:01:26.161509       1 a.go:1]", kGood, 1, ""},
        HeadCase{"Escapes", kHeader + R"("a \"b\" \\ \t\x41\u00e9\U0001F600 ")", kGood, 28696,
                 "a \"b\" \\ \tA\u00e9\U0001F600", true},
        HeadCase{"TrailingBlank", kHeader + "\"Msg \" a=1", kGood, 28696, "Msg", true},
        HeadCase{"BlankBeforeTheQuote", kHeader + " \"Msg\" a=1", kGood, 28696, "Msg", true},
        HeadCase{"Printf", kHeader + "Destroyed container: \"/x\" (aliases: [a b])", kGood, 28696,
                 "Destroyed container: \"/x\" (aliases: [a b])"},
        HeadCase{"PrintfOverLines", kHeader + "umount: exit 32\nOutput: busy.\n\n", kGood, 28696,
                 "umount: exit 32\nOutput: busy."},
        HeadCase{"PrintfBeginsWithAQuote", kHeader + "\"x\" is no message", kGood, 28696,
                 "\"x\" is no message"},
        HeadCase{"UnterminatedQuote", kHeader + "\"Msg a=1", kGood, 28696, "\"Msg a=1"},
        HeadCase{"QuoteClosedOnAnotherLine", kHeader + "\"Msg\nx\" a=1", kGood, 28696,
                 "\"Msg\nx\" a=1"},
        HeadCase{"EscapedClosingQuote", kHeader + R"("Msg\" a=1)", kGood, 28696, R"("Msg\" a=1)"},
        HeadCase{"Month13", "I1323 23:01:26.161509       1 a.go:1] x", kBadHeader},
        HeadCase{"Month0", "I0023 23:01:26.161509       1 a.go:1] x", kBadHeader},
        HeadCase{"February30", "I0230 23:01:26.161509       1 a.go:1] x", kBadHeader},
        HeadCase{"Day0", "I1100 23:01:26.161509       1 a.go:1] x", kBadHeader},
        HeadCase{"Hour24", "I1123 24:01:26.161509       1 a.go:1] x", kBadHeader},
        HeadCase{"AllNines", "I1123 99:99:99.999999       1 a.go:1] x", kBadHeader},
        HeadCase{"FiveDigits", "I1123 23:01:26.16150       1 a.go:1] x", kBadHeader},
        HeadCase{"NoLine", "I1123 23:01:26.161509       1 a.go] x", kBadHeader},
        HeadCase{"NoBracket", "I1123 23:01:26.161509       1 a.go:12 x", kBadHeader},
        HeadCase{"Cut", "I1123 23:01:26", kBadHeader},
        HeadCase{"OtherLetter", "D1123 23:01:26.161509       1 a.go:1] x", kNotKlog},
        HeadCase{"Word", "Ingress created", kNotKlog}, HeadCase{"Empty", "", kNotKlog},
        HeadCase{"JsonWithoutMessage", R"({"ts":1795475487205.2,"a":1})", kNotKlog},
        HeadCase{"JsonCut", R"({"ts":1795475487205.2,"msg":"A","v":2,"pod":"ns)", kBadJson},
        HeadCase{"JsonCutBeforeTheMessage", R"({"ts":1795475487205.2,"msg)", kBadJson},
        HeadCase{"JsonBrace", "{", kBadJson}, HeadCase{"JsonWord", "{foo}", kBadJson},
        HeadCase{"JsonMessage", R"({"ts":1795475487205.2,"msg":"A \"b\"\n","v":2})", kGood, 5,
                 "A \"b\"", true},
        HeadCase{"JsonMessageInAValueIsNone", R"({"a":"\"msg\":\"B\"","b":{"msg":"C"},"msg":"A"})",
                 kGood, 5, "A", true}),
    [](const auto& row) { return row.param.name; });

struct FieldCase {
  std::string name;
  std::string text;
  std::string want;
  ParseError error = ParseError::kNone;
};

class FieldTest : public testing::TestWithParam<FieldCase> {};

TEST_P(FieldTest, Reads) {
  Record record;
  EXPECT_EQ(ParseFieldText(GetParam().text, record), GetParam().error);
  EXPECT_EQ(Dump(record), GetParam().want);
}

constexpr ParseError kBadFields = ParseError::kBadFields;

INSTANTIATE_TEST_SUITE_P(
    Forms, FieldTest,
    testing::Values(
        FieldCase{"Empty", "", ""}, FieldCase{"Quoted", R"( pod="ns/a")", "pod=ns/a/s"},
        FieldCase{"Bare_1_22", " podUID=4f37-aa gracePeriod=30 old=<nil> phase=Running",
                  "podUID=4f37-aa/b gracePeriod=30/b old=<nil>/b phase=Running/b"},
        FieldCase{"BareWithEquals", " a=b=c d=1", "a=b=c/b d=1/b"},
        FieldCase{"EmptyBare", " a= b=1", "a=/b b=1/b"},
        FieldCase{"Null_1_27", " gracePeriod=null", "gracePeriod=null/b"},
        FieldCase{"List_1_22", " pods=[ns/a ns/b] x=1", "pods=[ns/a ns/b]/g x=1/b"},
        FieldCase{"List_1_26", R"( pods="[ns/a ns/b]")", "pods=[ns/a ns/b]/s"},
        FieldCase{"List_1_27", R"( pods=["ns/a","ns/b"])", R"(pods=["ns/a","ns/b"]/j)"},
        FieldCase{"ListOfNulls", " pods=[null,null]", "pods=[null,null]/j"},
        FieldCase{"ListOfNumbers", " a=[1,2] b=[1 2] c=[15ec] d=[x]",
                  "a=[1,2]/j b=[1 2]/g c=[15ec]/g d=[x]/g"},
        FieldCase{"Struct_1_22", " event=&{ID:u Type:ContainerDied Data:d} x=1",
                  "event=&{ID:u Type:ContainerDied Data:d}/g x=1/b"},
        FieldCase{"Struct_1_20", R"( event=&pleg.PodLifecycleEvent{ID:"u", Type:"T", Data:"d"})",
                  R"(event=&pleg.PodLifecycleEvent{ID:"u", Type:"T", Data:"d"}/g)"},
        FieldCase{"Struct_1_27", R"( event={"ID":"u","Type":"T"} x=1)",
                  R"(event={"ID":"u","Type":"T"}/j x=1/b)"},
        FieldCase{"Map", " m=map[a:b c:d] l=[]string{\"a\", \"b c\"}",
                  "m=map[a:b c:d]/g l=[]string{\"a\", \"b c\"}/g"},
        FieldCase{"BracketInABareWord", " url=http://[::1]:80/ x=1",
                  "url=http://[::1]:80//b x=1/b"},
        FieldCase{"QuotedBytes", R"( patch="{\"metadata\":{\"uid\":\"4f\"}}")",
                  R"(patch={"metadata":{"uid":"4f"}}/s)"},
        FieldCase{"Block", " err=<\n\tone\n\t\ttwo\n\n\tI1123 x\n > pod=\"ns/a\" b=<\n\tc\n >",
                  "err=one\n\ttwo\n\nI1123 x/s pod=ns/a/s b=c/s"},
        FieldCase{"BlockNeverEnds", " err=<\n\tone\n\ttwo", "err=one\ntwo/s", kBadFields},
        FieldCase{"BlockCutAtOnce", " err=<\n", "err=/s", kBadFields},
        FieldCase{"BlockEndsOnlyAtTheMargin", " a=<\n\t > pod=\"ns/evil\"\n > b=1",
                  "a= > pod=\"ns/evil\"/s b=1/b"},
        FieldCase{"OddKeys", " lifecycle.handler(x)/y-z_1=2", "lifecycle.handler(x)/y-z_1=2/b"},
        FieldCase{"UnbalancedQuoteInADump", " status={Phase:Running Message:a \"b} pod=\"ns/evil\"",
                  "status={Phase:Running Message:a \"b} pod=\"ns/evil\"/r"},
        FieldCase{"UnbalancedBraceInADump", " status={Message:a}} pod=\"ns/evil\"",
                  "status={Message:a}} pod=\"ns/evil\"/r"},
        FieldCase{"DumpClosedByItsText", " status={Message:a} b} pod=\"ns/evil\"",
                  "status={Message:a} b} pod=\"ns/evil\"/r"},
        FieldCase{"RawEndsWithTheLine", " status={Message:{ pod=\"ns/evil\"\nI1123 x a=1",
                  "status={Message:{ pod=\"ns/evil\"/r"},
        FieldCase{"UnterminatedQuote", R"( a=1 err="x \" pod=ns/evil)",
                  R"(a=1/b err="x \" pod=ns/evil/r)"},
        FieldCase{"QuoteClosedOnAnotherLine", " a=\"x\n\" pod=\"ns/evil\"", "a=\"x/r"},
        FieldCase{"InsideAStringIsNoField", R"( err="x\" pod=\"ns/evil" pod="ns/a")",
                  R"(err=x" pod="ns/evil/s pod=ns/a/s)"},
        FieldCase{"BackslashBeforeTheQuote", R"( err="x\\" pod="ns/a")", R"(err=x\/s pod=ns/a/s)"},
        FieldCase{"WordWithoutEquals", " a=1 garbage b=2", "a=1/b", kBadFields},
        FieldCase{"NoBlankAfterAString", R"( a="1"b=2)", "a=1/s", kBadFields},
        FieldCase{"FurtherLinesAreNoFields", " a=1\nb=2", "a=1/b"}),
    [](const auto& row) { return row.param.name; });

TEST(FieldsTest, FirstOfARepeatedKeyWins) {
  Record record;
  ASSERT_EQ(ParseFieldText(R"( pod="ns/a" pod="ns/b")", record), ParseError::kNone);
  ASSERT_NE(record.Find("pod"), nullptr);
  EXPECT_EQ(record.Find("pod")->value, "ns/a");
  EXPECT_EQ(record.Find("none"), nullptr);
}

TEST(FieldsTest, MessageOutlivesRepeatedParsing) {
  Record record;
  const std::string line = kHeader + R"("a \"b\"" c="d \"e\"" f="g\t")";
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(ParseFields(record), ParseError::kNone);
    EXPECT_EQ(record.message, "a \"b\"");
    EXPECT_EQ(Dump(record), "c=d \"e\"/s f=g\t/s");
  }
}

TEST(FieldsTest, UnstructuredRecordsHaveNone) {
  Record record;
  const std::string line = kHeader + "printf text with pod=\"ns/evil\"";
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  EXPECT_EQ(ParseFields(record), ParseError::kNone);
  EXPECT_TRUE(record.fields.empty());
}

TEST(FieldsTest, ManyFieldsEndSomewhere) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += " a=1";
  Record record;
  EXPECT_EQ(ParseFieldText(text, record), ParseError::kBadFields);
  EXPECT_LE(record.fields.size(), 256U);
}

TEST(JsonTest, ReadsHeadAndFields) {
  const std::string line =
      R"({"ts":1795475487205.2107,"caller":"kubelet/kubelet.go:2499","msg":"SyncLoop DELETE",)"
      R"("v":2,"source":"api","pods":[{"name":"a","namespace":"ns"}],"n":null,"s":"a\n\"\u00e9",)"
      R"("d": 30 ,"source":"again"})";
  Record record;
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  EXPECT_EQ(record.format, LineFormat::kKlogJson);
  EXPECT_EQ(record.severity, Severity::kInfo);
  EXPECT_EQ(record.level, 2);
  EXPECT_EQ(record.file, "kubelet/kubelet.go");
  EXPECT_EQ(record.message, "SyncLoop DELETE");
  EXPECT_FALSE(record.stamp);
  ASSERT_TRUE(record.epoch);
  EXPECT_EQ(FormatTimestamp(*record.epoch), "2026-11-23T23:11:27.205210Z");
  ASSERT_EQ(ParseFields(record), ParseError::kNone);
  EXPECT_EQ(Dump(record),
            "source=api/s pods=[{\"name\":\"a\",\"namespace\":\"ns\"}]/j n=null/j "
            "s=a\n\"\u00e9/s d=30/j source=again/s");
  EXPECT_TRUE(record.Find("n")->null());
  EXPECT_EQ(record.Find("source")->value, "api");
}

TEST(JsonTest, LineWithoutLevelIsAnError) {
  Record record;
  ASSERT_EQ(Head(R"({"ts":1795475487205.2,"logger":"x","msg":"m\n","err":"e"})", record),
            ParseError::kNone);
  EXPECT_EQ(record.severity, Severity::kError);
  EXPECT_EQ(record.level, -1);
  ASSERT_EQ(ParseFields(record), ParseError::kNone);
  EXPECT_EQ(Dump(record), "logger=x/s err=e/s");
}

// From 1.35 on some have one.
TEST(JsonTest, ALoggersNameIsNoReasonToReadALineSlowly) {
  const std::string line =
      R"({"ts":1795475487205.2103,"logger":"dra","caller":"kubelet/kubelet.go:2490",)"
      R"("msg":"SyncLoop DELETE","v":2,"source":"api"})";
  const char* const end = line.data() + line.size();
  const char* const name = SkimJsonStamp(line.data());
  ASSERT_NE(name, nullptr);
  const char* const message = SkimJsonFile(name, end);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(std::string_view(message, 15), "SyncLoop DELETE");
  Record record;
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  EXPECT_EQ(record.file, "kubelet/kubelet.go");
  EXPECT_EQ(record.level, 2);
  EXPECT_EQ(record.tail, R"(,"source":"api"})") << "its head is read as the usual one";
}

TEST(JsonTest, LevelMayFollowTheLoggersOwnFields) {
  Record record;
  ASSERT_EQ(Head(R"({"ts":1.5,"msg":"m","pod":{"name":"a","v":9},"x":"\"v\":8","v":4})", record),
            ParseError::kNone);
  EXPECT_EQ(record.level, 4);
  EXPECT_EQ(record.severity, Severity::kInfo);
}

TEST(JsonTest, MessageTakesNoRoomTwice) {
  Record record;
  std::string line = R"({"ts":1795475487205.2,"msg":")";
  for (int i = 0; i < 2000; ++i) line += "\\\"";
  line += R"(","v":2,"s":"\"x\""})";
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  ASSERT_EQ(ParseFields(record), ParseError::kNone);
  EXPECT_EQ(record.message, std::string(2000, '"'));
  EXPECT_EQ(Dump(record), "s=\"x\"/s");
}

struct EpochCase {
  const char* name;
  const char* ts;
  const char* want;
};

class EpochTest : public testing::TestWithParam<EpochCase> {};

TEST_P(EpochTest, Reads) {
  Record record;
  const std::string line = std::string("{\"ts\":") + GetParam().ts + ",\"msg\":\"m\",\"v\":0}";
  ASSERT_EQ(Head(line, record), ParseError::kNone);
  EXPECT_EQ(record.epoch ? FormatTimestamp(*record.epoch) : "", GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, EpochTest,
    testing::Values(EpochCase{"Whole", "1700000000123", "2023-11-14T22:13:20.123000Z"},
                    EpochCase{"Fraction", "1700000000123.4567", "2023-11-14T22:13:20.123456Z"},
                    EpochCase{"OneDigit", "1700000000123.4", "2023-11-14T22:13:20.123400Z"},
                    EpochCase{"Seconds", "1700000000.123", ""},
                    EpochCase{"Rfc3339", "\"2023-11-14T22:13:20Z\"", ""},
                    EpochCase{"Exponent", "1.7e12", ""}, EpochCase{"Huge", "1e308", ""},
                    EpochCase{"Negative", "-1700000000123", ""}),
    [](const auto& row) { return row.param.name; });

struct BadJsonCase {
  const char* name;
  const char* line;
};

class BadJsonTest : public testing::TestWithParam<BadJsonCase> {};

TEST_P(BadJsonTest, IsToldByHeadOrFields) {
  Record record;
  ParseError error = Head(GetParam().line, record);
  if (error == ParseError::kNone) error = ParseFields(record);
  EXPECT_EQ(error, ParseError::kBadJson);
}

INSTANTIATE_TEST_SUITE_P(Forms, BadJsonTest,
                         testing::Values(BadJsonCase{"Unquoted", R"({"msg":"m","v":2,a:1})"},
                                         BadJsonCase{"Unterminated", R"({"msg":"m","v":2,"a":"x})"},
                                         BadJsonCase{"Trailing", R"({"msg":"m","v":2} {})"},
                                         BadJsonCase{"Unclosed", R"({"msg":"m","v":2,"a":{"b":1})"},
                                         BadJsonCase{"InvalidUtf8",
                                                     "{\"msg\":\"m\",\"v\":2,\"a\":\"\xff\"}"}),
                         [](const auto& row) { return row.param.name; });

// Lines as kubelets printed them: framed, then read to the last byte.
TEST(SampleTest, EveryLineIsOneRecordWithoutErrors) {
  const std::vector<std::string> lines = {
      R"(I1123 23:01:26.161509   28696 kubelet.go:1987] "SyncLoop DELETE" source="api" )"
      R"(pods=[p-3/f-8])",
      R"(I1123 23:01:26.584167   28696 cni.go:384] "Deleted pod from network" pod="p-3/f-8" )"
      R"(podSandboxID={Type:docker ID:15ecee9f} networkType="bridge" networkName="podnet")",
      R"(I1123 23:01:26.681529   28696 kubelet.go:1723] "Post-termination container state" )"
      R"(pod="p-3/f-8" podUID=9517cc45 containers="(app state=exited exitCode=0 )"
      R"x(finishedAt=2026-11-23T23:01:26.473120786Z)")x",
      R"(I1123 23:01:26.716917   28696 reconciler.go:384] "Volume detached for volume \"tok\" )"
      R"((UniqueName: \"kubernetes.io/projected/9517-tok\") on node \"w\" DevicePath \"\"")",
      R"(I1123 23:01:26.488460   28696 manager.go:1044] Destroyed container: "/kubepods/pod9517" )"
      R"((aliases: [], namespace: ""))",
      R"(I1123 23:02:27.598101    1322 kubelet.go:2186] "Post-termination container state" )"
      R"(pod="p-4/f-7" podUID="5389" containers=[{"Name":"app","State":"exited","ExitCode":0}])",
      R"({"ts":1795475469601.2874,"caller":"internal/log.go:32","msg":"Failed","err":"e"})",
  };
  Framer framer;
  Record record;
  size_t records = 0;
  const auto check = [&](const std::optional<Frame>& frame) {
    if (!frame) return;
    EXPECT_EQ(frame->text, lines[records++]);
    EXPECT_EQ(ParseHead(*frame, record), ParseError::kNone) << frame->text;
    EXPECT_EQ(ParseFields(record), ParseError::kNone) << frame->text;
    for (const Field& field : record.fields) EXPECT_NE(field.form, ValueForm::kRaw) << field.key;
  };
  for (const std::string& text : lines) {
    LogLine line;
    line.text = text;
    check(framer.Push(line));
  }
  check(framer.Flush());
  EXPECT_EQ(records, lines.size());
}

}  // namespace
}  // namespace kle
