// SPDX-License-Identifier: Apache-2.0
// The messages of container runtimes and of the kernel, in the same kind of table as the kubelet's.
#pragma once

#include <span>

#include "parser/catalogue.h"

namespace kle {

std::span<const CatalogueRow> RuntimeRows();
std::span<const CatalogueRow> KernelRows();

}  // namespace kle
