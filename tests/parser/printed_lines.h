// SPDX-License-Identifier: Apache-2.0
// tests/parser/events.tsv: the kubelet's messages about a pod's phases, by version, as its sources
// print them; and each as every version's klog writes it, in text and JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parser/catalogue.h"
#include "parser/framer.h"

namespace kle::printed {

inline const std::string kUid = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13";
inline const std::string kOtherUid = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
inline const std::string kHex(64, 'a');
inline const std::string kSandbox(64, 'b');
inline const std::string kUnique = "kubernetes.io/secret/" + kUid + "-creds";
inline const std::string kDevice = "kubernetes.io/csi/ebs.csi.aws.com^vol-1";
inline const std::string kPlain = "rpc error: code = Unknown desc = umount \"/x\": target is busy";
inline const std::string kLines =
    "unmount failed: exit status 32\nOutput: umount: /x: target is busy.";

// What a value in the column `keys` may be: plain ones; errors; pods; containers, sandboxes and
// cgroups; what else the kubelet prints of itself. How each looks is in printed_lines.cc.
inline constexpr std::string_view kArgTypes =
    " bool bytes dur float_s int int_s nil str word"
    " err kill-error sandbox-error"
    " ref refs legacy legacy-deleted objectref noderef poddesc podfull cnipod uid"
    " cid cid(type://hex) cid-struct hex ids list cgroup path pleg gostruct states"
    " dump json-string key logger phase retry struct updatetype worktype ";

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

std::vector<std::string> Split(std::string_view text, char by);
const std::vector<TableRow>& Table();
// "1.21,1.23-1.35", "<=1.20": minors. 1.20 is taken to print as 1.19 does.
std::set<int> Minors(const std::string& versions);

// What a line tells, as far as its table says so.
struct Expected {
  std::optional<std::string> ns, name, uid, container, container_id, sandbox_id, error, volume,
      unique_name, plugin, pleg_type, source;
  std::optional<int64_t> grace, exit_code;
  size_t pods = 0;
  size_t states = 0;
  bool no_grace = false;
  bool error_quoted = false;
};

struct Version {
  int minor;
  bool json_values() const { return minor >= 27; }  // klog 2.100
  bool blocks() const { return minor >= 24; }       // klog 2.60
};

struct Line {
  std::string text;
  Expected expected;
};

Line Render(const TableRow& row, Version version, bool json, const std::string& error);

// A line as the parser reads it.
struct Read {
  explicit Read(const std::string& text);
  Framer framer;
  std::optional<Frame> frame;
  Record record;
  const CatalogueRow* row = nullptr;
  Event event;
  bool parsed = false;
  bool taken = false;
};

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

}  // namespace kle::printed
