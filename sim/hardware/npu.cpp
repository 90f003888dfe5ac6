// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/npu.hpp"

#include <algorithm>

#include "sim/hardware/kernel_time.hpp"

namespace pregate {
namespace {

// Slower than this an operator's bytes are left out of DRAM's sharing.
constexpr Bandwidth kLeastStream = Bandwidth::bytes_per_second(1'000'000);

// ceil(amount / rate) in ps, or kLongestOperator where it is longer.
Duration bounded_time(std::int64_t amount, std::int64_t rate) {
  const Int128 ps = (Int128{amount} * detail::kPsPerSecond + rate - 1) / rate;
  return ps >= kLongestOperator.count_ps() ? kLongestOperator : Duration::ps(static_cast<std::int64_t>(ps));
}

}  // namespace

Npu::Npu(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory)
    : sc_core::sc_module(name),
      spec_(device.npu),
      fixed_(device.npu.launch_latency + device.dram.latency),
      memory_(memory),
      done_("done") {}

bool Npu::plan(const OperatorCost& cost, Plan& out) {
  if (cost.measured) return work_out(cost, out);  // never the same twice
  const auto key =
      static_cast<std::uint64_t>(cost.bytes.count()) * 31 + static_cast<std::uint64_t>(cost.macs.count());
  Remembered& slot = remembered_[(key * 0x9e3779b97f4a7c15ULL) >> 58];
  if (!slot.filled || slot.cost.bytes != cost.bytes || slot.cost.macs != cost.macs) {
    slot.filled = false;
    if (!work_out(cost, slot.plan)) return false;
    slot.cost = cost;
    slot.filled = true;
  }
  out = slot.plan;
  return true;
}

bool Npu::work_out(const OperatorCost& cost, Plan& out) const {
  const Duration arithmetic =
      cost.measured ? *cost.measured : bounded_time(cost.macs.count(), spec_.mac_rate.count());
  const Duration streaming = bounded_time(cost.bytes.count(), memory_.npu_port().count());
  Duration span =
      cost.measured ? std::max(arithmetic, streaming + fixed_) : std::max(arithmetic, streaming) + fixed_;
  if (std::max(arithmetic, streaming) >= kLongestOperator) return false;
  out.bytes = cost.bytes;
  out.lead = Duration();
  out.rate = memory_.npu_port();
  const Int128 even =
      span > Duration() ? Int128{cost.bytes.count()} * detail::kPsPerSecond / span.count_ps() : Int128{0};
  if (even < kLeastStream.count()) {
    // A trickle: rounding its rate would distort the time more than the bytes disturb anyone.
    out.bytes = Bytes();
  } else if (memory_.npu_limit() && streaming >= arithmetic) {
    // Bound by memory, and the memory says by how much: `alone` is the flow model's estimate of it.
    out.rate = *memory_.npu_limit();
    out.lead = spec_.launch_latency;
  } else {
    // The rate that spreads the bytes over the operator; rounding it down makes the operator longer by a
    // millionth at most, which is what it then takes alone.
    out.rate = std::min(Bandwidth::bytes_per_second(static_cast<std::int64_t>(even)), out.rate);
    const Duration spread = bounded_time(cost.bytes.count(), out.rate.count());
    if (spread >= kLongestOperator) return false;
    span = spread;
  }
  out.alone = span;
  return true;
}

void Npu::run(const Plan& plan) {
  if (plan.alone == Duration()) return;
  if (memory_.idle()) {
    ahead_ += plan.alone;
    return;
  }
  settle();
  const Duration latency = plan.bytes > Bytes() ? plan.lead : plan.alone;
  memory_.stream_to_npu(plan.bytes, plan.rate, latency, *this, 0);
  sc_core::wait(done_);
}

void Npu::occupy(Duration span) {
  ahead_ += span;
  if (!memory_.idle()) settle();
}

SimTime Npu::now() const {
  return kernel_now() + ahead_;
}

void Npu::settle() {
  if (ahead_ == Duration()) return;
  // The clock moves while the thread sleeps, so the lead is given up first.
  sc_core::wait(to_kernel(std::exchange(ahead_, Duration())));
}

void Npu::transfer_done(std::uint32_t) {
  done_.notify();
}

}  // namespace pregate
