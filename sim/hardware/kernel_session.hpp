// SPDX-License-Identifier: Apache-2.0
// A kernel of its own for each run: SystemC 2.3 elaborates once a context, so a process that simulates twice
// needs a second one. The context pointers are exported for this purpose, though not documented.
#pragma once

#include <memory>
#include <systemc>
#include <utility>

namespace pregate {

class KernelSession {
 public:
  KernelSession() : context_(new sc_core::sc_simcontext) {
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_DO_NOTHING);
    previous_ = std::exchange(sc_core::sc_curr_simcontext, context_.get());
    previous_default_ = std::exchange(sc_core::sc_default_global_context, context_.get());
  }
  ~KernelSession() {
    sc_core::sc_curr_simcontext = previous_;
    sc_core::sc_default_global_context = previous_default_;
  }
  KernelSession(const KernelSession&) = delete;
  KernelSession& operator=(const KernelSession&) = delete;

 private:
  std::unique_ptr<sc_core::sc_simcontext> context_;
  sc_core::sc_simcontext* previous_ = nullptr;
  sc_core::sc_simcontext* previous_default_ = nullptr;
};

}  // namespace pregate
