// SPDX-License-Identifier: Apache-2.0
// Keys and certificates for one test, made by openssl.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "temp_folder.h"

namespace kle {

// NAME.crt and NAME.key of the folder: self-signed, for `days` from now, or those days gone.
inline void MakeCertificate(const TempFolder& folder, const std::string& name) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "
      "/CN=" +
      name + " -keyout " + folder / (name + ".key") + " -out " + folder / (name + ".crt") +
      " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

}  // namespace kle
