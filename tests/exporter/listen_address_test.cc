// SPDX-License-Identifier: Apache-2.0
#include "exporter/listen_address.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace kle {
namespace {

std::string Endpoints(const std::string& text) {
  auto parsed = ParseListenAddress(text);
  if (!parsed) return parsed.error().message();
  std::string all;
  for (const Endpoint& endpoint : parsed->endpoints) all += endpoint.Text() + " ";
  return all;
}

TEST(ListenAddressTest, IsWhatGoTakes) {
  EXPECT_EQ(Endpoints(":10298"), "0.0.0.0:10298 [::]:10298 ");
  EXPECT_EQ(Endpoints("0.0.0.0:1"), "0.0.0.0:1 ");
  EXPECT_EQ(Endpoints("127.0.0.1:0"), "127.0.0.1:0 ");
  EXPECT_EQ(Endpoints("[::]:65535"), "[::]:65535 ");
  EXPECT_EQ(Endpoints("[::1]:80"), "[::1]:80 ");
  EXPECT_EQ(Endpoints("[fd00::a]:80"), "[fd00::a]:80 ");
  EXPECT_EQ(Endpoints("localhost:80"), "127.0.0.1:80 ");
}

TEST(ListenAddressTest, WhatIsNoneSaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"10298", "no port: write host:port or :port"},
      {"", "no port"},
      {":port", "a number from 0 to 65535"},
      {":65536", "a number from 0 to 65535"},
      {":-1", "a number from 0 to 65535"},
      {"127.0.0.1:", "a number from 0 to 65535"},
      {"::1:80", "stands in brackets"},
      {"[::1:80", "stands in brackets"},
      {"[::1]80:1", "stands in brackets"},
      {"no.such.host.invalid:80", "cannot resolve"},
      {"[::g]:80", "cannot resolve"}};
  for (const auto& [text, wanted] : cases) {
    EXPECT_NE(Endpoints(text).find(wanted), std::string::npos) << text << ": " << Endpoints(text);
  }
}

TEST(ListenAddressTest, TwoSocketsShareAPortAndAThirdIsToldWhatToDo) {
  auto v4 = Listen(ParseListenAddress("127.0.0.1:0")->endpoints.front(), "x");
  ASSERT_TRUE(v4) << v4.error().message();
  Endpoint bound;
  bound.size = sizeof bound.storage;
  ASSERT_EQ(getsockname(*v4, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size), 0);
  auto again = Listen(bound, bound.Text());
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find(bound.Text()), std::string::npos);
  EXPECT_NE(again.error().message().find("ss -ltnp"), std::string::npos);
  if (HasIpv6()) {
    Endpoint every = ParseListenAddress(":0")->endpoints.back();
    every.set_port(bound.port());
    auto v6 = Listen(every, ":0");
    EXPECT_TRUE(v6) << v6.error().message();
    close(*v6);
  }
  close(*v4);
}

}  // namespace
}  // namespace kle
