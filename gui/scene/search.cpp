// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/search.hpp"

#include <algorithm>
#include <array>

namespace pregate {
namespace {

// Rows of one table that match. Tables of a simulated run are in order of time already.
struct Hits {
  std::vector<std::uint32_t> rows;
  std::int64_t latest = INT64_MIN;
  bool ordered = true;

  void add(std::size_t row, SimTime time) {
    ordered = ordered && time.count_ps() >= latest;
    latest = time.count_ps();
    rows.push_back(static_cast<std::uint32_t>(row));
  }
};

constexpr std::array<Target::Kind, kSearchKinds> kTargetKinds = {
    Target::Kind::stall,      Target::Kind::load,   Target::Kind::operation, Target::Kind::eviction,
    Target::Kind::management, Target::Kind::lookup, Target::Kind::event,     Target::Kind::step};

class Scan {
 public:
  Scan(const RunRecord& run, const RunNames& names, const SearchQuery& query) : run_(run), query_(query) {
    ask_steps(names);
    ask_layers();
    ask_experts(names.table());
  }

  std::vector<Target> find() {
    std::array<Hits, kSearchKinds> found;
    const auto look = [&](SearchKind kind, auto member) {
      if (in_set(query_.kinds, kind)) (this->*member)(found[static_cast<std::size_t>(kind)]);
    };
    look(SearchKind::stall, &Scan::stalls);
    look(SearchKind::load, &Scan::loads);
    look(SearchKind::operation, &Scan::operators);
    look(SearchKind::eviction, &Scan::evictions);
    look(SearchKind::management, &Scan::management);
    look(SearchKind::lookup, &Scan::lookups);
    look(SearchKind::event, &Scan::events);
    look(SearchKind::step, &Scan::steps);
    return merged(found);
  }

 private:
  // ---- what is asked of a step, a layer, an expert: a byte each ----

  void ask_steps(const RunNames& names) {
    any_step_ = !query_.phases && !query_.token && !query_.step;
    step_fits_.resize(run_.steps.size());
    for (std::size_t i = 0; i < run_.steps.size(); ++i) {
      const Phase phase = run_.steps[i].phase;
      const auto number = static_cast<std::int32_t>(i);
      const bool fits =
          (!query_.phases || in_set(*query_.phases, phase)) && (!query_.step || query_.step->holds(number)) &&
          (!query_.token || (phase == Phase::decode && query_.token->holds(names.number_of(number))));
      step_fits_[i] = fits ? 1 : 0;
    }
  }
  void ask_layers() {
    layer_fits_.resize(run_.model.layers.size());
    for (std::size_t i = 0; i < layer_fits_.size(); ++i)
      layer_fits_[i] = !query_.layer || query_.layer->holds(static_cast<std::int64_t>(i)) ? 1 : 0;
  }
  void ask_experts(const ExpertTable& table) {
    any_expert_ = !query_.expert && !query_.bank;
    expert_fits_.resize(table.size());
    for (std::size_t i = 0; i < expert_fits_.size(); ++i) {
      const ExpertId id(static_cast<std::uint32_t>(i));
      const bool fits = (!query_.expert || query_.expert->holds(table.index_in_bank(id))) &&
                        (!query_.bank || query_.bank->holds(table.bank(id).value()));
      expert_fits_[i] = fits ? 1 : 0;
    }
  }

  [[nodiscard]] bool step_fits(std::int32_t step) const {
    return step_fits_[static_cast<std::size_t>(step)] != 0;
  }
  [[nodiscard]] bool place_fits(std::int32_t step, LayerId layer) const {
    return step_fits(step) && (layer.valid() ? layer_fits_[layer.value()] != 0 : !query_.layer);
  }
  [[nodiscard]] bool event_fits(EventId event) const {
    if (!event.valid()) return any_step_ && !query_.layer;
    const EventRecord& row = run_.events[event.value()];
    return place_fits(row.step, row.layer);
  }
  [[nodiscard]] bool expert_fits(ExpertId expert) const {
    return any_expert_ || (expert.valid() && expert_fits_[expert.value()] != 0);
  }
  [[nodiscard]] bool length_fits(SimTime begin, SimTime end) const {
    if (!query_.longer && !query_.shorter) return true;
    const Duration length = between(begin, end);
    return (!query_.longer || length >= *query_.longer) && (!query_.shorter || length <= *query_.shorter);
  }
  [[nodiscard]] bool named(const std::string& name) const {
    return std::all_of(query_.words.begin(), query_.words.end(),
                       [&name](const std::string& word) { return name.find(word) != std::string::npos; });
  }

  // ---- tables ----

  // When a row is: what `time` of each table says.
  static SimTime time(const StallRecord& row) { return row.begin; }
  static SimTime time(const LoadRecord& row) { return row.requested; }
  static SimTime time(const OperatorRecord& row) { return row.begin; }
  static SimTime time(const EvictionRecord& row) { return row.at; }
  static SimTime time(const ManagementRecord& row) { return row.begin; }
  SimTime time(const LookupRecord& row) const {
    return row.event.valid() ? run_.events[row.event.value()].at : SimTime();
  }
  static SimTime time(const EventRecord& row) { return row.at; }
  static SimTime time(const StepRecord& row) { return row.begin; }

  [[nodiscard]] std::int64_t time_of(std::size_t kind, std::uint32_t row) const {
    switch (static_cast<SearchKind>(kind)) {
      case SearchKind::stall:
        return time(run_.stalls[row]).count_ps();
      case SearchKind::load:
        return time(run_.loads[row]).count_ps();
      case SearchKind::operation:
        return time(run_.operators[row]).count_ps();
      case SearchKind::eviction:
        return time(run_.evictions[row]).count_ps();
      case SearchKind::management:
        return time(run_.management[row]).count_ps();
      case SearchKind::lookup:
        return time(run_.lookups[row]).count_ps();
      case SearchKind::event:
        return time(run_.events[row]).count_ps();
      case SearchKind::step:
        return time(run_.steps[row]).count_ps();
    }
    return 0;
  }

  template <typename Row, typename Fits>
  void each(const std::vector<Row>& rows, Hits& out, const Fits& fits) const {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (fits(rows[i])) out.add(i, time(rows[i]));
    }
  }

  void stalls(Hits& out) {
    std::array<bool, kStallCauses> cause{};
    for (std::size_t i = 0; i < cause.size(); ++i)
      cause[i] = (!query_.causes || in_set(*query_.causes, i)) &&
                 named(search_name(StallRecord{.cause = static_cast<StallCause>(i)}));
    each(run_.stalls, out, [&](const StallRecord& row) {
      if (!cause[static_cast<std::size_t>(row.cause)] || !place_fits(row.step, row.layer)) return false;
      if (!length_fits(row.begin, row.end)) return false;
      return any_expert_ || (row.load.valid() && expert_fits(run_.loads[row.load.value()].expert));
    });
  }

  void loads(Hits& out) {
    std::array<std::array<std::array<bool, 4>, 2>, 3> kind{};
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t again = 0; again < 2; ++again) {
        for (std::size_t state = 0; state < 4; ++state) {
          const LoadRecord like{
              .purpose = static_cast<Purpose>(p), .reload = again == 1, .state = static_cast<LoadEnd>(state)};
          kind[p][again][state] = (!query_.purposes || in_set(*query_.purposes, p)) &&
                                  (!query_.reload || *query_.reload == like.reload) &&
                                  named(search_name(like));
        }
      }
    }
    const bool with_length = query_.longer || query_.shorter;
    each(run_.loads, out, [&](const LoadRecord& row) {
      if (!kind[static_cast<std::size_t>(row.purpose)][row.reload ? 1 : 0]
               [static_cast<std::size_t>(row.state)])
        return false;
      if (!place_fits(row.step, row.layer) || !expert_fits(row.expert)) return false;
      // What never arrived has no length.
      return !with_length || (row.state == LoadEnd::arrived && length_fits(row.started, row.arrived));
    });
  }

  void operators(Hits& out) {
    std::array<bool, 5> kind{};
    for (std::size_t i = 0; i < kind.size(); ++i)
      kind[i] = named(search_name(OperatorRecord{.kind = static_cast<OperatorKind>(i)}));
    each(run_.operators, out, [&](const OperatorRecord& row) {
      return kind[static_cast<std::size_t>(row.kind)] && place_fits(row.step, row.layer) &&
             expert_fits(row.expert) && length_fits(row.begin, row.end);
    });
  }

  void evictions(Hits& out) {
    each(run_.evictions, out,
         [&](const EvictionRecord& row) { return expert_fits(row.expert) && event_fits(row.at_event); });
  }

  void management(Hits& out) {
    each(run_.management, out, [&](const ManagementRecord& row) {
      return place_fits(row.step, row.layer) && length_fits(row.begin, row.end);
    });
  }

  void lookups(Hits& out) {
    std::array<std::array<bool, 5>, 4> kind{};
    for (std::size_t o = 0; o < 4; ++o) {
      for (std::size_t m = 0; m < 5; ++m) {
        kind[o][m] = (!query_.outcomes || in_set(*query_.outcomes, o)) &&
                     named(search_name(LookupRecord{.outcome = static_cast<Outcome>(o),
                                                    .miss_class = static_cast<MissClass>(m)}));
      }
    }
    each(run_.lookups, out, [&](const LookupRecord& row) {
      return kind[static_cast<std::size_t>(row.outcome)][static_cast<std::size_t>(row.miss_class)] &&
             expert_fits(row.expert) && event_fits(row.event);
    });
  }

  void events(Hits& out) {
    each(run_.events, out, [&](const EventRecord& row) { return place_fits(row.step, row.layer); });
  }

  void steps(Hits& out) {
    const bool prefill = named(search_name(StepRecord{.phase = Phase::prefill}));
    const bool decode = named(search_name(StepRecord{.phase = Phase::decode}));
    const StepRecord* first = run_.steps.data();
    each(run_.steps, out, [&](const StepRecord& row) {
      return step_fits(static_cast<std::int32_t>(&row - first)) &&
             (row.phase == Phase::prefill ? prefill : decode) && length_fits(row.begin, row.end);
    });
  }

  // ---- order ----

  void order(std::size_t kind, Hits& hits) const {
    if (hits.ordered) return;
    std::stable_sort(hits.rows.begin(), hits.rows.end(), [this, kind](std::uint32_t a, std::uint32_t b) {
      return time_of(kind, a) < time_of(kind, b);
    });
  }

  [[nodiscard]] std::vector<Target> merged(std::array<Hits, kSearchKinds>& found) const {
    struct Head {
      std::size_t kind = 0, next = 0;
      std::int64_t time = 0;
    };
    std::vector<Head> heads;
    std::size_t total = 0;
    for (std::size_t k = 0; k < kSearchKinds; ++k) {
      if (found[k].rows.empty()) continue;
      order(k, found[k]);
      heads.push_back({.kind = k, .time = time_of(k, found[k].rows.front())});
      total += found[k].rows.size();
    }
    std::vector<Target> out;
    out.reserve(total);
    while (!heads.empty()) {
      const auto first = std::min_element(heads.begin(), heads.end(),
                                          [](const Head& a, const Head& b) { return a.time < b.time; });
      const std::vector<std::uint32_t>& rows = found[first->kind].rows;
      out.push_back({.kind = kTargetKinds[first->kind], .row = rows[first->next]});
      if (++first->next == rows.size()) {
        heads.erase(first);
      } else {
        first->time = time_of(first->kind, rows[first->next]);
      }
    }
    return out;
  }

  const RunRecord& run_;
  const SearchQuery& query_;
  std::vector<std::uint8_t> step_fits_, layer_fits_, expert_fits_;
  bool any_step_ = true, any_expert_ = true;
};

}  // namespace

std::vector<Target> search(const RunRecord& run, const RunNames& names, const SearchQuery& query) {
  return query.empty() ? std::vector<Target>() : Scan(run, names, query).find();
}

}  // namespace pregate
