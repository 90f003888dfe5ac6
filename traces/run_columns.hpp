// SPDX-License-Identifier: Apache-2.0
// The columns of each table of a .run file (schema/run.proto), said once for both directions: `io` is a
// ColumnWriter or a ColumnReader and every line names a column, its coding and the member it holds.
// Differences wrap around in 64 bits, so that any value survives; whether values make sense is the business
// of validate_run.
#pragma once

#include <fmt/format.h>

#include <limits>
#include <span>
#include <type_traits>

#include "traces/proto_convert.hpp"

namespace pregate::columns {

using Column = google::protobuf::RepeatedField<std::int64_t>;

inline std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// How many values an enumeration has.
template <typename E>
inline constexpr std::int64_t kValues = 0;
template <>
inline constexpr std::int64_t kValues<Phase> = 2;
template <>
inline constexpr std::int64_t kValues<Purpose> = 3;
template <>
inline constexpr std::int64_t kValues<Outcome> = 4;
template <>
inline constexpr std::int64_t kValues<MissClass> = 5;
template <>
inline constexpr std::int64_t kValues<OperatorKind> = 5;
template <>
inline constexpr std::int64_t kValues<StallCause> = kStallCauses;
template <>
inline constexpr std::int64_t kValues<LoadEnd> = 4;

// A member as a number: integers, enumerations, times, bytes; ids plus one, so that "none" is 0.
template <typename T>
std::int64_t to_cell(T value) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
    return static_cast<std::int64_t>(value);
  else if constexpr (std::is_same_v<T, SimTime> || std::is_same_v<T, Duration>)
    return value.count_ps();
  else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, Macs>)
    return value.count();
  else
    return value.valid() ? std::int64_t{value.value()} + 1 : 0;
}

// False if the member cannot hold the number.
template <typename T>
bool from_cell(std::int64_t cell, T& out) {
  if constexpr (std::is_enum_v<T>) {
    static_assert(kValues<T> > 0, "kValues names every enumeration");
    out = static_cast<T>(cell);
    return cell >= 0 && cell < kValues<T>;
  } else if constexpr (std::is_integral_v<T>) {
    out = static_cast<T>(cell);
    return cell >= std::int64_t{std::numeric_limits<T>::min()} &&
           cell <= std::int64_t{std::numeric_limits<T>::max()};
  } else if constexpr (std::is_same_v<T, SimTime>) {
    out = SimTime::at_ps(cell);
    return true;
  } else if constexpr (std::is_same_v<T, Duration>) {
    out = Duration::ps(cell);
    return true;
  } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, Macs>) {
    out = T(cell);
    return true;
  } else {
    out = cell == 0 ? T() : T(static_cast<typename T::rep>(cell - 1));
    return cell >= 0 && cell <= std::int64_t{T::kNone};
  }
}

template <typename Row>
class ColumnWriter {
 public:
  explicit ColumnWriter(std::span<const Row> rows) : rows_(rows) {}

  template <typename T>
  void plain(const char*, Column* column, T Row::*member) {
    for (const Row& row : rows_) column->Add(to_cell(row.*member));
  }
  template <typename T>
  void delta(const char*, Column* column, T Row::*member) {
    std::int64_t before = 0;
    for (const Row& row : rows_) {
      const std::int64_t cell = to_cell(row.*member);
      column->Add(wrapping_sub(cell, before));
      before = cell;
    }
  }
  template <typename T>
  void after(const char*, Column* column, T Row::*base, T Row::*member) {
    for (const Row& row : rows_) column->Add(wrapping_sub(to_cell(row.*member), to_cell(row.*base)));
  }

 private:
  std::span<const Row> rows_;
};

template <typename Row>
class ColumnReader {
 public:
  explicit ColumnReader(std::span<Row> rows) : rows_(rows) {}

  template <typename T>
  void plain(const char* name, const Column* column, T Row::*member) {
    fill(name, column, member, [](const Row&) { return std::int64_t{0}; });
  }
  template <typename T>
  void delta(const char* name, const Column* column, T Row::*member) {
    std::int64_t before = 0;
    fill(
        name, column, member, [&](const Row&) { return before; }, [&](std::int64_t cell) { before = cell; });
  }
  template <typename T>
  void after(const char* name, const Column* column, T Row::*base, T Row::*member) {
    fill(name, column, member, [base](const Row& row) { return to_cell(row.*base); });
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  static void ignore(std::int64_t) {}

  template <typename T, typename Origin, typename Seen = void (*)(std::int64_t)>
  void fill(const char* name, const Column* column, T Row::*member, Origin origin, Seen seen = &ignore) {
    if (!status_) return;
    if (static_cast<std::size_t>(column->size()) != rows_.size()) {
      status_ = bad_input(fmt::format("{} values", rows_.size()), fmt::format("{}", column->size()),
                          fmt::format("column {}", name));
      return;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::int64_t cell = wrapping_add(origin(rows_[i]), (*column)[static_cast<int>(i)]);
      seen(cell);
      if (from_cell(cell, rows_[i].*member)) continue;
      status_ = bad_input("a value that the column can have", fmt::format("{}", cell),
                          fmt::format("column {}, row {}", name, i));
      return;
    }
  }

  std::span<Row> rows_;
  Status status_;
};

template <typename Io>
void describe(Io& io, schema::StepChunk& c) {
  io.plain("phase", c.mutable_phase(), &StepRecord::phase);
  io.delta("position", c.mutable_position(), &StepRecord::position);
  io.plain("tokens", c.mutable_tokens(), &StepRecord::tokens);
  io.delta("begin", c.mutable_begin(), &StepRecord::begin);
  io.after("end", c.mutable_end(), &StepRecord::begin, &StepRecord::end);
}

template <typename Io>
void describe(Io& io, schema::EventChunk& c) {
  io.delta("step", c.mutable_step(), &EventRecord::step);
  io.delta("layer", c.mutable_layer(), &EventRecord::layer);
  io.delta("at", c.mutable_at(), &EventRecord::at);
  io.delta("first_lookup", c.mutable_first_lookup(), &EventRecord::first_lookup);
}

template <typename Io>
void describe(Io& io, schema::LookupChunk& c) {
  io.delta("event", c.mutable_event(), &LookupRecord::event);
  io.delta("expert", c.mutable_expert(), &LookupRecord::expert);
  io.plain("outcome", c.mutable_outcome(), &LookupRecord::outcome);
  io.plain("miss_class", c.mutable_miss_class(), &LookupRecord::miss_class);
  io.delta("load", c.mutable_load(), &LookupRecord::load);
}

template <typename Io>
void describe(Io& io, schema::OperatorChunk& c) {
  io.delta("step", c.mutable_step(), &OperatorRecord::step);
  io.delta("layer", c.mutable_layer(), &OperatorRecord::layer);
  io.plain("kind", c.mutable_kind(), &OperatorRecord::kind);
  io.plain("expert", c.mutable_expert(), &OperatorRecord::expert);
  io.delta("begin", c.mutable_begin(), &OperatorRecord::begin);
  io.after("end", c.mutable_end(), &OperatorRecord::begin, &OperatorRecord::end);
  io.plain("alone", c.mutable_alone(), &OperatorRecord::alone);
}

template <typename Io>
void describe(Io& io, schema::ManagementChunk& c) {
  io.delta("step", c.mutable_step(), &ManagementRecord::step);
  io.delta("layer", c.mutable_layer(), &ManagementRecord::layer);
  io.delta("begin", c.mutable_begin(), &ManagementRecord::begin);
  io.after("end", c.mutable_end(), &ManagementRecord::begin, &ManagementRecord::end);
}

template <typename Io>
void describe(Io& io, schema::StallChunk& c) {
  io.delta("step", c.mutable_step(), &StallRecord::step);
  io.delta("layer", c.mutable_layer(), &StallRecord::layer);
  io.delta("begin", c.mutable_begin(), &StallRecord::begin);
  io.after("end", c.mutable_end(), &StallRecord::begin, &StallRecord::end);
  io.plain("cause", c.mutable_cause(), &StallRecord::cause);
  io.delta("load", c.mutable_load(), &StallRecord::load);
}

template <typename Io>
void describe(Io& io, schema::LoadChunk& c) {
  io.plain("expert", c.mutable_expert(), &LoadRecord::expert);
  io.delta("bytes", c.mutable_bytes(), &LoadRecord::bytes);
  io.plain("purpose", c.mutable_purpose(), &LoadRecord::purpose);
  io.plain("adopted", c.mutable_adopted(), &LoadRecord::adopted);
  io.plain("reload", c.mutable_reload(), &LoadRecord::reload);
  io.plain("state", c.mutable_state(), &LoadRecord::state);
  io.delta("step", c.mutable_step(), &LoadRecord::step);
  io.delta("layer", c.mutable_layer(), &LoadRecord::layer);
  io.plain("queued_behind", c.mutable_queued_behind(), &LoadRecord::queued_behind);
  io.delta("requested", c.mutable_requested(), &LoadRecord::requested);
  io.after("started", c.mutable_started(), &LoadRecord::requested, &LoadRecord::started);
  io.after("arrived", c.mutable_arrived(), &LoadRecord::started, &LoadRecord::arrived);
  io.delta("first_use", c.mutable_first_use(), &LoadRecord::first_use);
  io.delta("previous_eviction", c.mutable_previous_eviction(), &LoadRecord::previous_eviction);
}

template <typename Io>
void describe(Io& io, schema::EvictionChunk& c) {
  io.plain("expert", c.mutable_expert(), &EvictionRecord::expert);
  io.delta("by_load", c.mutable_by_load(), &EvictionRecord::by_load);
  io.delta("at", c.mutable_at(), &EvictionRecord::at);
  io.delta("at_event", c.mutable_at_event(), &EvictionRecord::at_event);
  io.delta("last_used", c.mutable_last_used(), &EvictionRecord::last_used);
  io.delta("score", c.mutable_score(), &EvictionRecord::score);
  io.plain("opt_keeps", c.mutable_opt_keeps(), &EvictionRecord::opt_keeps);
  io.delta("next_use", c.mutable_next_use(), &EvictionRecord::next_use);
}

template <typename Io>
void describe(Io& io, schema::CounterChunk& c) {
  io.plain("counter", c.mutable_counter(), &CounterRecord::counter);
  io.delta("at", c.mutable_at(), &CounterRecord::at);
  io.delta("value", c.mutable_value(), &CounterRecord::value);
}

template <typename Io>
void describe(Io& io, schema::MeasuredChunk& c) {
  io.delta("step", c.mutable_step(), &MeasuredRecord::step);
  io.delta("layer", c.mutable_layer(), &MeasuredRecord::layer);
  io.plain("kind", c.mutable_kind(), &MeasuredRecord::kind);
  io.plain("experts", c.mutable_experts(), &MeasuredRecord::experts);
  io.delta("begin", c.mutable_begin(), &MeasuredRecord::begin);
  io.plain("duration", c.mutable_duration(), &MeasuredRecord::duration);
  io.plain("bytes", c.mutable_bytes(), &MeasuredRecord::bytes);
  io.plain("macs", c.mutable_macs(), &MeasuredRecord::macs);
}

}  // namespace pregate::columns
