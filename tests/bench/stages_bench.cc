// SPDX-License-Identifier: Apache-2.0
// What each stage costs for a line, one on top of the other: the difference of two rows is a stage.
//   stages_bench --text=FILE --json=FILE [--benchmark_...]
// Everything lies in memory; the whole programs, with reading, are compared by bench.py.
#include <benchmark/benchmark.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric_set.h"
#include "metrics/pipeline.h"
#include "parser/catalogue.h"
#include "parser/framer.h"
#include "parser/klog.h"

namespace {

using namespace kle;

struct Corpus {
  std::string bytes;
  size_t lines = 0;
  size_t events = 0;

  bool Load(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    Record record;
    ForEachLine([&](std::string_view line) {
      ++lines;
      const bool good = ParseHead(FrameOf(line), record) == ParseError::kNone;
      if (good && FindRow(record) != nullptr) ++events;
    });
    return lines > 0;
  }

  static Frame FrameOf(std::string_view line) {
    Frame frame;
    frame.text = line;
    frame.format = line.starts_with('{') ? LineFormat::kKlogJson : LineFormat::kKlogText;
    return frame;
  }

  template <typename Visit>
  void ForEachLine(Visit visit) const {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at < end) {
      const void* found = std::memchr(at, '\n', static_cast<size_t>(end - at));
      const char* const stop = found != nullptr ? static_cast<const char*>(found) : end;
      visit(std::string_view(at, static_cast<size_t>(stop - at)));
      at = stop + 1;
    }
  }
};

// ns a line of the corpus, whatever share of the lines a stage looks at.
void PerLine(benchmark::State& state, const Corpus& corpus) {
  const auto lines = static_cast<double>(corpus.lines);
  state.counters["line"] = benchmark::Counter(
      lines, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["events"] = static_cast<double>(corpus.events);
}

void Split(benchmark::State& state, const Corpus& corpus) {
  for (auto _ : state) {
    size_t bytes = 0;
    corpus.ForEachLine([&](std::string_view line) { bytes += line.size(); });
    benchmark::DoNotOptimize(bytes);
  }
  PerLine(state, corpus);
}

void FrameLines(benchmark::State& state, const Corpus& corpus) {
  for (auto _ : state) {
    Framer framer;
    corpus.ForEachLine([&](std::string_view text) {
      LogLine line;
      line.text = text;
      benchmark::DoNotOptimize(framer.Push(line));
    });
  }
  PerLine(state, corpus);
}

// The header, and whether the message can be an event's: all that is done to most lines.
void Header(benchmark::State& state, const Corpus& corpus) {
  Record record;
  for (auto _ : state) {
    corpus.ForEachLine([&](std::string_view line) {
      if (ParseHeader(Corpus::FrameOf(line), record) == ParseError::kNone) {
        benchmark::DoNotOptimize(LookAtMessage(record.raw_message).event);
      }
    });
  }
  PerLine(state, corpus);
}

// Calls `use` for every event of the corpus.
template <typename Use>
void ForEachEvent(const Corpus& corpus, Record& record, Use use) {
  corpus.ForEachLine([&](std::string_view line) {
    const Frame frame = Corpus::FrameOf(line);
    if (ParseHeader(frame, record) != ParseError::kNone || !LookAtMessage(record.raw_message).event)
      return;
    if (ParseHead(frame, record) != ParseError::kNone) return;
    if (const CatalogueRow* row = FindRow(record)) use(frame, *row);
  });
}

void Dispatch(benchmark::State& state, const Corpus& corpus) {
  Record record;
  for (auto _ : state) {
    ForEachEvent(corpus, record,
                 [](const Frame&, const CatalogueRow& row) { benchmark::DoNotOptimize(&row); });
  }
  PerLine(state, corpus);
}

void Tokenize(benchmark::State& state, const Corpus& corpus) {
  Record record;
  for (auto _ : state) {
    ForEachEvent(corpus, record, [&](const Frame&, const CatalogueRow&) {
      benchmark::DoNotOptimize(ParseFields(record));
    });
  }
  PerLine(state, corpus);
}

void ExtractEvents(benchmark::State& state, const Corpus& corpus) {
  Record record;
  Event event;
  for (auto _ : state) {
    ForEachEvent(corpus, record, [&](const Frame& frame, const CatalogueRow& row) {
      benchmark::DoNotOptimize(Extract(record, frame, row, event));
    });
  }
  PerLine(state, corpus);
}

PipelineOptions InUtc() {
  PipelineOptions options;
  options.zone.timezone = "UTC";
  return options;
}

// Framing, parsing, tracking and counting: all that is done to a line.
void Track(benchmark::State& state, const Corpus& corpus) {
  for (auto _ : state) {
    Pipeline pipeline(InUtc());
    corpus.ForEachLine([&](std::string_view text) {
      LogLine line;
      line.text = text;
      pipeline.Push(line);
    });
    pipeline.Finish();
    benchmark::DoNotOptimize(pipeline.summary().events);
  }
  PerLine(state, corpus);
}

// The same as a file's lines get it: in blocks, and one by one where that does not take them.
void TrackBlocks(benchmark::State& state, const Corpus& corpus) {
  for (auto _ : state) {
    Pipeline pipeline(InUtc());
    std::string_view rest = corpus.bytes;
    while (!rest.empty()) {
      rest.remove_prefix(pipeline.PushBlock(rest));
      LogLine line;
      line.text = rest.substr(0, rest.find('\n'));
      if (!rest.empty()) pipeline.Push(line);
      rest.remove_prefix(std::min(line.text.size() + 1, rest.size()));
    }
    pipeline.Finish();
    benchmark::DoNotOptimize(pipeline.summary().events);
  }
  PerLine(state, corpus);
}

void Observe(benchmark::State& state) {
  MetricSet metrics;
  for (auto _ : state) {
    metrics.ObservePhase(Phase::kDispatch, Precision::kExact, std::chrono::seconds(3));
  }
}

void ObserveUnmount(benchmark::State& state) {
  MetricSet metrics;
  for (auto _ : state) {
    metrics.ObserveUnmount("kubernetes.io/csi", "unmount", std::chrono::milliseconds(30));
  }
}

// A scrape's work, over the series that the corpus brings.
void Serialise(benchmark::State& state, const Corpus& corpus) {
  Pipeline pipeline(InUtc());
  corpus.ForEachLine([&](std::string_view text) {
    LogLine line;
    line.text = text;
    pipeline.Push(line);
  });
  const auto series = [](const std::string& text) {
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      count += text[at] == '#' ? 0 : 1;
    }
    return static_cast<double>(count);
  };
  const prometheus::TextSerializer serializer;
  std::string text;
  for (auto _ : state) {
    text = serializer.Serialize(pipeline.metrics().Collect());
    benchmark::DoNotOptimize(text);
  }
  state.counters["series"] = series(text);
  state.counters["per_series"] = benchmark::Counter(
      series(text), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

std::string TakeFlag(std::vector<char*>& arguments, std::string_view flag) {
  for (auto it = arguments.begin(); it != arguments.end(); ++it) {
    const std::string_view argument = *it;
    if (!argument.starts_with(flag)) continue;
    arguments.erase(it);
    return std::string(argument.substr(flag.size()));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  static std::array<Corpus, 2> corpora;
  const std::array<std::string, 2> names = {"text", "json"};
  for (size_t i = 0; i < corpora.size(); ++i) {
    const std::string path = TakeFlag(arguments, "--" + names[i] + "=");
    if (path.empty()) continue;
    if (!corpora[i].Load(path)) {
      std::cerr << "stages_bench: " << path << " has no lines\n";
      return 2;
    }
    const std::pair<const char*, void (*)(benchmark::State&, const Corpus&)> stages[] = {
        {"split", Split},       {"frame", FrameLines},         {"header", Header},
        {"dispatch", Dispatch}, {"tokenize", Tokenize},        {"extract", ExtractEvents},
        {"track", Track},       {"track_blocks", TrackBlocks}, {"serialise", Serialise},
    };
    for (const auto& [stage, run] : stages) {
      benchmark::RegisterBenchmark((names[i] + "/" + stage).c_str(), run, std::cref(corpora[i]));
    }
  }
  benchmark::RegisterBenchmark("observe/known_labels", Observe);
  benchmark::RegisterBenchmark("observe/plugin", ObserveUnmount);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
