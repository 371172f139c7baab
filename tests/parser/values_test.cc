// SPDX-License-Identifier: Apache-2.0
#include "parser/values.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kle {
namespace {

constexpr ValueForm kString = ValueForm::kString;
constexpr ValueForm kBare = ValueForm::kBare;
constexpr ValueForm kGo = ValueForm::kGo;
constexpr ValueForm kJson = ValueForm::kJson;
constexpr ValueForm kRaw = ValueForm::kRaw;

Field MakeField(std::string_view value, ValueForm form) {
  Field field;
  field.value = value;
  field.form = form;
  return field;
}

std::string Dump(const PodRef& ref) {
  std::string out;
  return out.append(ref.namespace_).append("|").append(ref.name).append("|").append(ref.uid);
}

struct ValueCase {
  std::string name;
  std::string value;
  ValueForm form;
  std::string want;
};

std::string NameOf(const testing::TestParamInfo<ValueCase>& row) { return row.param.name; }

class PodRefTest : public testing::TestWithParam<ValueCase> {};

TEST_P(PodRefTest, Reads) {
  const auto ref = ParsePodRef(MakeField(GetParam().value, GetParam().form));
  EXPECT_EQ(ref ? Dump(*ref) : "", GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, PodRefTest,
    testing::Values(
        ValueCase{"Plain", "ns/a-1.b", kString, "ns|a-1.b|"},
        ValueCase{"NoNamespace", "a", kString, "|a|"},
        ValueCase{"Json", R"({"name":"a","namespace":"ns"})", kJson, "ns|a|"},
        ValueCase{"JsonNoNamespace", R"({"name":"a"})", kJson, "|a|"},
        ValueCase{"JsonBlanks", R"({"name": "a", "namespace": "ns"})", kJson, "ns|a|"},
        ValueCase{"Legacy", "a-1_ns(9517cc45-6c1c)", kString, "ns|a-1|9517cc45-6c1c"},
        ValueCase{"LegacyDeleted", "a_ns(u1):DeletionTimestamp=2020-01-01T00:00:00Z", kString,
                  "ns|a|u1"},
        ValueCase{"LegacyTrailing", "a_ns(u1)x", kString, ""},
        ValueCase{"LegacyForgedUid", "a_ns(u1\" pod=x)", kString, ""},
        ValueCase{"Empty", "", kString, ""}, ValueCase{"Null", "null", kBare, ""},
        ValueCase{"Nil", "<nil>", kBare, ""},
        ValueCase{"JsonEmptyName", R"({"name":""})", kJson, ""},
        ValueCase{"UpperCase", "ns/A", kString, ""}, ValueCase{"Blank", "ns/a b", kString, ""},
        ValueCase{"TwoSlashes", "ns/a/b", kString, ""}, ValueCase{"NoName", "ns/", kString, ""},
        ValueCase{"Dash", "ns/-a", kString, ""}, ValueCase{"Utf8", "ns/\xc3\xa9", kString, ""},
        ValueCase{"LongNamespace", std::string(64, 'n') + "/a", kString, ""},
        ValueCase{"LongName", "ns/" + std::string(254, 'n'), kString, ""},
        ValueCase{"Raw", "ns/a", kRaw, ""}),
    NameOf);

class PodRefsTest : public testing::TestWithParam<ValueCase> {};

TEST_P(PodRefsTest, Reads) {
  std::vector<PodRef> refs;
  const bool good = ParsePodRefs(MakeField(GetParam().value, GetParam().form), refs);
  std::string out = good ? "" : "bad";
  for (const PodRef& ref : refs) out += Dump(ref) + " ";
  EXPECT_EQ(out, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, PodRefsTest,
    testing::Values(ValueCase{"Legacy_1_20", "a_ns(u1), b_ns(u2)", kString, "ns|a|u1 ns|b|u2 "},
                    ValueCase{"Go_1_22", "[ns/a ns/b]", kGo, "ns|a| ns|b| "},
                    ValueCase{"Stringer_1_26", "[ns/a ns/b]", kString, "ns|a| ns|b| "},
                    ValueCase{"Json_1_27", R"(["ns/a","ns/b"])", kJson, "ns|a| ns|b| "},
                    ValueCase{"JsonNull", R"([null,"ns/b"])", kJson, "ns|b| "},
                    ValueCase{"Objects", R"([{"name":"a","namespace":"ns"},{"name":"b"}])", kJson,
                              "ns|a| |b| "},
                    ValueCase{"Empty", "[]", kJson, ""}, ValueCase{"Null", "null", kJson, ""},
                    ValueCase{"Nil", "<nil>", kBare, ""}, ValueCase{"NoText", "", kString, ""},
                    ValueCase{"OneBad", "[ns/a NS/b]", kGo, "bad"},
                    ValueCase{"Unclosed", "[ns/a", kGo, "bad"},
                    ValueCase{"TrailingComma", "a_ns(u1),", kString, "bad"},
                    ValueCase{"Raw", "[ns/a]", kRaw, "bad"}),
    NameOf);

class ContainerIdTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ContainerIdTest, Reads) {
  EXPECT_EQ(ParseContainerId(MakeField(GetParam().value, GetParam().form)), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ContainerIdTest,
    testing::Values(
        ValueCase{"Containerd", "containerd://ab12", kString, "ab12"},
        ValueCase{"Docker", "docker://ab12", kString, "ab12"},
        ValueCase{"Crio", "cri-o://ab12", kString, "ab12"},
        ValueCase{"Bare", "ab12", kString, "ab12"},
        ValueCase{"Go", "{Type:docker ID:ab12}", kGo, "ab12"},
        ValueCase{"Json", R"({"Type":"containerd","ID":"ab12"})", kJson, "ab12"},
        ValueCase{"GoEmpty", "{Type: ID:}", kGo, ""}, ValueCase{"Empty", "", kString, ""},
        ValueCase{"Scheme", "docker://", kString, ""}, ValueCase{"Null", "null", kJson, ""},
        ValueCase{"Odd", "docker://a b", kString, ""}, ValueCase{"Raw", "docker://ab12", kRaw, ""}),
    NameOf);

TEST(ContainerIdsTest, ReadsBothLists) {
  std::vector<std::string_view> ids;
  ParseContainerIds(MakeField("[a1 b2]", kGo), ids);
  ParseContainerIds(MakeField(R"(["c3","d4"])", kJson), ids);
  ParseContainerIds(MakeField("[]", kJson), ids);
  ParseContainerIds(MakeField("null", kJson), ids);
  EXPECT_EQ(ids, (std::vector<std::string_view>{"a1", "b2", "c3", "d4"}));
}

class IntegerTest : public testing::TestWithParam<ValueCase> {};

TEST_P(IntegerTest, Reads) {
  const auto value = ParseInteger(MakeField(GetParam().value, GetParam().form));
  EXPECT_EQ(value ? std::to_string(*value) : "", GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, IntegerTest,
    testing::Values(ValueCase{"Bare", "30", kBare, "30"}, ValueCase{"Quoted", "30", kString, "30"},
                    ValueCase{"Fraction", "30.0", kJson, "30"},
                    ValueCase{"Negative", "-1", kBare, "-1"}, ValueCase{"Null", "null", kJson, ""},
                    ValueCase{"Nil", "<nil>", kBare, ""},
                    ValueCase{"Pointer", "0xc000123", kBare, ""},
                    ValueCase{"Half", "30.5", kJson, ""}, ValueCase{"Word", "30s", kBare, ""},
                    ValueCase{"TooLarge", "9223372036854775808", kBare, ""},
                    ValueCase{"Empty", "", kString, ""}, ValueCase{"Raw", "30", kRaw, ""}),
    NameOf);

class SecondsTest : public testing::TestWithParam<ValueCase> {};

TEST_P(SecondsTest, Reads) {
  const auto value = ParseSeconds(MakeField(GetParam().value, GetParam().form));
  if (GetParam().want.empty()) {
    EXPECT_FALSE(value);
  } else {
    ASSERT_TRUE(value);
    EXPECT_NEAR(*value, std::stod(GetParam().want), 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, SecondsTest,
    testing::Values(ValueCase{"Number", "30", kBare, "30"},
                    ValueCase{"Fraction", "1.5", kJson, "1.5"},
                    ValueCase{"Minutes", "2m3s", kString, "123"},
                    ValueCase{"Hours", "1h0m0.5s", kString, "3600.5"},
                    ValueCase{"Millis", "100ms", kString, "0.1"},
                    ValueCase{"Micros", "250\u00b5s", kString, "0.00025"},
                    ValueCase{"Negative", "-1.5s", kString, "-1.5"},
                    ValueCase{"Zero", "0s", kString, "0"}, ValueCase{"Huge", "1e308", kJson, ""},
                    ValueCase{"NaN", "NaN", kBare, ""}, ValueCase{"Inf", "inf", kBare, ""},
                    ValueCase{"NoUnit", "1m3", kString, ""},
                    ValueCase{"TooLong", "99999999999h", kString, ""},
                    ValueCase{"Null", "null", kJson, ""}, ValueCase{"Empty", "", kString, ""}),
    NameOf);

class PlegEventTest : public testing::TestWithParam<ValueCase> {};

TEST_P(PlegEventTest, Reads) {
  const auto event = ParsePlegEvent(MakeField(GetParam().value, GetParam().form));
  std::string out;
  if (event) out.append(event->uid).append("|").append(event->type).append("|").append(event->data);
  EXPECT_EQ(out, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, PlegEventTest,
    testing::Values(
        ValueCase{"Legacy_1_20",
                  R"(&pleg.PodLifecycleEvent{ID:"u", Type:"ContainerDied", Data:"d"})", kGo,
                  "u|ContainerDied|d"},
        ValueCase{"Go_1_22", "&{ID:u-1 Type:ContainerDied Data:d}", kGo, "u-1|ContainerDied|d"},
        ValueCase{"Json_1_27", R"({"ID":"u","Type":"ContainerDied","Data":"d"})", kJson,
                  "u|ContainerDied|d"},
        ValueCase{"NoData", R"({"ID":"u","Type":"PodSync","Data":null})", kJson, "u|PodSync|"},
        ValueCase{"NilData", "&{ID:u Type:PodSync Data:<nil>}", kGo, "u|PodSync|"},
        ValueCase{"NoId", "&{Type:PodSync Data:d}", kGo, ""},
        ValueCase{"NoStruct", "ContainerDied", kBare, ""}, ValueCase{"Null", "null", kJson, ""},
        ValueCase{"Raw", "&{ID:u Type:T Data:d}", kRaw, ""}),
    NameOf);

class StatesTest : public testing::TestWithParam<ValueCase> {};

TEST_P(StatesTest, Reads) {
  std::vector<ContainerState> states;
  const bool good = ParseContainerStates(MakeField(GetParam().value, GetParam().form), states);
  std::string out = good ? "" : "bad";
  for (const ContainerState& state : states) {
    out.append(state.name).append(":").append(state.state);
    if (state.exit_code) out += ":" + std::to_string(*state.exit_code);
    if (state.finished_at) out += "@" + FormatTimestamp(*state.finished_at);
    out += ' ';
  }
  EXPECT_EQ(out, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, StatesTest,
    testing::Values(
        ValueCase{"Words_1_23",
                  "(app state=exited exitCode=143 finishedAt=2026-11-23T23:01:26.473120786Z) "
                  "(b state=running)",
                  kString, "app:exited:143@2026-11-23T23:01:26.473120Z b:running "},
        ValueCase{"Go_1_26",
                  "[{Name:app State:exited ExitCode:0 FinishedAt:2026-11-23T23:01:26Z} "
                  "{Name:b State:running ExitCode:0 FinishedAt:}]",
                  kGo, "app:exited:0@2026-11-23T23:01:26.000000Z b:running "},
        ValueCase{
            "Json_1_27",
            R"([{"Name":"app","State":"exited","ExitCode":137,)"
            R"("FinishedAt":"2026-11-23T23:01:26.473120786Z"},{"Name":"b","State":"created"}])",
            kJson, "app:exited:137@2026-11-23T23:01:26.473120Z b:created "},
        ValueCase{"NoTime", "(app state=exited exitCode=1 finishedAt=x)", kString, "app:exited:1 "},
        ValueCase{"None", "[]", kJson, ""}, ValueCase{"NoText", "", kString, ""},
        ValueCase{"Null", "null", kJson, ""}, ValueCase{"NoState", "(app)", kString, "bad"},
        ValueCase{"Unclosed", "(app state=exited", kString, "bad"},
        ValueCase{"Word", "app", kString, "bad"}, ValueCase{"Raw", "[]", kRaw, "bad"}),
    NameOf);

// A list of containers: one that ended, one that runs again after its first end, one that runs.
TEST(ExitCodeInTest, IsTheContainersOwn) {
  const std::string go =
      "{Phase:Running ContainerStatuses:[{Name:a State:{Waiting:nil Running:nil "
      "Terminated:&ContainerStateTerminated{ExitCode:137,Signal:0,Reason:Error,Message:gave up: "
      "{\"exitCode\":3},"
      "ContainerID:docker://aa,}} LastTerminationState:{Terminated:nil} Ready:false "
      "ContainerID:docker://aa Started:0xc0} {Name:b State:{Running:&ContainerStateRunning{}} "
      "LastTerminationState:{Terminated:&ContainerStateTerminated{ExitCode:1,"
      "ContainerID:docker://b1,}} ContainerID:docker://b2} {Name:c ContainerID:docker://cc}]}";
  const std::string json =
      R"({"containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":137,"reason":"Error","message":"{\"exitCode\":3}",)"
      R"("containerID":"docker://aa"}},"containerID":"docker://aa"},{"name":"b","lastState":)"
      R"({"terminated":{"exitCode":1,"containerID":"docker://b1"}},"containerID":"docker://b2"},)"
      R"({"name":"c","containerID":"docker://cc"}]})";
  for (const std::string& status : {go, json}) {
    EXPECT_EQ(ExitCodeIn(status, "aa"), 137);
    EXPECT_EQ(ExitCodeIn(status, "b1"), 1);
    for (const char* running : {"b2", "cc", "dd", ""}) {
      EXPECT_EQ(ExitCodeIn(status, running), std::nullopt) << running;
    }
  }
  EXPECT_EQ(ExitCodeIn("ExitCode: ContainerID:docker://aa", "aa"), std::nullopt);
  EXPECT_EQ(ExitCodeIn("docker://aa", "aa"), std::nullopt);
}

}  // namespace
}  // namespace kle
