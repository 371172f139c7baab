// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "exporter/complain.h"
#include "exporter/line_reader.h"
#include "exporter/options.h"
#include "exporter/terminal.h"
#include "exporter/text.h"
#include "metrics/failure_kind.h"
#include "metrics/tracker.h"
#include "parser/catalogue.h"
#include "parser/event.h"
#include "parser/framer.h"
#include "parser/klog.h"
#include "parser/reason.h"

namespace kle {
namespace {

constexpr size_t kLabel = 10;

// Of a text beside its label; without end where no terminal shows it.
size_t TextColumns() {
  const size_t width = TerminalWidth(STDOUT_FILENO);
  if (width == 0) return std::string::npos;
  return width > 2 * kLabel ? width - kLabel : kLabel;
}

class Explainer {
 public:
  void Take(std::string_view text) {
    LogLine line;
    line.text = text;
    if (const auto frame = framer_.Push(line)) Explain(*frame);
    if (framer_.last_line_format() == LineFormat::kOther) Other(text);
  }

  void Finish() {
    while (const auto frame = framer_.Flush()) Explain(*frame);
  }

 private:
  // Nothing is cut: a terminal gets it in lines, what reads a pipe as it is.
  void Say(std::string_view label, std::string_view text) const {
    std::string_view name = label;
    for (const std::string& line : Fold(text, columns_)) {
      std::printf("%s%s\n", Cell(name, kLabel).c_str(), line.c_str());
      name = "";
    }
  }

  void Other(std::string_view text) const {
    Say("line", text);
    Say("format", "other");
    Say("no event", text.starts_with("\"")
                        ? "no klog header (I1123 23:01:26.161509   28696 kubelet.go:1987] ) in "
                          "front of the message: the line has no time"
                        : "neither a klog header nor a JSON object with \"msg\"");
    std::printf("\n");
  }

  void Explain(const Frame& frame) {
    if (frame.format == LineFormat::kOther) return;
    Say("line", frame.text);
    Say("format", Name(frame.format));
    if (const ParseError error = ParseHead(frame, record_); error != ParseError::kNone) {
      Say("no event", "the record cannot be read: " + std::string(Name(error)));
    } else {
      Header();
      FindEvent(frame);
    }
    std::printf("\n");
  }

  void Header() {
    std::string text(1, Letter(record_.severity));
    if (record_.epoch) {
      text.append(" ").append(FormatTimestamp(*record_.epoch));
    } else if (record_.stamp) {
      char stamp[48];
      std::snprintf(stamp, sizeof stamp, " %02d-%02d %02d:%02d:%02d.%06u", record_.stamp->month,
                    record_.stamp->day, record_.stamp->hour, record_.stamp->minute,
                    record_.stamp->second, record_.stamp->microsecond);
      text += stamp;
    }
    if (record_.pid != 0) text += ", pid " + std::to_string(record_.pid);
    if (!record_.file.empty()) text.append(", ").append(record_.file);
    if (record_.level >= 0) text += ", -v=" + std::to_string(record_.level);
    Say("header", text);
    Say("message", record_.message);
  }

  void FindEvent(const Frame& frame) {
    const CatalogueRow* row = FindRow(record_);
    if (row == nullptr) {
      Say("no event", "no row of the catalogue has this message");
      Fields(ParseFields(record_));
      return;
    }
    Row(*row);
    event_.Clear();
    if (!Extract(record_, frame, *row, event_)) {
      Fields(ParseError::kNone);
      Say("no event", "the line contradicts its row: a part that the row needs is missing");
      return;
    }
    Fields(ParseError::kNone);
    if (event_.row != nullptr && event_.row != row) Row(*event_.row);
    if (event_.kind == EventKind::kRedirect) {
      Say("no event", "no row takes the error text of this line");
      return;
    }
    Tells();
  }

  void Row(const CatalogueRow& row) const {
    Say("event", Name(row.kind));
    Say("row", row.message);
    const bool kubelet = row.source == LogSource::kKubelet;
    std::string versions = (kubelet ? "Kubernetes " : "") + std::string(row.since);
    versions += row.until.empty() ? " and later" : " to " + std::string(row.until);
    if (kubelet) versions += ", printed at -v=" + std::to_string(row.level);
    if (row.source != LogSource::kKernel) Say("since", versions);
    Say("meaning", row.meaning);
  }

  void Fields(ParseError error) {
    for (const Field& field : record_.fields) {
      Say("field", std::string(field.key) + " = " + std::string(field.value));
    }
    if (error != ParseError::kNone) {
      Say("field", "the rest cannot be read: " + std::string(Name(error)));
    }
  }

  void Tells() {
    for (const PodRef& pod : event_.pods) Pod(pod);
    if (event_.pods.empty() && event_.pod != PodRef()) Pod(event_.pod);
    for (const auto& [label, value] :
         {std::pair("container", event_.container), std::pair("id", event_.container_id),
          std::pair("sandbox", event_.sandbox_id), std::pair("volume", event_.volume),
          std::pair("unique", event_.unique_name), std::pair("plugin", event_.plugin)}) {
      if (!value.empty()) Say(label, value);
    }
    if (event_.grace_seconds) Say("grace", std::to_string(*event_.grace_seconds) + " s");
    if (event_.exit_code) Say("exit code", std::to_string(*event_.exit_code));
    if (event_.exited_at) Say("exited at", FormatTimestamp(*event_.exited_at));
    if (event_.kind == EventKind::kFailure && event_.row != nullptr) Failure();
    const auto effects = EffectsOf(event_.kind);
    for (const std::string_view effect : effects) Say("effect", effect);
    if (event_.kind == EventKind::kVerbosity) {
      Say("effect", "none: it only proves the verbosity, and that the kubelet was there");
    } else if (effects.empty()) {
      Say("effect", "none: it only shows that its pod lives");
    }
  }

  void Pod(const PodRef& pod) const {
    std::string text(pod.namespace_);
    if (!text.empty()) text += '/';
    text += pod.name;
    if (!pod.uid.empty()) text.append(text.empty() ? "" : " ").append("uid ").append(pod.uid);
    Say("pod", text);
  }

  void Failure() const {
    const auto kind = KindOfFailure(event_);
    if (!kind) return Say("phase", "none: its error is about no step of a pod's end");
    Say("phase", Name(kind->phase));
    if (kind->reason == Reason::kOther && event_.error.empty()) {
      Say("reason", "not in this line: another line of the same attempt tells it");
      return;
    }
    Say("reason", Name(kind->reason));
    Say("", Info(kind->reason).meaning);
    Say("hint", Info(kind->reason).hint);
  }

  const size_t columns_ = TextColumns();
  Framer framer_;
  Record record_;
  Event event_;
};

int ExplainInput(Explainer& explainer) {
  auto bytes = OpenBytes("-");
  if (!bytes) return Complain(kRuntimeError, bytes.error().message());
  LineReader reader(std::move(*bytes));
  std::string_view line;
  while (true) {
    auto got = reader.Next(line);
    if (!got) return Complain(kRuntimeError, got.error().message());
    if (!*got && !reader.TakeRest(line)) return kOk;
    explainer.Take(line);
  }
}

}  // namespace

int RunExplain(const ExplainOptions& options) {
  Explainer explainer;
  int code = kOk;
  if (options.lines.empty()) code = ExplainInput(explainer);
  for (const std::string& line : options.lines) {
    if (line == "-") {
      code = ExplainInput(explainer);
    } else {
      explainer.Take(line);
    }
  }
  explainer.Finish();
  return code;
}

}  // namespace kle
