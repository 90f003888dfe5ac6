// SPDX-License-Identifier: Apache-2.0
// A calibrated machine as a device file: one number a line, each with what it was measured as.
#include <fmt/format.h>

#include <cmath>

#include "experiments/calibrate_host.hpp"

namespace pregate {
namespace {

// Quotes and line breaks would end the text that they stand in.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return out;
}

std::string rate_text(double bytes_per_second) {
  return fmt::format("{:.1f}MB/s", bytes_per_second * 1e-6);
}
std::string rate_text(Bandwidth rate) {
  return rate_text(static_cast<double>(rate.count()));
}
// At least one unit of the last digit: rates may not be zero.
std::string time_text_us(double seconds) {
  return fmt::format("{:.3f}us", seconds * 1e6);
}
std::string mac_text(double rate) {
  return fmt::format("{:.3f}GMAC/s", rate * 1e-9);
}

template <typename Text>
std::string measured(const Spread& s, Text text) {
  return fmt::format("# source: measured here, median of {}, {}..{}", s.rounds, text(s.least), text(s.most));
}

class Writer {
 public:
  explicit Writer(std::string head) : text_(std::move(head)) {}
  void section(const char* name) { text_ += fmt::format("\n{} {{\n", name); }
  void end() { text_ += "}\n"; }
  void quoted(const char* field, const std::string& value, const std::string& source) {
    text_ += fmt::format("  {}: \"{}\"  {}\n", field, value, source);
  }
  void number(const char* field, const std::string& value, const std::string& source) {
    text_ += fmt::format("  {}: {}  {}\n", field, value, source);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string head_of(const HostCalibration& host) {
  const std::string doubt = host_doubt(host);
  return fmt::format(
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# This machine, measured by `pregate calibrate{}` on {}: {}, {}, {}.\n"
      "# The disk was read past the page cache through {} from {} of {}; products are {}.\n"
      "# docs/calibrate.md says how each number was measured and what it leaves out.\n{}"
      "\nid: \"host\"\nname: \"{}\"\nkind: \"desktop\"\nnotes: \"measured on {}\"\n",
      host.quick ? " --quick" : "", host.machine.date, plain(host.machine.processor),
      plain(host.machine.compute), plain(host.machine.kernel), to_text(host.disk.engine),
      plain(host.read_from), to_text(host.disk.file), to_text(host.precision),
      doubt.empty() ? "" : fmt::format("# Doubtful: {}.\n", doubt), plain(host.machine.processor),
      host.machine.date);
}

void flash_section(Writer& out, const HostCalibration& host) {
  const FlashFit& fit = host.flash;
  const std::string same = "# source: the same fit: measured";
  out.section("flash");
  out.quoted(
      "read_bandwidth", rate_text(fit.flash.read_bandwidth),
      fmt::format("# source: least squares of the relative error over {} rows of random O_DIRECT reads by "
                  "size and lanes, worst {:.1f} %, RMS {:.1f} %: measured here",
                  host.disk.rows.size(), 100 * fit.worst, 100 * fit.rms));
  out.quoted("lane_bandwidth", rate_text(std::min(fit.flash.lane_bandwidth, fit.flash.read_bandwidth)), same);
  out.quoted("request_latency", time_text_us(fit.flash.request_latency.to_seconds()), same);
  out.quoted("request_overhead", time_text_us(fit.flash.request_overhead.to_seconds()), same);
  std::int32_t deepest = 1;
  for (const DiskRow& row : host.disk.rows) deepest = std::max(deepest, row.depth);
  out.number("queue_depth", "32",
             fmt::format("# estimated: at most {} reads at once were measured", deepest));
  out.end();
}

void dram_section(Writer& out, const HostCalibration& host) {
  const ContentionResult& c = host.contention;
  // Fair shares leave a stream half of the memory whatever a write costs.
  const char* beyond = host.write_cost * host.slowdown.flash > host.memory_peak() / 2
                           ? "; more than half of the memory, which the model never takes from a product"
                           : "";
  out.section("dram");
  out.quoted("capacity", fmt::format("{}KiB", host.capacity.count() >> 10),
             "# source: memory of the machine: measured here");
  out.quoted("reserved", fmt::format("{}KiB", host.reserved.count() >> 10),
             "# source: what was in use before the calibration: measured here");
  const bool products_won = host.memory_peak() > host.memory_bytes_per_second.median;
  out.quoted(
      "peak_bandwidth", rate_text(host.memory_peak()),
      products_won
          ? fmt::format(
                "# source: npu.dram_bandwidth, which is more than a plain read got ({}): measured here",
                rate_text(host.memory_bytes_per_second.median))
          : measured(host.memory_bytes_per_second, [](double v) { return rate_text(v); }) +
                "; reads in order by all threads, as achieved, so it is the peak here");
  out.number("efficiency", "1", "# source: peak_bandwidth is already the achieved rate");
  out.number("write_cost", fmt::format("{:.3f}", host.write_cost),
             fmt::format("{}: a product beside a disk that gives {} / alone; holds DMA and kernel time "
                         "together{}",
                         measured(c.ratio, [](double v) { return fmt::format("{:.3f}", v); }),
                         rate_text(c.disk_bytes_per_second.median), beyond));
  out.number("latency", "\"0\"", "# source: contained in npu.launch_latency");
  out.end();
}

void npu_section(Writer& out, const HostCalibration& host) {
  const auto fields = [](Precision precision) {
    return precision == Precision::int8 ? "int8" : precision == Precision::bf16 ? "fp16" : "fp32";
  };
  const StreamFit& stream = host.operator_fit;
  out.section("npu");
  out.quoted("name", plain(host.machine.compute), "# the processor's cores");
  for (const HostProducts& products : host.products) {
    out.quoted(fmt::format("{}_rate", fields(products.precision)).c_str(),
               mac_text(products.macs_per_second.median),
               measured(products.macs_per_second, mac_text) + fmt::format("; {} products of {} rows",
                                                                          to_text(products.precision),
                                                                          products.prefill.front().rows));
  }
  out.quoted("precision", fields(host.precision),
             fmt::format("# products of this calibration: {}", to_text(host.precision)));
  out.number("efficiency", "1", "# source: the rates are achieved ones");
  out.quoted("dram_bandwidth", rate_text(stream.rate),
             fmt::format("# source: fit of launch + bytes / rate to {} operators of decode: measured here",
                         host.operators.size()));
  out.quoted("launch_latency", time_text_us(stream.launch.to_seconds()), "# source: the same fit: measured");
  out.end();
}

void management_section(Writer& out, const HostCalibration& host) {
  const ManagementResult& m = host.management;
  out.section("management");
  out.quoted(
      "per_load", time_text_us(m.load_s.median + m.submit_s.median),
      fmt::format("# source: measured here: cache decisions {} and request to the disk {}, medians of {}, "
                  "together {}..{}",
                  time_text_us(m.load_s.median), time_text_us(m.submit_s.median), m.load_s.rounds,
                  time_text_us(m.load_s.least + m.submit_s.least),
                  time_text_us(m.load_s.most + m.submit_s.most)));
  out.quoted(
      "per_mib", time_text_us(m.submit_s_mib.median + m.check_s_mib.median),
      fmt::format(
          "# source: measured here: request {} and checksum by all threads {}, medians of {}, together "
          "{}..{}",
          time_text_us(m.submit_s_mib.median), time_text_us(m.check_s_mib.median), m.check_s_mib.rounds,
          time_text_us(m.submit_s_mib.least + m.check_s_mib.least),
          time_text_us(m.submit_s_mib.most + m.check_s_mib.most)));
  out.quoted("per_eviction", time_text_us(m.eviction_s.median), measured(m.eviction_s, time_text_us));
  out.quoted("when", "arrival",
             "# source: most of it is the checksum, which the computing threads take as a block arrives; "
             "requests are "
             "made before that");
  out.number("reads_per_load", "1", "# source: an expert is one block of a file of experts");
  out.end();
}

}  // namespace

std::string host_device_text(const HostCalibration& host) {
  Writer out(head_of(host));
  flash_section(out, host);
  dram_section(out, host);
  npu_section(out, host);
  management_section(out, host);
  return out.take();
}

}  // namespace pregate
