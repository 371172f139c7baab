// SPDX-License-Identifier: Apache-2.0
#include "parser/template.h"

#include <gtest/gtest.h>

namespace kle {
namespace {

struct Case {
  std::string_view pattern, text, captured;  // captured: role=value|role=value, "-" for no match
};

std::string Match(std::string_view pattern, std::string_view text) {
  Captures captures;
  if (!Template(pattern).Match(text, captures)) return "-";
  std::string out;
  for (size_t i = 0; i < captures.count; ++i) {
    if (i > 0) out += "|";
    out += std::string(captures.items[i].role) + "=" + std::string(captures.items[i].value);
  }
  return out;
}

TEST(Template, Matches) {
  const Case cases[] = {
      {"a {x} c", "a b c", "x=b"},
      {"a {x} c", "a b d", "-"},
      {"a {x:q} c", R"(a "b \" c" c)", R"(x=b \" c)"},
      {"a {x:q}", "a unquoted", "-"},
      {"a {x:q}", R"(a "open)", "-"},
      {"a {x:q}", R"(a "open \")", "-"},
      {"a {x:q}", R"(a "b \\")", R"(x=b \\)"},
      {"a {x:q} c", R"(a "" c)", "x="},
      {"a: {x:*}", "a: b\nc", "x=b\nc"},
      {"{_} {x}", "1 2", "x=2"},
      {"{{k:{x}}}", "{k:v}", "x=v"},
      {"a {x}", "a b  \n", "x=b"},
      {"a {x}", "a ", "-"},
      {"a {x} {y}", "a b c d", "x=b|y=c d"},
      {"a", "a b", "-"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(Match(c.pattern, c.text), c.captured) << c.pattern << " / " << c.text;
}

TEST(Template, KnowsItselfAndItsPrefix) {
  EXPECT_TRUE(IsTemplate("a {b}"));
  EXPECT_FALSE(IsTemplate("a {{b}}"));
  EXPECT_FALSE(IsTemplate("SyncLoop DELETE"));
  EXPECT_EQ(Template("Operation for \"{{volumeName:{x}").prefix(), "Operation for \"{volumeName:");
  EXPECT_TRUE(Template("a {b:q} {_} {c:*}").quote_follows());
  EXPECT_FALSE(Template("a {b} {c:q}").quote_follows());
  EXPECT_EQ(Template("a {b:q} {_} {c:*}").roles(), (std::vector<std::string_view>{"b", "c"}));
}

}  // namespace
}  // namespace kle
