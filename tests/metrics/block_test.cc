// SPDX-License-Identifier: Apache-2.0
// Lines that come in blocks measure what the same lines measure one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/lines.h"

namespace kle {
namespace {

using namespace testing;

struct Fed {
  std::string state;  // all that is known
  std::vector<std::string> records;
  std::string totals;
  uint64_t pushed = 0;  // one by one
};

enum class As { kLines, kOffered, kBlocks };

Fed Feed(const std::string& text, As as, size_t block_size = 0) {
  Fed fed;
  PipelineOptions options;
  options.zone = {"UTC", 2026, std::nullopt};
  Pipeline pipeline(options, [&](const RecordPtr& record) {
    fed.records.push_back(record->namespace_ + "/" + record->pod + " " + record->uid);
  });
  size_t at = 0;
  while (at < text.size()) {
    if (as == As::kBlocks) {
      EXPECT_EQ(pipeline.PushBlock({}), 0u);
      at += pipeline.PushBlock(std::string_view(text).substr(at, block_size));
    }
    if (at == text.size()) break;
    const size_t end = std::min(text.find('\n', at), text.size());
    LogLine line;
    line.text = std::string_view(text).substr(at, end - at);
    if (as != As::kOffered || pipeline.PassOver(line) != Need::kNothing) {
      pipeline.Push(line);
      ++fed.pushed;
    }
    at = std::min(end + 1, text.size());
  }
  Encoder encoder(fed.state);
  pipeline.Save(encoder);
  fed.totals = MetricSet::Totals(pipeline.metrics().Collect());
  return fed;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What may stand between the lines of a life, and what may be odd about one.
const std::vector<std::string>& Odd() {
  static const std::vector<std::string> odd = {
      "",
      "\ta continuation",
      "Flag --x has been deprecated",
      "{\"ts\":1795428000000.5,\"caller\":\"kubelet/kubelet.go:1\",\"msg\":\"SyncLoop "
      "DELETE\",\"v\":2,"
      "\"source\":\"api\",\"pods\":[{\"name\":\"web-1\",\"namespace\":\"default\"}]}",
      "{\"ts\":1795428000000.5,\"caller\":\"kubelet/http.go:1\",\"msg\":\"Probe "
      "succeeded\",\"v\":9,"
      "\"probe\":\"" +
          std::string(100, 'p') + "\"}",
      "{\"ts\":1795428000001,\"caller\":\"kubelet/http.go:1\",\"msg\":\"Probe \\\"x\\\" "
      "\\\\\",\"v\":2}",
      "{\"ts\":1795428000001,\"caller\":\"kubelet/http.go:1\",\"msg\":\"no level\",\"err\":\"x\"}",
      "{\"ts\":179542800000x,\"caller\":\"kubelet/http.go:1\",\"msg\":\"no stamp\",\"v\":2}",
      "{\"ts\":1795428000001,\"caller\":\"kubelet/http.go:1\",\"msg\":\"cut",
      At(7.5, "\"Short\""),
      At(7.5, "SyncLoop DELETE unquoted " + std::string(100, 'x')),
      At(7.5, "\"SyncLoop DELETE\"x" + std::string(120, 'y')),
      At(7.5, "\"SyncLoop DELETE\" bad fields\"" + std::string(120, 'y')),
      At(7.5, "\"Probe succeeded\" probeType=\"Readiness\" pod=\"a/b\" " + std::string(100, 'z')) +
          "\r",
      At(7.25, Kill(7)) + "\r",
      At(7.25, "\"Something of no interest to anybody at all\" err=<"),
      At(7.25, "\"Something of no interest to anybody at all\" more=\"" + std::string(90, 'm') +
                   "\" err=<"),
      At(7.5, SyncLoop("DELETE")) + " err=<",
      " >",
      At(7.25, "\"Probe succeeded\" probeType=\"Readiness\" pod=\"a/b\" " + std::string(100, 'z')),
      At(7.25, "\"Probe succeeded\" probeType=\"Readiness\" pod=\"a/b\" " + std::string(100, 'z'),
         99),
      At(9, "Starting operationExecutor.MountVolume for volume " + std::string(100, 'v')),
      // What proves a verbosity, whole and not, and what only looks so.
      At(7.25, "\"SyncLoop (housekeeping)\" pad=" + std::string(60, 'p')),
      At(7.75, "\"SyncLoop (housekeeping)\"pad=" + std::string(60, 'p')),
      At(8.25, "\"SyncLoop (housekeeping)\" pad=" + std::string(60, 'p'), 99),
      At(7.25, "\"Processing pod event\" err=<"),
      At(7.25, "\"Starting operationExecutor.UnmountVolume for volume \\\"v\\\" (\" pod=\"a/b\"" +
                   std::string(60, 'v')),
      At(9, "\"Starting operationExecutor.UnmountVolume for volume \\\"v\\\" (" +
                std::string(60, 'v') + "\" err=<"),
      At(9, "\"Starting operationExecutor.UnmountVolume for volume \\\"v\\\" (cut" +
                std::string(60, 'v')),
      At(9, "\"Starting operationExecutor.UnmountVolume for volume \"" + std::string(60, 'v')),
      At(9, "\"Starting operationExecutor.UnmountVolume for volume  \"" + std::string(60, 'v')),
      At(8.3, "\"operationExecutor.UnmountVolume startle " + std::string(100, 'v') + "\""),
      At(7.25, "SyncLoop DELETE\" source=\"api\" pods=[default/web-4] " + std::string(100, 'x')),
      At(9, "\"Pod status updated\" pod=\"a/b\" " + std::string(2000, 's')),
      "Nov 23 10:00:09 node kubelet[1]: " + At(9, SyncLoop("DELETE", "default/web-2")),
      "X1123 10:00:09.000000    4321 file.go:1] \"no severity\" " + std::string(100, 'q'),
      "I1123 10:00:99.000000    4321 file.go:1] \"no second\" " + std::string(100, 'q'),
  };
  return odd;
}

std::vector<std::string> Life() {
  std::vector<std::string> lines = Started();
  const auto add = [&](double at, const std::string& text) { lines.push_back(At(at, text)); };
  add(7, SyncLoop("DELETE"));
  add(7.1, OfPod("Pod termination received"));
  add(7.2, Kill(30));
  add(8, Finished(0));
  add(8.1, Pleg("ContainerDied", kApp));
  add(8.2, Pleg("ContainerDied", kSandbox));
  add(8.3, Volume("started", "token"));
  add(8.4, Volume("unmounted", "token"));
  add(9, SyncLoop("REMOVE"));
  return lines;
}

TEST(BlockTest, MeasuresWhatLinesMeasure) {
  std::minstd_rand random(7);
  uint64_t pushed = 0;
  uint64_t lines_seen = 0;
  uint64_t passed_over = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> lines;
    for (const std::string& line : Life()) {
      for (size_t n = random() % 4; n > 0; --n) lines.push_back(Odd()[random() % Odd().size()]);
      lines.push_back(line);
      // What makes the next line no block's.
      if (round % 3 == 0) continue;
      lines.push_back(At(7.25, "\"Probe succeeded\" pod=\"a/b\" " + std::string(160, 'z')));
    }
    const std::string text = Joined(lines);
    const Fed one_by_one = Feed(text, As::kLines);
    for (const size_t block : {text.size(), size_t{700}, size_t{160}}) {
      const Fed in_blocks = Feed(text, As::kBlocks, block);
      EXPECT_EQ(in_blocks.records, one_by_one.records);
      ASSERT_EQ(in_blocks.totals, one_by_one.totals) << text;
      ASSERT_EQ(in_blocks.state, one_by_one.state) << text;
      pushed += in_blocks.pushed;
      lines_seen += lines.size();
    }
    const Fed offered = Feed(text, As::kOffered);
    EXPECT_EQ(offered.records, one_by_one.records);
    ASSERT_EQ(offered.totals, one_by_one.totals) << text;
    ASSERT_EQ(offered.state, one_by_one.state) << text;
    passed_over += one_by_one.pushed - offered.pushed;
  }
  EXPECT_LT(pushed, lines_seen);
  EXPECT_GT(passed_over, 100u);
}

// JSON as klog writes it, in an order that is random but for the life's own.
TEST(BlockTest, MeasuresWhatLinesOfJsonMeasure) {
  const auto line = [](double at, std::string_view message, int level, std::string_view more) {
    return "{\"ts\":" + std::to_string(1795428000000 + static_cast<int64_t>(at * 1000)) +
           ".25,\"caller\":\"kubelet/file.go:" + std::to_string(message.size()) + "\",\"msg\":\"" +
           std::string(message) + "\",\"v\":" + std::to_string(level) + std::string(more) + "}\n";
  };
  const std::string pods =
      ",\"source\":\"api\",\"pods\":[{\"name\":\"web-1\",\"namespace\":\"default\"}]";
  const std::string pod = ",\"pod\":{\"name\":\"web-1\",\"namespace\":\"default\"},\"podUID\":\"" +
                          std::string(kUid) + "\"";
  const std::string pad = ",\"pad\":\"" + std::string(120, 'p') + "\"";
  std::string cut = line(3, "Probe succeeded", 2, pad);
  cut.erase(cut.size() - 2, 1);
  const std::string odd[] = {
      cut,
      line(3, "Probe succeeded", 4, pad),
      line(3, "Probe succeeded", 5, pad),
      line(3, "Probe succeeded", 12, pad),
      line(3, "Probe succeeded", 2, ""),
      line(3, "Probe \\\"succeeded\\\" \\\\", 2, pad),
      line(3, "Probe \\u0041", 2, pad + ","),
      line(3, "SyncLoop (housekeeping)", 4, pad),
      line(3, "SyncLoop (housekeeping)", 2, pad),
      line(4, "Starting operationExecutor.UnmountVolume for volume \\\"v\\\" (", 5, pad),
      line(3, "Starting operationExecutor.UnmountVolume for volume \\\"v\\\" (", 2, pad),
      line(3, "Starting operationExecutor.UnmountVolume for volume ", 2, pad),
      line(3, "SyncLoop DELETE", 2, ",\"pods\":"),
      line(3, "SyncLoop DELETE", 2, pods + pad),
      line(3, "SyncLoop DELETE\\\"", 2, pods + pad),
      "\n",
      "not JSON\n",
      At(3, SyncLoop("DELETE")) + "\n",
  };
  std::minstd_rand random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (const std::string& one :
         {line(0, "SyncLoop ADD", 2, pods), line(7, "SyncLoop DELETE", 2, pods),
          line(7.1, "Pod termination received", 4, pod),
          line(7.2, "Pod terminated all containers", 4, pod),
          line(9, "SyncLoop REMOVE", 2, pods)}) {
      for (size_t n = random() % 4; n > 0; --n) text += odd[random() % std::size(odd)];
      text += one;
    }
    if (round % 2 == 0) text += line(10, "Probe succeeded", 2, pad);
    if (round % 3 == 0) text += "I1123 no header\n";
    const Fed one_by_one = Feed(text, As::kLines);
    const Fed in_blocks = Feed(text, As::kBlocks, text.size());
    EXPECT_EQ(in_blocks.records, one_by_one.records);
    ASSERT_EQ(in_blocks.totals, one_by_one.totals) << text;
    ASSERT_EQ(in_blocks.state, one_by_one.state) << text;
  }
}

TEST(BlockTest, TakesNearlyAllLinesOfAUsualLog) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += At(7 + i * 1e-4, "\"Probe succeeded\" pod=\"a/b\" " + std::string(100, 'z')) + "\n";
    if (i % 10 == 0) text += At(7 + i * 1e-4, SyncLoop("RECONCILE")) + std::string(60, ' ') + "\n";
  }
  const Fed fed = Feed(text, As::kBlocks, text.size());
  EXPECT_LT(fed.pushed, 5u);
}

}  // namespace
}  // namespace kle
