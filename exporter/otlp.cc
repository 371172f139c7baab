// SPDX-License-Identifier: Apache-2.0
#include "exporter/otlp.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "exporter/build_info.h"
#include "exporter/json_text.h"
#include "exporter/summary.h"

namespace kle {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kInternal = 1;  // SPAN_KIND_INTERNAL
constexpr int kError = 2;     // STATUS_CODE_ERROR
constexpr size_t kHalf = 16;  // hex digits

// FNV-1a: ids must be spread and the same everywhere, not secret.
uint64_t Hash(std::initializer_list<std::string_view> parts) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : parts) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  return hash;
}

std::string Hex(uint64_t number) {
  std::array<char, kHalf + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::string Nanoseconds(Timestamp at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

class Attributes {
 public:
  Attributes& Add(std::string_view key, std::string_view text) {
    if (!text.empty()) Put(key, "stringValue", text);
    return *this;
  }
  Attributes& Add(std::string_view key, const std::optional<int64_t>& number) {
    if (number) Put(key, "intValue", std::to_string(*number));  // 64 bits are text in OTLP's JSON
    return *this;
  }
  Attributes& Add(std::string_view key, const std::optional<Duration>& seconds) {
    if (seconds) Put(key, "doubleValue", ToSeconds(*seconds));
    return *this;
  }
  Attributes& AddFlag(std::string_view key, bool flag) {
    Put(key, "boolValue", flag);
    return *this;
  }
  Json Take() { return std::move(list_); }

 private:
  template <typename Value>
  void Put(std::string_view key, const char* type, Value value) {
    list_.push_back({{"key", key}, {"value", {{type, value}}}});
  }
  Json list_ = Json::array();
};

class Trace {
 public:
  explicit Trace(const TerminationRecord& record) : record_(record), id_(TraceIdOf(record)) {}

  void AppendTo(Json& spans) {
    const std::string root = Root(spans);
    std::string stop = root, unmount = root;
    for (const PhaseSpan& phase : record_.phases) {
      if (!phase.duration()) continue;
      const std::string id = SpanId("phase", Name(phase.phase));
      spans.push_back(Span(id, root, std::string(Name(phase.phase)), *phase.started_at,
                           *phase.ended_at,
                           OfPod()
                               .Add("kubelet_lifecycle.phase", Name(phase.phase))
                               .Add("kubelet_lifecycle.precision", Name(phase.precision))));
      if (phase.phase == Phase::kStopContainers) stop = id;
      if (phase.phase == Phase::kUnmountVolumes) unmount = id;
    }
    for (const ContainerRecord& container : record_.containers) Add(spans, container, stop);
    for (const VolumeRecord& volume : record_.volumes) Add(spans, volume, unmount);
  }

 private:
  std::string SpanId(std::string_view kind, std::string_view what) const {
    return Hex(Hash({id_, kind, what}));
  }

  Attributes OfPod() const {
    Attributes attributes;
    attributes.Add("k8s.namespace.name", record_.namespace_)
        .Add("k8s.pod.name", record_.pod)
        .Add("k8s.pod.uid", record_.uid);
    return attributes;
  }

  Json Span(const std::string& id, const std::string& parent, const std::string& name,
            Timestamp begin, Timestamp end, Attributes& attributes) const {
    Json span{{"traceId", id_}, {"spanId", id}};
    if (!parent.empty()) span["parentSpanId"] = parent;
    span["name"] = name;
    span["kind"] = kInternal;
    span["startTimeUnixNano"] = Nanoseconds(begin);
    span["endTimeUnixNano"] = Nanoseconds(end);
    span["attributes"] = attributes.Take();
    return span;
  }

  Json Events() const {
    Json events = Json::array();
    for (const FailureRecord& failure : record_.failures) {
      Attributes attributes;
      attributes.Add("kubelet_lifecycle.phase", Name(failure.phase))
          .Add("kubelet_lifecycle.reason", Name(failure.reason))
          .Add("kubelet_lifecycle.object", failure.object)
          .Add("kubelet_lifecycle.attempts", std::optional<int64_t>(failure.count))
          .Add("exception.message", Sample(failure));
      events.push_back({{"timeUnixNano", Nanoseconds(failure.first_at)},
                        {"name", "failure"},
                        {"attributes", attributes.Take()}});
    }
    return events;
  }

  std::string Root(Json& spans) const {
    std::string id = SpanId("pod", "");
    const Timestamp begin = BeginOf(record_);
    Attributes attributes = OfPod();
    attributes.Add("kubelet_lifecycle.trigger", Name(record_.trigger))
        .Add("kubelet_lifecycle.outcome", Name(record_.outcome))
        .Add("kubelet_lifecycle.state", Name(record_.state))
        .Add("kubelet_lifecycle.precision", Name(record_.termination_precision))
        .Add("kubelet_lifecycle.termination_seconds", record_.termination())
        .Add("kubelet_lifecycle.reclaim_seconds", record_.reclaim())
        .Add("kubelet_lifecycle.deletion_seconds", record_.deletion())
        .Add("kubelet_lifecycle.grace_granted_seconds", record_.grace_granted)
        .Add("kubelet_lifecycle.grace_used_seconds", record_.grace_used)
        .AddFlag("kubelet_lifecycle.grace_exceeded", record_.grace_exceeded);
    Json span = Span(id, "", "pod termination", begin, EndOf(record_).value_or(begin), attributes);
    span["events"] = Events();
    if (record_.outcome == Outcome::kFailed) span["status"] = {{"code", kError}};
    spans.push_back(std::move(span));
    return id;
  }

  void Add(Json& spans, const ContainerRecord& container, const std::string& parent) const {
    if (!container.stop_duration()) return;
    Attributes attributes = OfPod();
    attributes.Add("k8s.container.name", container.name)
        .Add("container.id", container.id)
        .Add("process.exit.code", container.exit_code)
        .Add("kubelet_lifecycle.outcome", Name(container.outcome))
        .Add("kubelet_lifecycle.precision", Name(container.precision))
        .Add("kubelet_lifecycle.grace_granted_seconds", container.grace_seconds)
        .Add("kubelet_lifecycle.prestop_seconds", container.prestop)
        .Add("kubelet_lifecycle.attempts", std::optional<int64_t>(container.attempts));
    spans.push_back(Span(SpanId("container", container.name + '/' + container.id), parent,
                         "container " + container.name, *container.kill_started_at,
                         *container.exited_at, attributes));
  }

  void Add(Json& spans, const VolumeRecord& volume, const std::string& parent) const {
    if (!volume.duration()) return;
    Attributes attributes = OfPod();
    attributes.Add("k8s.volume.name", volume.name)
        .Add("kubelet_lifecycle.volume_plugin", volume.plugin)
        .Add("kubelet_lifecycle.attempts", std::optional<int64_t>(volume.attempts))
        .Add("kubelet_lifecycle.failures", std::optional<int64_t>(volume.failures));
    spans.push_back(Span(SpanId("volume", volume.unique_name + '/' + volume.name), parent,
                         "volume " + volume.name, *volume.started_at, *volume.unmounted_at,
                         attributes));
  }

  const TerminationRecord& record_;
  const std::string id_;
};

}  // namespace

std::string TraceIdOf(const TerminationRecord& record) {
  std::string digits;
  for (const char c : record.uid) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (digits.size() < kHalf) digits = Hex(Hash({record.namespace_, record.pod}));
  return digits.substr(0, kHalf) + Hex(Hash({record.uid, FormatTimestamp(BeginOf(record))}));
}

std::string OtlpTraces(std::span<const RecordPtr> records, const TraceSource& source) {
  Json spans = Json::array();
  for (const RecordPtr& record : records) Trace(*record).AppendTo(spans);
  Attributes resource;
  resource.Add("service.name", std::string_view("kubelet"))
      .Add("service.version", source.kubelet_version)
      .Add("k8s.node.name", source.node);
  const Json scope{{"name", "kubelet-lifecycle-exporter"}, {"version", Version()}};
  Json scope_spans = Json::array();
  scope_spans.push_back({{"scope", scope}, {"spans", std::move(spans)}});
  Json resource_spans = Json::array();
  resource_spans.push_back(
      {{"resource", {{"attributes", resource.Take()}}}, {"scopeSpans", std::move(scope_spans)}});
  Json request;
  request["resourceSpans"] = std::move(resource_spans);
  return JsonText(request);
}

}  // namespace kle
