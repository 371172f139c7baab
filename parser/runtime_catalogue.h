// SPDX-License-Identifier: Apache-2.0
// The messages of container runtimes, of the kernel and of who collects their lines, in the same
// kind of table as the kubelet's.
#pragma once

#include <span>

#include "parser/catalogue.h"

namespace kle {

std::span<const CatalogueRow> RuntimeRows();
std::span<const CatalogueRow> KernelRows();
std::span<const CatalogueRow> CollectorRows();

}  // namespace kle
