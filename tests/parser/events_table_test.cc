// SPDX-License-Identifier: Apache-2.0
// tests/parser/events.tsv holds the kubelet's messages about a pod's phases, by version, as its
// sources print them. Each is rendered here as every version's klog writes it, in text and JSON,
// and has to give the event that the table names.
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "parser/catalogue.h"
#include "parser/framer.h"

namespace kle {
namespace {

const std::string kUid = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13";
const std::string kOtherUid = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
const std::string kHex(64, 'a');
const std::string kSandbox(64, 'b');
const std::string kUnique = "kubernetes.io/secret/" + kUid + "-creds";
const std::string kDevice = "kubernetes.io/csi/ebs.csi.aws.com^vol-1";
const std::string kPlain = "rpc error: code = Unknown desc = umount \"/x\": target is busy";
const std::string kLines = "unmount failed: exit status 32\nOutput: umount: /x: target is busy.";

// --- the table
// ------------------------------------------------------------------------------------

struct Arg {
  std::string name;
  std::string type;
};

struct TableRow {
  std::string id;
  std::string message;
  std::string versions;
  std::string level;
  std::vector<Arg> args;  // klog pairs; of a printf message the values of its verbs
  std::string event;      // an EventKind's name, or "-"
  std::string note;       // why no event

  bool printf() const { return level.find("printf") != std::string::npos; }
  char severity() const { return level.empty() ? 'I' : level[0]; }
  int verbosity() const {
    const size_t at = level.find("V(");
    return at == std::string::npos ? 0 : std::stoi(level.substr(at + 2));
  }
};

std::vector<std::string> Split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(by);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<TableRow> ReadTable() {
  std::vector<TableRow> rows;
  std::ifstream in(KLE_TEST_DATA "/parser/events.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = Split(line, '\t');
    if (cells.size() != 8) {
      ADD_FAILURE() << "not 8 columns: " << line;
      continue;
    }
    TableRow row{cells[0], cells[1], cells[2], cells[3], {}, cells[6], cells[7]};
    for (const std::string& cell : Split(cells[4], ' ')) {
      const size_t colon = cell.find(':');
      if (colon != std::string::npos) {
        row.args.push_back({cell.substr(0, colon), cell.substr(colon + 1)});
      }
    }
    rows.push_back(row);
  }
  return rows;
}

const std::vector<TableRow>& Table() {
  static const std::vector<TableRow> table = ReadTable();
  return table;
}

// "1.21,1.23-1.35", "<=1.20": minors. 1.20 is taken to print as 1.19 does.
std::set<int> Minors(const std::string& versions) {
  std::set<int> minors;
  for (const std::string& part : Split(versions, ',')) {
    if (part.starts_with("<=")) {
      minors.insert({19, 20});
      continue;
    }
    const std::vector<std::string> ends = Split(part, '-');
    const int first = std::stoi(ends.front().substr(2));
    const int last = std::stoi(ends.back().substr(2));
    for (int minor = first; minor <= last; ++minor) minors.insert(minor);
    if (minors.contains(19)) minors.insert(20);
  }
  return minors;
}

// --- what a line tells
// ------------------------------------------------------------------------------

struct Expected {
  std::optional<std::string> ns, name, uid, container, container_id, sandbox_id, error, volume,
      unique_name, plugin, pleg_type, source;
  std::optional<int64_t> grace, exit_code;
  size_t pods = 0;
  size_t states = 0;
  bool no_grace = false;
  bool error_quoted = false;
};

void NoteArg(const Arg& arg, Expected& expected) {
  const std::string& name = arg.name;
  const std::string& type = arg.type;
  if (name == "pod" || name == "object") {
    if (type == "noderef" || type == "dump") return;
    expected.ns = "ns";
    expected.name = "web";
    if (type == "poddesc" || type == "objectref") expected.uid = kUid;
    if (type == "cnipod") expected.sandbox_id = kSandbox;
  } else if (name == "pods" && type != "dump" && type != "str") {
    expected.pods = 2;
  } else if (type == "uid" || type == "cgroup" || name == "podUID") {
    expected.uid = kUid;
  } else if (name == "containerName" || (name == "container" && type == "str")) {
    expected.container = "app";
  } else if (name == "containerID" || name == "containerStatusID") {
    expected.container_id = kHex;
  } else if (name == "podSandboxID" || name == "sandboxID") {
    expected.sandbox_id = kSandbox;
  } else if (name == "gracePeriod") {
    expected.no_grace = type == "nil";
    if (type == "int_s") expected.grace = 30;
  } else if (name == "exitCode") {
    expected.exit_code = 137;
  } else if (type == "pleg" || type == "gostruct") {
    expected.uid = kUid;
    expected.pleg_type = "ContainerDied";
    expected.container_id = kHex;
  } else if (type == "states") {
    expected.states = 2;
  } else if (name == "newState") {
    expected.pleg_type = "exited";
  } else if (name == "source") {
    expected.source = "api";
  } else if (name == "volumeName") {
    expected.volume = "creds";
  } else if (name == "uniqueName") {
    expected.unique_name = kUnique;
  } else if (name == "plugin" && type == "str") {
    expected.plugin = "kubernetes.io/secret";
  } else if (type == "path") {
    expected.uid = kUid;
    expected.container_id = kHex;
  } else if (type == "retry" || type == "key") {
    expected.uid = kUid;
    expected.unique_name = kUnique;
    expected.volume = "creds";
    expected.plugin = "kubernetes.io/secret";
  } else if (type == "kill-error") {
    expected.container = "app";
  } else if (type == "sandbox-error") {
    expected.uid = kUid;
  }
}

// --- Go's and klog's printing
// -------------------------------------------------------------------------

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// A string that a pair or a verb carries.
std::string StringOf(const Arg& arg) {
  const std::string& name = arg.name;
  const std::string& type = arg.type;
  if (type == "uid" || name == "podUID") return kUid;
  if (type == "cid" || type == "cid(type://hex)") return "docker://" + kHex;
  if (name == "podSandboxID" || name == "sandboxID") return kSandbox;
  if (name == "containerID" || name == "containerStatusID") return kHex;
  if (name == "containerName" || name == "container") return "app";
  if (name == "containerType") return "container";
  if (type == "poddesc") return "web_ns(" + kUid + ")";
  if (type == "podfull") return "web_ns";
  if (type == "cnipod") return "ns_web/" + kSandbox;
  if (name == "pod" || name == "object" || type == "ref") return "ns/web";
  if (type == "legacy") return "web_ns(" + kUid + "), db_ns(" + kOtherUid + ")";
  if (type == "legacy-deleted") {
    return "web_ns(" + kUid + "):DeletionTimestamp=2020-06-07T06:54:46Z, db_ns(" + kOtherUid + ")";
  }
  if (type == "path") return "/kubepods/burstable/pod" + kUid + "/" + kHex;
  if (type == "dur") return "1.5s";
  if (type == "json-string") return R"({"metadata":{"uid":"x"},"status":{"phase":"Running"}})";
  if (type == "logger") return "UnhandledError";
  if (name == "source") return "api";
  if (name == "kind") return "Pod";
  if (name == "newState") return "exited";
  if (name == "volumeName") return "creds";
  if (name == "uniqueName") return kUnique;
  if (name == "plugin") return type == "str" ? "kubernetes.io/secret" : "cni";
  if (name == "kubeletVersion") return "v1.28.3";
  return "some \"text\" of x";
}

constexpr std::string_view kGoDump =
    "{Phase:Running Conditions:[{Type:Ready Status:True Message:\"}] PodIPs:[{IP:10.0.0.1}]}";
constexpr std::string_view kJsonDump =
    R"({"phase":"Running","conditions":[{"type":"Ready","message":"a \"b\" {"}],"podIPs":[]})";

struct Version {
  int minor;
  bool json_values() const { return minor >= 27; }  // klog 2.100
  bool blocks() const { return minor >= 24; }       // klog 2.60
};

std::string ErrorOf(const Arg& arg, const std::string& error) {
  if (arg.type == "kill-error") {
    return "failed to \"KillContainer\" for \"app\" with KillContainerError: " + Quote(error);
  }
  if (arg.type == "sandbox-error") {
    return "failed to \"KillPodSandbox\" for \"" + kUid +
           "\" with KillPodSandboxError: " + Quote(error);
  }
  return error;
}

bool IsError(const Arg& arg) { return arg.type == "err" || arg.type.ends_with("-error"); }

// A pair's value as klog's text has it.
std::string TextValue(const Arg& arg, Version version, const std::string& error) {
  const bool json = version.json_values();
  const std::string& type = arg.type;
  const auto string = [&](const std::string& text) {
    if (!version.blocks() || text.find('\n') == std::string::npos) return Quote(text);
    std::string block = "<";
    for (const std::string& line : Split(text, '\n')) block += "\n\t" + line;
    return block + "\n >";
  };
  if (IsError(arg)) return string(ErrorOf(arg, error));
  if (type == "uid" || type == "phase") {
    const std::string text = type == "uid" ? kUid : "Running";
    return json ? Quote(text) : text;
  }
  if (type == "refs") {
    if (json) return R"(["ns/web","ns/db"])";
    return version.minor == 26 ? R"("[ns/web ns/db]")" : "[ns/web ns/db]";
  }
  if (type == "int" || type == "float_s" || type == "int_s") {
    return arg.name == "exitCode" ? "137" : type == "float_s" ? "1.5" : "30";
  }
  if (type == "bool") return "true";
  if (type == "nil") return json ? "null" : "<nil>";
  if (type == "worktype") return json ? "\"terminating\"" : "1";
  if (type == "updatetype") return "\"kill\"";
  if (type == "cid-struct") {
    const std::string& id = arg.name.find("andbox") == std::string::npos ? kHex : kSandbox;
    return json ? R"({"Type":"containerd","ID":")" + id + "\"}" : "{Type:containerd ID:" + id + "}";
  }
  if (type == "list") {
    return json ? "[\"" + kSandbox + "\",\"" + kHex + "\"]" : "[" + kSandbox + " " + kHex + "]";
  }
  if (type == "cgroup") {
    return json ? R"(["kubepods","burstable","pod)" + kUid + "\"]"
                : "[kubepods burstable pod" + kUid + "]";
  }
  if (type == "pleg") {
    return json ? R"({"ID":")" + kUid + R"(","Type":"ContainerDied","Data":")" + kHex + "\"}"
                : "&{ID:" + kUid + " Type:ContainerDied Data:" + kHex + "}";
  }
  if (type == "states") {
    if (json) {
      return R"([{"Name":"app","State":"exited","ExitCode":0,"FinishedAt":"2024-06-07T06:54:46Z"},)"
             R"({"Name":"side","State":"exited","ExitCode":137,"FinishedAt":"2024-06-07T06:54:47Z"}])";
    }
    if (version.minor >= 24) {
      return "[{Name:app State:exited ExitCode:0 FinishedAt:2024-06-07T06:54:46Z} "
             "{Name:side State:exited ExitCode:137 FinishedAt:2024-06-07T06:54:47Z}]";
    }
    return "\"(app state=exited exitCode=0 finishedAt=2024-06-07T06:54:46Z) "
           "(side state=exited exitCode=137 finishedAt=2024-06-07T06:54:47Z)\"";
  }
  if (type == "dump" || type == "struct") return std::string(json ? kJsonDump : kGoDump);
  if (type == "bytes") return "[123 34 109 101 116 97 34 125]";
  return string(StringOf(arg));
}

std::string JsonValue(const Arg& arg, Version version, const std::string& error) {
  const std::string& type = arg.type;
  const Version json{27};
  if (IsError(arg)) return Quote(ErrorOf(arg, error));
  if (type == "ref" && version.minor >= 23) return R"({"name":"web","namespace":"ns"})";
  if (type == "refs") {
    return version.minor >= 23
               ? R"([{"name":"web","namespace":"ns"},{"name":"db","namespace":"ns"}])"
               : R"(["ns/web","ns/db"])";
  }
  if (type == "states" && version.minor < 24) return TextValue(arg, version, error);
  if (type == "worktype" && !version.json_values()) return "1";
  return TextValue(arg, json, error);
}

// A printf verb's value.
std::string VerbValue(const Arg& arg, std::string_view verb, Version version,
                      const std::string& error) {
  const bool quoted = verb == "q";
  const std::string& type = arg.type;
  std::string text;
  if (IsError(arg)) {
    text = error;
  } else if (type == "int" || type == "int_s") {
    return arg.name == "exitCode" ? "137" : "30";
  } else if (type == "cid-struct") {
    const std::string& id = arg.name.find("andbox") == std::string::npos ? kHex : kSandbox;
    return quoted ? "{\"docker\" \"" + id + "\"}" : "{docker " + id + "}";
  } else if (type == "ids") {
    if (arg.name == "aliases") return "[k8s_app_web_ns_" + kUid + "_0 " + kHex + "]";
    return "[\"" + kSandbox + "\" \"" + kHex + "\"]";
  } else if (type == "cgroup") {
    return "[kubepods burstable pod" + kUid + "]";
  } else if (type == "dump") {
    return arg.name == "container" ? "&Container{Name:app,Image:nginx,Command:[],Args:[a in b],}"
                                   : std::string(kGoDump);
  } else if (type == "gostruct") {
    return "&pleg.PodLifecycleEvent{ID:\"" + kUid + "\", Type:\"ContainerDied\", Data:\"" + kHex +
           "\"}";
  } else if (type == "key") {
    return "{volumeName:" + kUnique + " podName:" + kUid + " nodeName:}";
  } else if (type == "retry") {
    return "Operation for \"{volumeName:" + kUnique + " podName:" + kUid +
           " nodeName:}\" failed. No retries permitted until 2023-12-23 17:20:24.558747541 -0700 "
           "MST "
           "m=+8817894.563114988 (durationBeforeRetry 2m2s). Error: " +
           (version.minor <= 21 ? Quote(error) : error);
  } else if (type == "objectref") {
    return "v1.ObjectReference{Kind:\"Pod\", Namespace:\"ns\", Name:\"web\", UID:\"" + kUid +
           "\", APIVersion:\"v1\", ResourceVersion:\"7\", FieldPath:\"spec.containers{app}\"}";
  } else if (type == "noderef") {
    return "v1.ObjectReference{Kind:\"Node\", Namespace:\"\", Name:\"n1\", UID:\"n1\", "
           "APIVersion:\"\", "
           "ResourceVersion:\"\", FieldPath:\"\"}";
  } else {
    text = StringOf(arg);
  }
  return quoted ? Quote(text) : text;
}

std::string Sprintf(std::string_view format, const std::vector<Arg>& args, Version version,
                    const std::string& error, Expected& expected) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    size_t end = i + 1;
    while (end + 1 < format.size() && (format[end] == '+' || format[end] == '#')) ++end;
    const std::string_view verb = format.substr(end, 1);
    i = end;
    if (verb == "%") {
      out += '%';
    } else if (next == args.size()) {
      out += "x";
    } else {
      const Arg& arg = args[next++];
      NoteArg(arg, expected);
      if (IsError(arg) || arg.type == "retry") {
        expected.error = error;
        expected.error_quoted = verb == "q" || (arg.type == "retry" && version.minor <= 21);
      }
      out += VerbValue(arg, verb, version, error);
    }
  }
  return out;
}

// The first Go string literal of a call's arguments, and what stands behind it.
std::string Literal(std::string_view& text) {
  const size_t open = text.find('"');
  if (open == std::string_view::npos) return {};
  std::string literal;
  size_t i = open + 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    literal += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return literal;
}

// volume.GenerateMsgDetailed("operationExecutor.UnmountVolume started", "") and its like.
std::string VolumeMessage(const TableRow& row, Version version, const std::string& error,
                          Expected& expected) {
  const size_t dot = row.message.find('.');
  const std::string receiver = row.message.substr(0, dot);
  const bool is_error = row.message.find("GenerateErrorDetailed") != std::string::npos;
  const bool is_simple = row.message.find("GenerateMsg(") != std::string::npos;
  std::string_view rest = row.message;
  std::string prefix = Literal(rest);
  if (const size_t verb = prefix.find("%v"); verb != std::string::npos)
    prefix.replace(verb, 2, "true");
  std::string suffix = Literal(rest);
  if (const size_t verb = suffix.find("%q"); verb != std::string::npos)
    suffix.replace(verb, 2, "\"/x\"");
  if (row.message.find("remountingLogStr") != std::string::npos && row.verbosity() == 5) {
    suffix = "Volume is already mounted to pod, but remount was requested.";
  }
  if (is_error) {
    suffix = ": " + error;
    expected.error = error;
  }
  std::string name = "creds";
  std::string details;
  if (receiver == "volumeToMount") {
    details = "(UniqueName: \"" + kUnique + "\") pod \"web\" (UID: \"" + kUid + "\")";
    expected.name = "web";
  } else if (receiver == "mountedVolume" || receiver == "volumeToUnmount") {
    details = "(UniqueName: \"" + kUnique + "\") pod \"" + kUid + "\" (UID: \"" + kUid + "\")";
    if (version.minor >= 35) name = kUnique;
  } else {
    name = "pvc-1";
    details = "(UniqueName: \"" + kDevice + "\") on node \"n1\"";
  }
  const bool device = name == "pvc-1";
  expected.volume = device ? "pvc-1" : "creds";
  expected.unique_name = device ? kDevice : kUnique;
  if (!device) expected.uid = kUid;
  if (!device) expected.plugin = "kubernetes.io/secret";
  const std::string message = prefix + " for volume \"" + name + "\" " + details + " " + suffix;
  if (!is_simple) return message;
  // Infof got two strings, the second without a verb.
  return prefix + " for volume \"" + name + "\" %!(EXTRA string=" + message + ")";
}

struct Line {
  std::string text;
  Expected expected;
};

std::string MessageOf(const TableRow& row, Version version, const std::string& error,
                      Expected& expected) {
  if (row.message.find(".Generate") != std::string::npos) {
    return VolumeMessage(row, version, error, expected);
  }
  if (row.message.starts_with("log(") || row.message.starts_with("fmt.Errorf(")) {
    std::string_view rest = row.message;
    const std::string format = Literal(rest);
    return (row.message.starts_with("log(") ? "kubernetes.io/csi: " : "") +
           Sprintf(format, {}, version, error, expected);
  }
  if (row.printf()) return Sprintf(row.message, row.args, version, error, expected);
  return row.message;
}

Line Render(const TableRow& row, Version version, bool json, const std::string& error) {
  Line line;
  const std::string message = MessageOf(row, version, error, line.expected);
  std::string logger;
  std::string pairs;
  if (!row.printf()) {
    for (const Arg& arg : row.args) {
      NoteArg(arg, line.expected);
      if (IsError(arg)) {
        line.expected.error = error;
        line.expected.error_quoted = arg.type != "err";
      }
      pairs += json ? "," + Quote(arg.name) + ":" + JsonValue(arg, version, error)
                    : " " + arg.name + "=" + TextValue(arg, version, error);
    }
    // Contextual loggers name themselves; in JSON that stands in the head.
    if (version.minor >= 35 && row.severity() == 'I') {
      if (json) logger = R"("logger":"kubelet",)";
      if (!json) pairs += " logger=\"kubelet\"";
    }
  }
  if (json) {
    line.text = R"({"ts":1700000000123.4567,)" + logger +
                R"("caller":"kubelet/kubelet.go:1","msg":)" +
                Quote(row.printf() ? message + "\n" : message);
    if (row.severity() == 'I') line.text += ",\"v\":" + std::to_string(row.verbosity());
    line.text += pairs + "}";
    return line;
  }
  line.text = std::string(1, row.severity()) + "1123 10:00:00.000001    4321 kubelet.go:1] ";
  line.text += row.printf() ? message : Quote(message) + pairs;
  return line;
}

// --- reading
// --------------------------------------------------------------------------------------------

struct Read {
  explicit Read(const std::string& text) {
    for (const std::string& part : Split(text, '\n')) {
      LogLine line;
      line.text = part;
      EXPECT_FALSE(framer.Push(line)) << "two records: " << text;
    }
    frame = framer.Flush();
    if (!frame || ParseHead(*frame, record) != ParseError::kNone) return;
    parsed = true;
    row = FindRow(record);
    // Whatever has a row must pass the first look, however much of the line has come so far.
    for (size_t size = 0; row != nullptr && size <= record.raw_message.size(); ++size) {
      EXPECT_TRUE(LookAtMessage(record.raw_message.substr(0, size)).event) << text;
    }
    taken = row != nullptr && Extract(record, *frame, *row, event);
  }
  Framer framer;
  std::optional<Frame> frame;
  Record record;
  const CatalogueRow* row = nullptr;
  Event event;
  bool parsed = false;
  bool taken = false;
};

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

// Runs `visit` for each row, each version that prints it, text and JSON, one-line and longer error.
template <typename Visit>
void EachLine(Visit visit) {
  for (const TableRow& row : Table()) {
    for (const int minor : Minors(row.versions)) {
      for (const bool json : {false, true}) {
        if (json && minor < 22) continue;
        for (const std::string& error : {kPlain, kLines}) {
          visit(row, minor, Render(row, Version{minor}, json, error));
        }
      }
    }
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

TEST(EventsTable, KubeletsBefore119NameOperationsWithoutTheirFields) {
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

// --- recorded kubelets
// -------------------------------------------------------------------------------------

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
    R"row(Killing container {container_id:q} with {grace} second grace period)row",
    R"row(Killing container {container_id:q}, but using a {grace} second grace period override)row",
    R"row(Killing container {container_id:q}, but using {grace} second grace period override)row",
    R"row(Killing container {{{_:q} {container_id:q}}}, but using {grace} second grace period override)row",
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
