// SPDX-License-Identifier: Apache-2.0
#include "exporter/file_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "temp_folder.h"

namespace kle {
namespace {

std::string Gzipped(std::string_view plain) {
  z_stream stream{};
  constexpr int kGzip = 16;
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, 8,
               Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string Zstandard(std::string_view plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

std::string Log(int from, int count) {
  std::string log;
  for (int i = from; i < from + count; ++i) {
    log += KubeletLine(i, "\"Line\" number=" + std::to_string(i) + "\n");
  }
  return log;
}

struct ReadAll {
  std::string text;  // lines, each with a newline
  size_t lines = 0;
  std::string error;
  bool cut_short = false;
};

ReadAll Read(FileInputs inputs) {
  ReadAll all;
  FileSource source(std::move(inputs.files));
  LogLine line;
  while (true) {
    auto status = source.Next(line, std::chrono::milliseconds(0));
    if (!status) {
      all.error = status.error().message();
      all.cut_short = status.error().cut_short();
      return all;
    }
    if (*status == ReadStatus::kEnd) return all;
    all.text.append(line.text).append("\n");
    ++all.lines;
  }
}

ReadAll ReadPaths(const std::vector<std::string>& paths) {
  auto inputs = OpenFileInputs(paths, {});
  if (!inputs) return {{}, 0, inputs.error().message(), inputs.error().cut_short()};
  return Read(std::move(*inputs));
}

TEST(FileSource, PlainGzipAndZstdGiveTheSameLines) {
  const TempFolder folder;
  const std::string log = Log(0, 3000);
  EXPECT_EQ(ReadPaths({folder.Write("a.log", log)}).text, log);
  EXPECT_EQ(ReadPaths({folder.Write("a.log.gz", Gzipped(log))}).text, log);
  EXPECT_EQ(ReadPaths({folder.Write("a.log.zst", Zstandard(log))}).text, log);
}

// Excerpts of one log, made at two times: what both have is read once.
TEST(FileSource, OverlappingFilesAreReadOnce) {
  const TempFolder folder;
  const std::string whole = Log(0, 300);
  const std::string first = folder.Write("first.log", Log(0, 200));
  const std::string cut = "es that were cut\n" + Log(100, 200);
  EXPECT_EQ(ReadPaths({folder.Write("second.log", Log(100, 200)), first}).text, whole);
  EXPECT_EQ(ReadPaths({first, folder.Write("cut.log", cut)}).lines, 301U);
  EXPECT_EQ(ReadPaths({first, first}).text, Log(0, 200));
  EXPECT_EQ(ReadPaths({folder.Write("all.log", whole), first}).text, whole)
      << "one within the other";
  // Another node's log of the same time shares nothing.
  std::string other = Log(100, 100);
  std::replace(other.begin(), other.end(), 'L', 'M');
  EXPECT_EQ(ReadPaths({first, folder.Write("other.log", other)}).lines, 300U);
}

// The year that is given is the first line's.
TEST(FileSource, AYearThatEndsBetweenTwoFiles) {
  const TempFolder folder;
  const std::string tail = "    4321 kubelet.go:1] \"x\"\n";
  const std::string december = "I1231 23:59:59.000000" + tail;
  const std::string january = "I0101 00:00:01.000000" + tail;
  const std::vector<std::string> paths = {folder.Write("b.log", january),
                                          folder.Write("a.log", december)};
  auto inputs = OpenFileInputs(paths, {"UTC", 2025, std::nullopt});
  ASSERT_TRUE(inputs);
  EXPECT_EQ(Read(std::move(*inputs)).text, december + january);
}

TEST(FileSource, ARuntimesLogTellsTheZone) {
  const TempFolder folder;
  const auto zone_of = [&](const std::string& line) {
    auto inputs = OpenFileInputs({folder.Write("containerd.log", line + "\n")}, {});
    return inputs && inputs->files.size() == 1 ? inputs->files[0].zone : "no file";
  };
  EXPECT_EQ(zone_of(R"(time="2026-11-23T10:00:00.5+05:30" level=info msg="x")"), "+05:30");
  EXPECT_EQ(zone_of(R"({"level":"info","msg":"x","time":"2026-11-23T10:00:00.5-05:00"})"),
            "-05:00");
  EXPECT_EQ(zone_of(R"(time="2026-11-23T10:00:00.5Z" level=info msg="x")"), "");
}

TEST(FileSource, SeveralMembersInOneFile) {
  const TempFolder folder;
  const std::string a = Log(0, 100);
  const std::string b = Log(100, 100);
  EXPECT_EQ(ReadPaths({folder.Write("a.gz", Gzipped(a) + Gzipped(b) + std::string(64, '\0'))}).text,
            a + b);
  EXPECT_EQ(ReadPaths({folder.Write("a.zst", Zstandard(a) + Zstandard(b))}).text, a + b);
}

TEST(FileSource, CutShortIsAnErrorAtEveryPlace) {
  const TempFolder folder;
  const std::string log = Log(0, 500);
  for (const std::string& packed : {Gzipped(log), Zstandard(log)}) {
    for (const size_t size : {packed.size() / 3, packed.size() / 2, packed.size() - 1}) {
      const ReadAll all = ReadPaths({folder.Write("cut", packed.substr(0, size))});
      EXPECT_NE(all.error.find("cut short after " + std::to_string(size) + " bytes"),
                std::string::npos)
          << all.error;
      EXPECT_EQ(all.error.find('\n'), std::string::npos);
      EXPECT_TRUE(all.cut_short);
    }
  }
}

TEST(FileSource, CorruptCompressionIsAnError) {
  const TempFolder folder;
  for (std::string packed : {Gzipped(Log(0, 5000)), Zstandard(Log(0, 5000))}) {
    for (size_t i = packed.size() / 2; i < packed.size() / 2 + 64; ++i) packed[i] = '\x55';
    const ReadAll all = ReadPaths({folder.Write("bad", packed)});
    EXPECT_NE(all.error, "");
    EXPECT_FALSE(all.cut_short);  // what came before may be wrong: it is not to be reported
  }
}

TEST(FileSource, LastLineWithoutNewlineCounts) {
  const TempFolder folder;
  const std::string log = Log(0, 2);
  EXPECT_EQ(ReadPaths({folder.Write("a.log", log.substr(0, log.size() - 1))}).text, log);
}

TEST(FileSource, RotatedFilesComeInTheOrderOfTime) {
  const TempFolder folder;
  const std::string newest = folder.Write("kubelet.log", Log(200, 10));
  const std::string middle =
      folder.Write("kubelet.log-2026-11-23.1732406400.gz", Gzipped(Log(100, 10)));
  const std::string oldest =
      folder.Write("kubelet.log-2026-11-22.1732320000.gz", Gzipped(Log(0, 10)));
  const std::string expected = Log(0, 10) + Log(100, 10) + Log(200, 10);
  EXPECT_EQ(ReadPaths({newest, middle, oldest}).text, expected);
  EXPECT_EQ(ReadPaths({folder.path()}).text, expected);
}

TEST(FileSource, AFoldersOtherFilesAreSaidAndLeftOut) {
  const TempFolder folder;
  folder.Write("kubelet.log", Log(0, 10));
  folder.Write("notes.txt", "hello\n");
  folder.Write("core", std::string(1000, '\0'));
  auto inputs = OpenFileInputs({folder.path()}, {});
  ASSERT_TRUE(inputs);
  EXPECT_EQ(inputs->files.size(), 1U);
  EXPECT_EQ(inputs->skipped.size(), 2U);
}

TEST(FileSource, SaysHowToUnpackWhatItCannot) {
  const TempFolder folder;
  std::string noise;
  for (int i = 0; i < 500; ++i) noise += static_cast<char>(i * 37);
  const std::pair<std::string, std::string> packed[] = {
      {"\xFD" + std::string("7zXZ"), "xz -dc "}, {"BZh9", "bzip2 -dc "},
      {"\x04\x22\x4D\x18", "lz4 -dc "},          {"PK\x03\x04", "unzip -p "},
      {"\xFF\xFE", "iconv -f UTF-16 -t UTF-8 "},
  };
  for (const auto& [magic, command] : packed) {
    const std::string path = folder.Write("log", magic + noise);
    const std::string error = ReadPaths({path}).error;
    EXPECT_NE(error.find(command + path + " | "), std::string::npos) << error;
  }
}

TEST(FileSource, EmptyBinaryAndMissing) {
  const TempFolder folder;
  const std::string empty = folder.Write("empty.log", "");
  EXPECT_NE(ReadPaths({empty}).error.find("is empty"), std::string::npos);
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 37);
  EXPECT_NE(ReadPaths({folder.Write("core", bytes)}).error.find("binary"), std::string::npos);
  EXPECT_NE(ReadPaths({folder / "missing"}).error.find("No such file"), std::string::npos);
  EXPECT_EQ(ReadPaths({empty, folder.Write("kubelet.log", Log(0, 2))}).lines, 2U);
  EXPECT_NE(ReadPaths({"-", empty}).error, "");
}

TEST(FileSource, LinesLongerThanAnyBufferKeepTheirBeginning) {
  const TempFolder folder;
  const std::string log =
      Log(0, 1) + "x" + std::string(5 * LineReader::kLongestLine, 'y') + "\n" + Log(1, 1);
  const ReadAll all = ReadPaths({folder.Write("long.log", log)});
  EXPECT_EQ(all.lines, 3U);
  EXPECT_TRUE(all.text.ends_with(Log(1, 1)));
  EXPECT_LE(all.text.size(), 2 * LineReader::kLongestLine + 1000);
}

TEST(FileSource, NulBytesInsideALogAreLines) {
  const TempFolder folder;
  const std::string log = Log(0, 1) + std::string(300, '\0') + "\n" + Log(1, 1);
  EXPECT_EQ(ReadPaths({folder.Write("nul.log", log)}).text, log);
}

TEST(FileSource, ProgressReachesTheTotal) {
  const TempFolder folder;
  auto inputs = OpenFileInputs({folder.Write("a.gz", Gzipped(Log(0, 100)))}, {});
  ASSERT_TRUE(inputs);
  FileSource source(std::move(inputs->files));
  LogLine line;
  while (*source.Next(line, std::chrono::milliseconds(0)) == ReadStatus::kLine) {
  }
  EXPECT_GT(source.progress().total, 0U);
  EXPECT_EQ(source.progress().read, source.progress().total);
}

}  // namespace
}  // namespace kle
