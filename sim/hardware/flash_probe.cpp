// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flash_probe.hpp"

#include <algorithm>
#include <vector>

#include "sim/hardware/flash.hpp"
#include "sim/hardware/flow_memory.hpp"
#include "sim/hardware/kernel_session.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

// Lanes that read in a closed loop, by callback.
class ProbeLanes final : public sc_core::sc_module, private ReadSink {
 public:
  ProbeLanes(const sc_core::sc_module_name& name, const DeviceSpec& device, const FlashProbe& probe)
      : sc_core::sc_module(name),
        memory_("memory", device),
        flash_(make_flash(device, memory_)),
        probe_(probe),
        random_(probe.seed),
        begun_(static_cast<std::size_t>(probe.depth)) {
    SC_HAS_PROCESS(ProbeLanes);
    SC_THREAD(start);
  }

  [[nodiscard]] FlashProbeResult result() const {
    const double span = (last_ - first_).to_seconds();
    const auto timed = static_cast<double>(done_ - untimed());
    return {.bytes_per_second = timed * static_cast<double>(probe_.size.count()) / span,
            .mean_seconds = waited_.to_seconds() / timed};
  }

 private:
  [[nodiscard]] std::int64_t untimed() const { return probe_.reads / 5 + probe_.depth; }

  void start() {
    std::vector<Duration> moments(begun_.size());
    for (Duration& moment : moments) {
      const double share = random_.unit() * static_cast<double>(probe_.spread.count_ps());
      moment = Duration::ps(static_cast<std::int64_t>(share));
    }
    std::sort(moments.begin(), moments.end());
    Duration before;
    for (std::uint32_t lane = 0; lane < moments.size(); ++lane) {
      if (moments[lane] > before) sc_core::wait(to_kernel(moments[lane] - before));
      before = moments[lane];
      read(lane);
    }
  }

  void read(std::uint32_t lane) {
    const std::int64_t places = probe_.range.count() / probe_.size.count();
    const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(places, 1));
    std::int64_t place = next_++;
    if (probe_.random) {
      place = static_cast<std::int64_t>(random_.below(bound));
    } else if (places > 0) {
      place %= places;
    }
    begun_[lane] = kernel_now();
    flash_->read({LoadId(lane), Bytes(place * probe_.size.count()), probe_.size}, *this);
  }

  void read_done(LoadId lane) override {
    const SimTime now = kernel_now();
    ++done_;
    if (done_ == untimed()) first_ = now;
    if (done_ > untimed()) waited_ += now - begun_[lane.value()];
    last_ = now;
    if (done_ >= probe_.reads + untimed()) {
      sc_core::sc_stop();
    } else {
      read(lane.value());
    }
  }

  FlowMemory memory_;
  std::unique_ptr<Flash> flash_;
  FlashProbe probe_;
  Random random_;
  std::vector<SimTime> begun_;  // by lane
  std::int64_t next_ = 0, done_ = 0;
  SimTime first_, last_;
  Duration waited_;
};

}  // namespace

FlashProbeResult probe_flash(const DeviceSpec& device, const FlashProbe& probe) {
  const KernelSession kernel;
  ProbeLanes lanes("lanes", device, probe);
  sc_core::sc_start();
  return lanes.result();
}

}  // namespace pregate
