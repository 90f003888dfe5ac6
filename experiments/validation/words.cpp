// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/words.hpp"

namespace pregate {
namespace {

constexpr std::size_t kMostDifferences = 20;
constexpr double kPercent = 100;

// "82.1 % to 91.0 %"; of one, "82.1 %".
std::string range_text(const std::vector<double>& shares) {
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  const std::string low = percent(*least), high = percent(*most);
  return low == high ? low : fmt::format("{} to {}", low, high);
}

}  // namespace

std::string share_cell(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f}", rounded(kPercent * *share, 1)) : "-";
}

std::string noise_text(const Validation& validation) {
  std::vector<double> noises;
  for (const ValidationCell& cell : validation.cells) {
    const auto measured = compare(cell, ValidationFigure::tokens_per_second).measured;
    if (cell.measured.size() < 2 || !measured || measured->median == 0) continue;
    noises.push_back((measured->high - measured->low) / 2 / measured->median);
  }
  const std::optional<Repeats> noise = repeats_of(std::move(noises));
  if (!noise) return "not known: no cell decodes twice";
  return fmt::format("tokens/s +/- {} in the median cell, +/- {} in the noisiest", percent(noise->median),
                     percent(noise->high));
}

std::string size_text(const Validation& validation) {
  std::size_t least = SIZE_MAX, most = 0;
  for (const ValidationCell& cell : validation.cells) {
    least = std::min(least, cell.measured.size());
    most = std::max(most, cell.measured.size());
  }
  const std::size_t cells = validation.cells.size();
  const std::string repeats = least >= most ? fmt::format("{}", most) : fmt::format("{} to {}", least, most);
  return fmt::format("{} cell{}, {} repeat{} each", cells, cells == 1 ? "" : "s", repeats,
                     most == 1 ? "" : "s");
}

std::string verdict_text(const ModelVerdict& verdict) {
  std::string out;
  if (verdict.speed) {
    out = fmt::format("tokens/s: median |error| {} (target {:g} %: {}), worst {} (target {:g} %: {})",
                      percent(verdict.speed->median_size), kPercent * kMedianTarget,
                      verdict.median_met() ? "met" : "MISSED", error_cell(verdict.speed->worst),
                      kPercent * kWorstTarget, verdict.worst_met() ? "met" : "MISSED");
  } else {
    out = "no cell decodes: the targets are NOT judged";
  }
  if (verdict.unequal == 0 && verdict.cells == 1) return out + "; counts equal in the one cell";
  return out + (verdict.unequal == 0
                    ? fmt::format("; counts equal in all {} cells", verdict.cells)
                    : fmt::format("; counts DIFFER in {} of {} cells", verdict.unequal, verdict.cells));
}

std::string plain_reads_text(const std::vector<PlainRead>& reads) {
  std::string out;
  for (const PlainRead& read : reads) {
    out += fmt::format("{}{} MiB/s with {} lane{}", out.empty() ? "" : ", ", four_digits(read.mib_s),
                       read.lanes, read.lanes == 1 ? "" : "s");
  }
  return out;
}

std::string resident_text(const ValidationHead& head) {
  if (head.resident.empty()) return {};
  std::string out = head.resident_predicted > 0
                        ? fmt::format("predicted {}, measured ", four_digits(head.resident_predicted))
                        : std::string("measured ");
  double least = head.resident.front().tokens_s, most = least;
  for (std::size_t i = 0; i < head.resident.size(); ++i) {
    const double rate = head.resident[i].tokens_s;
    least = std::min(least, rate);
    most = std::max(most, rate);
    out += fmt::format("{}{}", i == 0 ? "" : ", ", four_digits(rate));
  }
  return out +
         fmt::format(" tokens/s over the grid: +/- {} of the machine's own",
                     percent((most - least) / (most + least))) +
         (head.dropped == 0
              ? std::string()
              : fmt::format("; {} repeat{} run again", head.dropped, head.dropped == 1 ? "" : "s"));
}

std::vector<std::string> disk_texts(const std::vector<DiskShare>& shares) {
  std::vector<std::string> out;
  std::vector<double> judged, others, stalls;
  for (const DiskShare& share : shares) {
    (share.judged ? judged : others).push_back(share.measured);
    if (!share.judged) stalls.push_back(share.stall_share);
  }
  if (!judged.empty()) {
    out.push_back(fmt::format(
        "disk-bound cells with prefetch reach {} of plain reads with the same lanes (target {:g} %: {})",
        range_text(judged), kPercent * kDiskTarget, *disk_met(shares) ? "met" : "MISSED"));
  }
  if (!others.empty()) {
    out.push_back(
        fmt::format("disk-bound cells without prefetch reach {}; not judged: nothing is read while the model "
                    "computes, so that the {} of their time in which they wait are the most they could reach",
                    range_text(others), range_text(stalls)));
  }
  return out;
}

std::vector<std::string> difference_lines(const Validation& validation) {
  const std::vector<CountDifference> all = count_differences(validation);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(all.size(), kMostDifferences); ++i)
    out.push_back(to_text(validation, all[i]));
  if (all.size() > kMostDifferences)
    out.push_back(fmt::format("and {} more: --json", all.size() - kMostDifferences));
  return out;
}

}  // namespace pregate
