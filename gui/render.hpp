// SPDX-License-Identifier: Apache-2.0
// Pictures without a window: the same scenes and the same painter that the window has.
#pragma once

#include "gui/arguments.hpp"
#include "traces/base/result.hpp"

namespace pregate {

Status render(const RenderRequest& request);

}  // namespace pregate
