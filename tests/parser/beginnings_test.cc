// SPDX-License-Identifier: Apache-2.0
#include "parser/beginnings.h"

#include <gtest/gtest.h>

#include <string>

namespace kle {
namespace {

TEST(BeginningsTest, TellsOfTheSameBytesOnly) {
  const std::string line =
      "kubelet.go:2128] \"SyncLoop (PLEG): event for pod\" pod=\"a/b\" event=&{...}";
  for (size_t size = 1; size <= line.size(); ++size) {
    Beginnings beginnings;
    ASSERT_EQ(beginnings.Find(line), nullptr);
    beginnings.Learn(line, {true, nullptr, 7, size});
    const Beginnings::Told* const told = beginnings.Find(line);
    ASSERT_NE(told, nullptr);
    EXPECT_TRUE(told->event);
    EXPECT_EQ(told->message, 7u);
    for (size_t i = 0; i < line.size(); ++i) {
      std::string other = line;
      other[i] = '#';
      const bool found = beginnings.Find(other) != nullptr;
      // The first 32 bytes choose the place: they may make it unknown even behind `size`.
      EXPECT_TRUE(i < size ? !found : found || i < 32) << size << " " << i;
    }
    const std::string_view cut = std::string_view(line).substr(0, line.size() - 1);
    EXPECT_EQ(beginnings.Find(cut) != nullptr, size < line.size()) << size;
  }
}

TEST(BeginningsTest, IsNothingOfZerosAndOfShortLines) {
  Beginnings beginnings;
  EXPECT_EQ(beginnings.Find(std::string(200, '\0')), nullptr);
  beginnings.Learn("kubelet.go:1] \"short\"", {false, nullptr, 15, 20});
  EXPECT_EQ(beginnings.Find("kubelet.go:1] \"short\""), nullptr);
}

TEST(BeginningsTest, LeavesOutWhatIsTooLong) {
  const std::string line = "kubelet.go:1] " + std::string(5000, 'x');
  Beginnings beginnings;
  beginnings.Learn(line, {false, nullptr, 14, line.size()});
  EXPECT_EQ(beginnings.Find(line), nullptr);
}

TEST(BeginningsTest, KeepsTheLaterOfTwo) {
  // More kinds than there are places.
  Beginnings beginnings;
  for (size_t i = 0; i < 5000; ++i) {
    const std::string line = "file.go:" + std::to_string(i) + "] \"A message of some length\" a=1";
    beginnings.Learn(line, {false, nullptr, i, 30});
    const Beginnings::Told* const told = beginnings.Find(line);
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->message, i);
  }
}

}  // namespace
}  // namespace kle
