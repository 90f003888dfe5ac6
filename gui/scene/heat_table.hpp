// SPDX-License-Identifier: Apache-2.0
// The cells of a heatmap as they are shown: which expert stands in which column of which row, its value, its
// share of the row and its rank there; what a value's colour is and how it is written. Numbers are those of
// the ExpertMatrix; no pixels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/base/ticks.hpp"
#include "traces/expert_matrix.hpp"

namespace pregate {

enum class HeatRows : std::uint8_t { layers, banks };
// What one colour means: a value as it is, or as a share of its row's sum.
enum class HeatScaling : std::uint8_t { absolute, row };
enum class HeatColours : std::uint8_t { linear, logarithmic };
// heat: within each bank from the hottest expert on, the same in all layers of the bank.
enum class HeatOrder : std::uint8_t { id, heat };

struct HeatLook {
  HeatRows rows = HeatRows::layers;
  HeatScaling scaling = HeatScaling::absolute;
  HeatColours colours = HeatColours::linear;
  HeatOrder order = HeatOrder::id;
};

struct HeatCell {
  std::size_t row = 0, column = 0;
  LayerId layer;  // invalid: a row of a whole bank
  BankId bank;
  std::int32_t expert = 0;  // of the bank
  ExpertId id;
  double value = 0;       // in the matrix's unit
  double row_sum = 0;     // of the same
  double share = 0;       // of the row's sum
  std::int32_t rank = 1;  // in the row: 1 has the most; equals share the better rank
  std::int32_t of = 1;    // experts of the row
};

class HeatTable {
 public:
  HeatTable(const ExpertMatrix& matrix, const ModelShape& model, HeatLook look);

  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  // Columns of a row that are cells.
  [[nodiscard]] std::size_t columns(std::size_t row) const { return rows_[row].order.size(); }
  [[nodiscard]] LayerId layer(std::size_t row) const { return rows_[row].layer; }
  [[nodiscard]] BankId bank(std::size_t row) const { return rows_[row].bank; }
  [[nodiscard]] double row_sum(std::size_t row) const { return rows_[row].sum; }
  [[nodiscard]] double sum() const { return sum_; }
  [[nodiscard]] const HeatLook& look() const { return look_; }
  [[nodiscard]] ExpertMeasure measure() const { return measure_; }

  // In the matrix's unit; column < columns(row).
  [[nodiscard]] double value(std::size_t row, std::size_t column) const {
    return rows_[row].values[static_cast<std::size_t>(rows_[row].order[column])];
  }
  [[nodiscard]] ExpertId id(std::size_t row, std::size_t column) const {
    return experts_.id(rows_[row].bank, rows_[row].order[column]);
  }
  [[nodiscard]] HeatCell cell(std::size_t row, std::size_t column) const;
  // 0 to 1, for Ink::heat.
  [[nodiscard]] float heat(std::size_t row, std::size_t column) const;

  // The scale of colours: its ends in shown units, and where a shown value lies, as heat() has it.
  [[nodiscard]] const plot::Ruler& ruler() const { return ruler_; }
  [[nodiscard]] float heat_of_shown(double shown) const;
  // "misses (lookups)", "stall time (ms)", "% of the layer's misses".
  [[nodiscard]] std::string value_label() const;
  // A value where it stands alone: "42 lookups", "1.24 ms", "156 MiB".
  [[nodiscard]] std::string value_text(double value) const;
  // A value in a cell: "42", "1.2".
  [[nodiscard]] std::string short_text(std::size_t row, std::size_t column) const;
  // A row's sum without the word behind it: "1,350", "1.24 ms".
  [[nodiscard]] std::string sum_text(std::size_t row) const;

 private:
  struct Row {
    LayerId layer;
    BankId bank;
    std::vector<double> values;       // by expert
    std::vector<std::int32_t> order;  // column -> expert
    double sum = 0;
  };
  [[nodiscard]] double shown(const Row& row, double value) const;
  void add_rows(const ExpertMatrix& matrix);
  void order_columns();
  void make_ruler();

  ExpertTable experts_;
  HeatLook look_;
  ExpertMeasure measure_;
  std::string unit_;  // of the matrix
  std::vector<Row> rows_;
  std::size_t columns_ = 0;
  double sum_ = 0;
  double unit_size_ = 1;  // of the matrix's units in a shown one
  std::string shown_unit_;
  double least_ = 0, most_ = 0;  // shown values above zero
  plot::Ruler ruler_;
};

// What a measure is called: "uses", "routing weight", "misses", "stall time", "reloads", "bytes read".
std::string_view measure_name(ExpertMeasure measure);

}  // namespace pregate
