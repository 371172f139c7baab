// SPDX-License-Identifier: Apache-2.0
#include "parser/record.h"

namespace kle {

char Letter(Severity severity) { return "IWEF"[static_cast<size_t>(severity)]; }

const Field* Record::Find(std::string_view key) const {
  for (const Field& field : fields) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

void Record::Reserve(std::string_view text) {
  const size_t needed = scratch_used + text.size();
  if (scratch.size() < needed) scratch.resize(needed);
}

void Record::Clear() {
  format = LineFormat::kOther;
  severity = Severity::kInfo;
  level = -1;
  pid = 0;
  stamp.reset();
  epoch.reset();
  file = {};
  message = {};
  raw_message = {};
  structured = false;
  fields.clear();
  tail = {};
  scratch_used = 0;
  scratch_head = 0;
}

}  // namespace kle
