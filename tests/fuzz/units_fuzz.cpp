// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/target.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

void check_number(bool not_negative, const std::string& shown) {
  ++fuzz::accepted;
  check(not_negative, "a parsed quantity is not negative");
  check(!shown.empty(), "a quantity has a text");
}

void check_error(const Error& error) {
  check(!error.expected.empty() && !error.found.empty(), "an error says what was expected and found");
}

void try_text(std::string_view text) {
  const auto bytes = parse_bytes(text);
  bytes ? check_number(bytes->count() >= 0, to_text(*bytes)) : check_error(bytes.error());
  const auto rate = parse_bandwidth(text);
  rate ? check_number(rate->count() > 0, to_text(*rate)) : check_error(rate.error());
  const auto time = parse_duration(text);
  time ? check_number(time->count_ps() >= 0, to_text(*time)) : check_error(time.error());
  const auto macs = parse_mac_rate(text);
  macs ? check_number(macs->count() > 0, to_text(*macs)) : check_error(macs.error());
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {"4000MiB",
          "2.5 GB",
          "512",
          "0.000001TiB",
          "4.2GB/s",
          "1810 MiB/s",
          "0.2ms",
          "18.75ns",
          "0",
          "22.5TMAC/s",
          "45TOPS",
          "9223372036854775807",
          "9999999999999999.99TB"};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pregate::try_text(pregate::fuzz::text_of(data, size));
  return 0;
}
