// SPDX-License-Identifier: Apache-2.0
// Gives a klog header stamp its year and zone. klog prints the kubelet's local time without either.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "parser/record.h"
#include "parser/time.h"

namespace kle {

// How to read header stamps where no receive time tells.
struct ZoneOptions {
  // IANA name ("Europe/Berlin"), "UTC", "local", or a fixed offset ("+02:00"). Empty: found from
  // the receive time, else UTC.
  std::string timezone;
  // Year of the first line; 0: from the receive time, else from `reference`.
  int year = 0;
  // A moment at or after the last line (a file's modification time), for logs without receive
  // times.
  std::optional<Timestamp> reference;
};

// Pure: the same sequence of calls gives the same results; no clock, no environment except the
// time zone database behind a named zone. One per stream.
//
// With receive times: the zone is the multiple of 15 minutes that brings the stamp nearest to the
// receive time (a line is received 0 to some minutes after its stamp); once per stream, and again
// when the difference leaves that offset (a zone change, DST, a new year).
// Without: the options' zone and year; a step back of more than half a year is a new year.
class HeaderClock {
 public:
  HeaderClock();
  explicit HeaderClock(ZoneOptions options);
  ~HeaderClock();
  HeaderClock(HeaderClock&&) noexcept;
  HeaderClock& operator=(HeaderClock&&) noexcept;

  // Nothing only for a date that no year near has (0230).
  std::optional<Timestamp> Resolve(const HeaderStamp& stamp, std::optional<Timestamp> received);

  // What receive times taught it, to go on in another process: the offset and the last stamp.
  using Learnt = std::pair<std::optional<Duration>, std::optional<Timestamp>>;
  Learnt learnt() const;
  void Restore(const Learnt& learnt);

  // Whether `timezone` of the options names a zone that this machine knows.
  static bool KnownZone(const std::string& timezone);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kle
