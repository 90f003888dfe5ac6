// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/search.hpp"

#include <algorithm>
#include <array>

namespace pregate {
namespace {

struct Hit {
  std::int64_t time = 0;
  std::uint32_t row = 0;
};
bool earlier(const Hit& a, const Hit& b) {
  return a.time < b.time;
}

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
    std::array<std::vector<Hit>, kSearchKinds> found;
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

  template <typename Row, typename Fits, typename Time>
  static void each(const std::vector<Row>& rows, std::vector<Hit>& out, const Fits& fits, const Time& time) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (fits(rows[i])) out.push_back({time(rows[i]).count_ps(), static_cast<std::uint32_t>(i)});
    }
  }

  void stalls(std::vector<Hit>& out) {
    std::array<bool, kStallCauses> cause{};
    for (std::size_t i = 0; i < cause.size(); ++i)
      cause[i] = (!query_.causes || in_set(*query_.causes, i)) &&
                 named(search_name(StallRecord{.cause = static_cast<StallCause>(i)}));
    each(
        run_.stalls, out,
        [&](const StallRecord& row) {
          if (!cause[static_cast<std::size_t>(row.cause)] || !place_fits(row.step, row.layer)) return false;
          if (!length_fits(row.begin, row.end)) return false;
          return any_expert_ || (row.load.valid() && expert_fits(run_.loads[row.load.value()].expert));
        },
        [](const StallRecord& row) { return row.begin; });
  }

  void loads(std::vector<Hit>& out) {
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
    each(
        run_.loads, out,
        [&](const LoadRecord& row) {
          if (!kind[static_cast<std::size_t>(row.purpose)][row.reload ? 1 : 0]
                   [static_cast<std::size_t>(row.state)])
            return false;
          if (!place_fits(row.step, row.layer) || !expert_fits(row.expert)) return false;
          // What never arrived has no length.
          return !with_length || (row.state == LoadEnd::arrived && length_fits(row.started, row.arrived));
        },
        [](const LoadRecord& row) { return row.requested; });
  }

  void operators(std::vector<Hit>& out) {
    std::array<bool, 5> kind{};
    for (std::size_t i = 0; i < kind.size(); ++i)
      kind[i] = named(search_name(OperatorRecord{.kind = static_cast<OperatorKind>(i)}));
    each(
        run_.operators, out,
        [&](const OperatorRecord& row) {
          return kind[static_cast<std::size_t>(row.kind)] && place_fits(row.step, row.layer) &&
                 expert_fits(row.expert) && length_fits(row.begin, row.end);
        },
        [](const OperatorRecord& row) { return row.begin; });
  }

  void evictions(std::vector<Hit>& out) {
    each(
        run_.evictions, out,
        [&](const EvictionRecord& row) { return expert_fits(row.expert) && event_fits(row.at_event); },
        [](const EvictionRecord& row) { return row.at; });
  }

  void management(std::vector<Hit>& out) {
    each(
        run_.management, out,
        [&](const ManagementRecord& row) {
          return place_fits(row.step, row.layer) && length_fits(row.begin, row.end);
        },
        [](const ManagementRecord& row) { return row.begin; });
  }

  void lookups(std::vector<Hit>& out) {
    std::array<std::array<bool, 5>, 4> kind{};
    for (std::size_t o = 0; o < 4; ++o) {
      for (std::size_t m = 0; m < 5; ++m) {
        kind[o][m] = (!query_.outcomes || in_set(*query_.outcomes, o)) &&
                     named(search_name(LookupRecord{.outcome = static_cast<Outcome>(o),
                                                    .miss_class = static_cast<MissClass>(m)}));
      }
    }
    each(
        run_.lookups, out,
        [&](const LookupRecord& row) {
          return kind[static_cast<std::size_t>(row.outcome)][static_cast<std::size_t>(row.miss_class)] &&
                 expert_fits(row.expert) && event_fits(row.event);
        },
        [&](const LookupRecord& row) {
          return row.event.valid() ? run_.events[row.event.value()].at : SimTime();
        });
  }

  void events(std::vector<Hit>& out) {
    each(
        run_.events, out, [&](const EventRecord& row) { return place_fits(row.step, row.layer); },
        [](const EventRecord& row) { return row.at; });
  }

  void steps(std::vector<Hit>& out) {
    const bool prefill = named(search_name(StepRecord{.phase = Phase::prefill}));
    const bool decode = named(search_name(StepRecord{.phase = Phase::decode}));
    const StepRecord* first = run_.steps.data();
    each(
        run_.steps, out,
        [&](const StepRecord& row) {
          return step_fits(static_cast<std::int32_t>(&row - first)) &&
                 (row.phase == Phase::prefill ? prefill : decode) && length_fits(row.begin, row.end);
        },
        [](const StepRecord& row) { return row.begin; });
  }

  // ---- order ----

  static std::vector<Target> merged(std::array<std::vector<Hit>, kSearchKinds>& found) {
    std::size_t total = 0;
    std::vector<std::size_t> kinds;
    for (std::size_t k = 0; k < kSearchKinds; ++k) {
      std::vector<Hit>& hits = found[k];
      if (hits.empty()) continue;
      kinds.push_back(k);
      total += hits.size();
      // Tables of a simulated run are in order already.
      if (!std::is_sorted(hits.begin(), hits.end(), earlier))
        std::stable_sort(hits.begin(), hits.end(), earlier);
    }
    std::vector<Target> out;
    out.reserve(total);
    std::array<std::size_t, kSearchKinds> next{};
    while (out.size() < total) {
      std::size_t best = kSearchKinds;
      for (const std::size_t k : kinds) {
        if (next[k] == found[k].size()) continue;
        if (best == kSearchKinds || earlier(found[k][next[k]], found[best][next[best]])) best = k;
      }
      out.push_back({.kind = kTargetKinds[best], .row = found[best][next[best]++].row});
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
