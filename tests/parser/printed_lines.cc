// SPDX-License-Identifier: Apache-2.0
#include "tests/parser/printed_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace kle::printed {

std::vector<std::string> Split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(by);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace {

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
      if (cell.empty()) continue;
      const size_t colon = std::min(cell.find(':'), cell.size() - 1);
      const Arg& arg = row.args.emplace_back(Arg{cell.substr(0, colon), cell.substr(colon + 1)});
      if (kArgTypes.find(' ' + arg.type + ' ') == std::string_view::npos) {
        ADD_FAILURE() << row.id << ": " << cell << " has none of the types of printed_lines.h";
      }
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

const std::vector<TableRow>& Table() {
  static const std::vector<TableRow> table = ReadTable();
  return table;
}

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

namespace {

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

}  // namespace

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

Read::Read(const std::string& text) {
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

}  // namespace kle::printed
