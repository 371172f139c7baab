// SPDX-License-Identifier: Apache-2.0
#include "parser/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace kle {
namespace {

TEST(FindTest, FindsTheFirstWhereverItIs) {
  for (size_t size = 0; size < 70; ++size) {
    for (size_t where = 0; where <= size; ++where) {
      std::string text(size, 'a');
      if (where < size) text[where] = ']';
      if (where + 5 < size) text[where + 5] = '"';
      const char* const end = text.data() + text.size();
      EXPECT_EQ((bytes::FindAny<'"', ']'>(text.data(), end)), text.data() + where) << size;
      EXPECT_EQ((bytes::FindAny<'\n'>(text.data(), end)), end) << size;
    }
  }
}

TEST(FindTest, TakesBytesAsUnsigned) {
  const std::string text =
      std::string(20, '\xFF') + "\x80\x7F" + std::string(20, 'x') + "\x1F tail";
  const char* const end = text.data() + text.size();
  const auto control = [](auto here) { return here.IsAtMost(' '); };
  EXPECT_EQ(bytes::Find(text.data(), end, control), text.data() + 42);
  EXPECT_EQ((bytes::FindAny<0x80>(text.data(), end)), text.data() + 20);
}

TEST(FindTest, LooksAround) {
  const auto second = [](auto here) { return here.Is('a') & here.Is('a', -1); };
  for (size_t size = 1; size < 50; ++size) {
    const std::string text = "." + std::string(size, 'b') + "ab" + "aa" + std::string(30, 'b');
    EXPECT_EQ(bytes::Find(text.data() + 1, text.data() + text.size(), second),
              text.data() + size + 4);
  }
}

}  // namespace
}  // namespace kle
