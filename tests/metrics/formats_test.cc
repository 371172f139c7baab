// SPDX-License-Identifier: Apache-2.0
// One run in every form that a user may have it in gives the same records.
#include <gtest/gtest.h>

#include <algorithm>

#include "parser/framer.h"
#include "parser/klog.h"
#include "parser/values.h"
#include "tests/support/lives.h"

namespace kle {
namespace {

using namespace testing;

// What must be equal: everything that a record says.
std::string Digest(const Measured& run) {
  std::vector<TerminationRecord> all = run.ended;
  all.insert(all.end(), run.in_flight.begin(), run.in_flight.end());
  std::ranges::sort(all, {}, &TerminationRecord::uid);
  const auto at = [](const std::optional<Timestamp>& time) {
    return time ? FormatTimestamp(*time) : "-";
  };
  std::string text;
  for (const TerminationRecord& record : all) {
    text += record.namespace_ + "/" + record.pod + " " + record.uid + " " +
            std::string(Name(record.trigger)) + " " + std::string(Name(record.outcome)) + " " +
            std::string(Name(record.state)) + " " + at(record.requested_at) + " " +
            at(record.terminated_at) + " " + at(record.reclaimed_at) + " " + at(record.removed_at);
    for (const PhaseSpan& span : record.phases) {
      text += " " + std::string(Name(span.phase)) + "=" + at(span.started_at) + ".." +
              at(span.ended_at) + std::string(Name(span.precision));
    }
    for (const ContainerRecord& container : record.containers)
      text += " " + container.id + at(container.exited_at);
    text += "\n";
  }
  return text;
}

std::vector<std::string> LinesOfARun() {
  Random random(Seed());
  std::vector<Stamped> lines;
  for (int pod = 0; pod < 12; ++pod) {
    const auto life =
        Life(random, "default/p" + std::to_string(pod), 5, 5 + static_cast<double>(random() % 40));
    lines.insert(lines.end(), life.begin(), life.end());
  }
  std::ranges::stable_sort(lines, {}, &Stamped::at);
  return Print(lines);
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out + "\"";
}

std::string RefJson(const PodRef& ref) {
  return "{\"name\":" + Quote(ref.name) + ",\"namespace\":" + Quote(ref.namespace_) + "}";
}

// The same record as the kubelet's JSON logger prints it.
std::string AsJson(const std::string& line) {
  Frame frame;
  frame.format = LineFormat::kKlogText;
  frame.text = line;
  Record record;
  EXPECT_EQ(ParseHead(frame, record), ParseError::kNone) << line;
  ParseFields(record);
  const HeaderStamp& s = *record.stamp;
  using namespace std::chrono;
  const auto day = sys_days{year{2026} / month{s.month} / s.day};
  const auto at =
      day + hours{s.hour} + minutes{s.minute} + seconds{s.second} + microseconds{s.microsecond};
  const auto micros = time_point_cast<microseconds>(at).time_since_epoch().count();
  char ts[48];
  std::snprintf(ts, sizeof(ts), "%lld.%03lld", static_cast<long long>(micros / 1000),
                static_cast<long long>(micros % 1000));
  std::string json = std::string("{\"ts\":") + ts +
                     ",\"caller\":\"x/file.go:1\",\"msg\":" + Quote(record.message) + ",\"v\":2";
  for (const Field& field : record.fields) {
    json += ",\"" + std::string(field.key) + "\":";
    if (field.key == "pod") {
      json += RefJson(*ParsePodRef(field));
    } else if (field.key == "pods") {
      std::vector<PodRef> refs;
      ParsePodRefs(field, refs);
      json += "[";
      for (size_t i = 0; i < refs.size(); ++i) json += (i > 0 ? "," : "") + RefJson(refs[i]);
      json += "]";
    } else if (field.key == "event") {
      const auto event = ParsePlegEvent(field);
      json += "{\"ID\":" + Quote(event->uid) + ",\"Type\":" + Quote(event->type) +
              ",\"Data\":" + Quote(event->data) + "}";
    } else if (const auto number = ParseInteger(field); number && field.form == ValueForm::kBare) {
      json += std::to_string(*number);
    } else {
      json += Quote(field.value);
    }
  }
  return json + "}";
}

class Formats : public ::testing::Test {
 protected:
  const std::vector<std::string> lines_ = LinesOfARun();
  const std::string plain_ = Digest(Replay(lines_));

  void ExpectSame(const std::function<std::string(const std::string&)>& wrap) {
    std::vector<std::string> wrapped;
    for (const std::string& line : lines_) wrapped.push_back(wrap(line));
    EXPECT_EQ(Digest(Replay(wrapped)), plain_);
  }
  // "10:00:07.250000" of a header
  static std::string TimeOf(const std::string& line) { return line.substr(6, 15); }
};

TEST_F(Formats, HasSomethingToCompare) { EXPECT_GE(std::ranges::count(plain_, '\n'), 10); }

TEST_F(Formats, Json) { ExpectSame(AsJson); }

TEST_F(Formats, JournalctlShort) {
  ExpectSame([](const std::string& line) {
    return "Nov 23 " + TimeOf(line).substr(0, 8) + " node-1 kubelet[4321]: " + line;
  });
}

TEST_F(Formats, JournalctlShortIsoPrecise) {
  ExpectSame([](const std::string& line) {
    return "2026-11-23T" + TimeOf(line) + "+0000 node-1 kubelet[4321]: " + line;
  });
}

TEST_F(Formats, RsyslogFile) {
  ExpectSame([](const std::string& line) {
    return "2026-11-23T" + TimeOf(line) + "+00:00 node-1.example kubelet[4321]: " + line;
  });
}

TEST_F(Formats, DockerJsonFile) {
  ExpectSame([](const std::string& line) {
    return "{\"log\":" + Quote(line).substr(0, Quote(line).size() - 1) +
           "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T" + TimeOf(line) + "Z\"}";
  });
}

TEST_F(Formats, K0sLogrus) {
  ExpectSame([](const std::string& line) {
    return "time=\"2026-11-23 " + TimeOf(line).substr(0, 8) + "\" level=info msg=" + Quote(line) +
           " component=kubelet stream=stderr";
  });
}

TEST_F(Formats, MicroShiftPrefix) {
  ExpectSame([](const std::string& line) { return "kubelet " + line; });
}

TEST_F(Formats, JournalEntriesInAnotherZone) {
  // The kubelet writes local time of +05:30; journald stamps the entry 200 us later.
  PipelineOptions options;  // no zone given: found from the receive time
  Measured run;
  Pipeline pipeline(options, [&run](const RecordPtr& record) { run.ended.push_back(*record); });
  HeaderClock clock(ZoneOptions{"UTC", 2026, {}});
  for (const std::string& line : lines_) {
    Frame frame;
    frame.format = LineFormat::kKlogText;
    frame.text = line;
    Record record;
    ASSERT_EQ(ParseHead(frame, record), ParseError::kNone);
    const Timestamp utc = *clock.Resolve(*record.stamp, std::nullopt);
    const std::string stamp = FormatTimestamp(utc + std::chrono::minutes(330));
    const std::string moved = line.substr(0, 1) + stamp.substr(5, 2) + stamp.substr(8, 2) + " " +
                              stamp.substr(11, 15) + line.substr(21);
    LogLine entry;
    entry.text = moved;
    entry.received = utc + std::chrono::microseconds(200);
    pipeline.Push(entry);
  }
  pipeline.Finish();
  run.in_flight = pipeline.InFlight();
  EXPECT_EQ(Digest(run), plain_);
}

}  // namespace
}  // namespace kle
