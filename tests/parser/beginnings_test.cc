// SPDX-License-Identifier: Apache-2.0
#include "parser/beginnings.h"

#include <gtest/gtest.h>

#include <string>

namespace kle {
namespace {

// As long as what is read.
std::string Padded(std::string text) {
  text.resize(Beginnings::kLongest, '.');
  return text;
}

TEST(BeginningsTest, TellsOfTheSameBytesOnly) {
  const std::string line = Padded("kubelet.go:2128] \"SyncLoop (PLEG): event for pod\" pod=\"a\"");
  for (size_t size = 1; size <= Beginnings::kLongest; ++size) {
    Beginnings beginnings;
    ASSERT_EQ(beginnings.Find(line.data()), nullptr);
    beginnings.Learn(line.data(), {false, nullptr, 7, size});
    const Beginnings::Told* const told = beginnings.Find(line.data());
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->message, 7u);
    for (size_t i = 0; i < Beginnings::kLongest; ++i) {
      std::string other = line;
      other[i] = other[i] == '#' ? '*' : '#';
      const bool found = beginnings.Find(other.data()) != nullptr;
      // The first 32 bytes choose the place: they may make it unknown even behind `size`.
      EXPECT_TRUE(i < size ? !found : found || i < 32) << size << " " << i;
    }
  }
}

TEST(BeginningsTest, IsNothingOfZeros) {
  const std::string zeros(Beginnings::kLongest, '\0');
  EXPECT_EQ(Beginnings().Find(zeros.data()), nullptr);
}

TEST(BeginningsTest, LeavesOutWhatIsTooLong) {
  const std::string line = Padded("kubelet.go:1] ");
  Beginnings beginnings;
  beginnings.Learn(line.data(), {false, nullptr, 0, Beginnings::kLongest + 1});
  EXPECT_EQ(beginnings.Find(line.data()), nullptr);
}

TEST(BeginningsTest, KeepsTheLaterOfTwo) {
  // More kinds than there are places.
  Beginnings beginnings;
  std::string latest;
  for (int i = 0; i < 5000; ++i) {
    latest = Padded("file.go:" + std::to_string(i) + "] \"Message\"");
    beginnings.Learn(latest.data(), {false, nullptr, static_cast<size_t>(i), 40});
    const Beginnings::Told* const told = beginnings.Find(latest.data());
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->message, static_cast<size_t>(i));
  }
}

}  // namespace
}  // namespace kle
