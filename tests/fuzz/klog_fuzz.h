// SPDX-License-Identifier: Apache-2.0
// What both klog syntaxes must keep to: views stay within the record or its scratch room, every
// value reader takes any field.
#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

#include "parser/catalogue.h"
#include "parser/klog.h"
#include "parser/skim.h"
#include "parser/values.h"

namespace kle::fuzz {

inline void ReadAll(std::string_view text, LineFormat format) {
  static Record record;  // reused, as the pipeline does
  Frame frame;
  frame.format = format;
  frame.text = text;
  const char* const glance = SkimHeader(text, record.last);
  const ParseError error = ParseHead(frame, record);
  if (glance != nullptr && (error != ParseError::kNone || glance != record.raw_message.data())) {
    std::abort();
  }
  if (error != ParseError::kNone) return;
  const auto inside = [&](std::string_view view) {
    const auto within = [&](std::string_view room) {
      return view.data() >= room.data() && view.data() + view.size() <= room.data() + room.size();
    };
    if (!view.empty() && !within(text) &&
        !within({record.scratch.data(), record.scratch.capacity()})) {
      std::abort();
    }
  };
  inside(record.message);
  // The first look, at a line that may have been cut, must pass what a row takes. Go and JSON write
  // no character of a row's beginning as an escape; whoever does may be overlooked.
  const bool escaped = record.raw_message.find('\\') != std::string_view::npos;
  const CatalogueRow* const row = FindRow(record);
  if (row != nullptr && !escaped && !LookAtMessage(record.raw_message).event) std::abort();
  // And what it finds is what a whole look finds; but of what only proves a verbosity the message
  // may be unread.
  static Record glimpsed;
  if (ParseHeader(frame, glimpsed) != ParseError::kNone) std::abort();
  const CatalogueRow* const early = FindRow(frame, glimpsed);
  const bool unread = early != nullptr && early->kind == EventKind::kVerbosity &&
                      glimpsed.message.empty() && (row == early || row == nullptr);
  if (!unread && (early != row || glimpsed.message != record.message ||
                  glimpsed.structured != record.structured ||
                  (format == LineFormat::kKlogText && glimpsed.tail != record.tail))) {
    std::abort();
  }
  ParseFields(record);
  std::vector<PodRef> pods;
  std::vector<std::string_view> ids;
  std::vector<ContainerState> states;
  for (const Field& field : record.fields) {
    inside(field.key);
    inside(field.value);
    ParsePodRef(field);
    ParsePodRefs(field, pods);
    ParseContainerId(field);
    ParseContainerIds(field, ids);
    ParseInteger(field);
    ParseSeconds(field);
    ParsePlegEvent(field);
    ParseContainerStates(field, states);
  }
}

}  // namespace kle::fuzz
