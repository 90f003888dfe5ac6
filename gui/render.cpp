// SPDX-License-Identifier: Apache-2.0
#include "gui/render.hpp"

namespace pregate {

Status render(const RenderRequest& request) {
  return run_failed(request.out, "", "");
}

}  // namespace pregate
