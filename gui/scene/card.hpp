// SPDX-License-Identifier: Apache-2.0
// A page of cards: text with links, tables with bars, and stacked bars, laid out in as many columns as the
// width allows. The same cards as plain text, for copying. Needs a QGuiApplication for its fonts.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gui/scene/explanation.hpp"
#include "gui/scene/picture.hpp"

namespace pregate {

// Runs of text with links, broken into lines.
struct CardText {
  std::vector<TextRun> runs;
  Ink ink = Ink::text;
};

struct CardCell {
  std::string text;
  Target target{};
  Ink ink = Ink::text;
  bool bold = false;
};

// Shares of the width that the table's bars have; `to` may lie before `from`.
struct CardBar {
  double from = 0, to = 0;
  Ink ink = Ink::series_0;
};

struct CardRow {
  std::vector<CardCell> cells;  // one a column
  std::optional<CardBar> bar{};
  Ink swatch = Ink::none;  // before the first cell
  bool total = false;      // a line above it
  Target target{};         // of the whole row
};

struct CardTable {
  std::vector<std::string> titles;  // empty: none; the first column stands left, the others right
  std::vector<CardRow> rows;
  double zero = 0;  // where bars begin, as a share of their width
};

// A whole, divided.
struct CardStack {
  struct Part {
    std::int64_t size = 0;
    Ink ink = Ink::none;
    std::string name;
  };
  std::vector<Part> parts;
};

// Something to press.
struct CardButton {
  std::string name;
  Target target;
};

using CardBlock = std::variant<CardText, CardTable, CardStack, CardButton>;

struct Card {
  std::string title;
  std::string note;  // "simulated"
  std::vector<CardBlock> blocks;
};

struct Figure {
  std::string value, name, note;
  Ink ink = Ink::text;
};

struct CardPage {
  std::vector<TextRun> above;  // one line, small
  std::string headline;
  std::vector<Figure> figures;
  std::vector<Card> cards;
};

// Adds what was drawn at the origin, moved to its place.
void append(Picture& to, const Picture& from, int x, int y);

// As high as the content needs, at least `height`.
Picture picture_of(const CardPage& page, int width, int height = 0);
std::string plain_text(const CardPage& page);
// section,name,column,value: a line a cell of a table.
std::string csv_of(const CardPage& page);

}  // namespace pregate
