// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/card.hpp"

#include <algorithm>
#include <numeric>

#include "gui/scene/text_fit.hpp"

namespace pregate {
namespace {

constexpr int kMargin = 24, kGap = 16, kPadding = 16;
constexpr int kRow = 20, kTitle = 22, kBlockGap = 10, kColumnGap = 12;
constexpr int kSwatch = 10, kBarHeight = 10, kStackHeight = 22, kLeastBar = 40, kButton = 28;
constexpr int kLeastColumn = 440;  // of cards
constexpr int kTileHeight = 64, kLeastTile = 140;

float px(int value) {
  return static_cast<float>(value);
}

int rounded(double value) {
  return static_cast<int>(value + 0.5);
}

// Draws a card at the origin, `width` wide.
class CardWriter {
 public:
  explicit CardWriter(int width) : width_(width), inner_(width - 2 * kPadding) {}

  Picture write(const Card& card) {
    out_.rect(Ink::panel, 0, 0, px(width_), 0);  // its height is known at the end
    out_.frame(Ink::grid, 0, 0, px(width_), 0);
    y_ = kPadding - 4;
    const int title = std::min(inner_, text_width(card.title, TextSize::normal, true) + 2);
    out_.write(Ink::text, kPadding, px(y_), px(title), kTitle, card.title).bold = true;
    write_note(card, title);
    for (const CardBlock& block : card.blocks) {
      y_ += kBlockGap;
      std::visit([this](const auto& b) { draw(b); }, block);
    }
    out_.width = width_;
    out_.height = y_ + kPadding;
    out_.marks[0].h = out_.marks[1].h = px(out_.height);
    return std::move(out_);
  }

 private:
  // Beside the title where it fits, else below it.
  void write_note(const Card& card, int title) {
    const int note = text_width(card.note, TextSize::small) + 2;
    const bool beside = title + 10 + note <= inner_;
    const int x = beside ? kPadding + title + 10 : kPadding;
    if (!beside) y_ += kTitle - 4;
    if (!card.note.empty())
      out_.write(Ink::text_dim, px(x), px(y_ + 1), px(kPadding + inner_ - x), kTitle, card.note).size =
          TextSize::small;
    y_ += kTitle - (kBlockGap - 6);
  }

  void draw(const CardText& text) {
    int x = 0;
    for (const TextRun& run : text.runs) {
      const bool blank_before = run.text.starts_with(' '), blank_after = run.text.ends_with(' ');
      std::string_view words = run.text;
      if (blank_before) words.remove_prefix(1);
      if (blank_after && !words.empty()) words.remove_suffix(1);
      const int blank = text_width(" ", TextSize::normal);
      if (blank_before && x > 0) x += blank;
      const std::vector<std::string> lines = broken_lines(words, TextSize::normal, inner_, x);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) {
          x = 0;
          y_ += kRow;
        }
        if (lines[i].empty()) continue;
        const int wide = text_width(lines[i], TextSize::normal);
        Mark& mark = out_.write(run.target.kind == Target::Kind::none ? text.ink : Ink::link,
                                px(kPadding + x), px(y_), px(std::min(wide + 2, inner_ - x)), kRow, lines[i]);
        mark.target = run.target;
        x += wide;
      }
      if (blank_after) x += blank;
    }
    y_ += kRow;
  }

  struct Columns {
    std::vector<int> x, width;
    int bar = 0, bar_width = 0;
  };

  Columns columns_of(const CardTable& table) const {
    const std::size_t count = table.rows.empty() ? table.titles.size() : table.rows.front().cells.size();
    Columns out{.x = std::vector<int>(count), .width = std::vector<int>(count)};
    for (std::size_t c = 0; c < table.titles.size(); ++c)
      out.width[c] = text_width(table.titles[c], TextSize::small);
    bool bars = false;
    int swatch = 0;
    for (const CardRow& row : table.rows) {
      for (std::size_t c = 0; c < count; ++c)
        out.width[c] =
            std::max(out.width[c], text_width(row.cells[c].text, TextSize::normal, row.cells[c].bold));
      bars = bars || row.bar;
      if (row.swatch != Ink::none) swatch = kSwatch + 8;
    }
    for (int& width : out.width) width += 2;
    // Names before bars.
    const int texts = std::accumulate(out.width.begin(), out.width.end(),
                                      kColumnGap * static_cast<int>(count - 1) + swatch);
    bars = bars && texts + kColumnGap + kLeastBar <= inner_;
    const int gaps = kColumnGap * static_cast<int>(count - 1) + (bars ? kColumnGap + kLeastBar : 0) + swatch;
    const int taken = std::accumulate(out.width.begin(), out.width.end(), gaps);
    // What does not fit is taken from the names, which are elided.
    if (taken > inner_) out.width[0] = std::max(40, out.width[0] - (taken - inner_));
    fit(out.width, inner_ - gaps);
    int x = kPadding + swatch;
    for (std::size_t c = 0; c < count; ++c) {
      out.x[c] = x;
      x += out.width[c] + kColumnGap;
    }
    if (bars) {
      out.bar = x;
      out.bar_width = std::max(0, kPadding + inner_ - x);
    } else if (count > 1) {
      // Numbers stand at the right edge.
      const int spare = std::max(0, kPadding + inner_ + kColumnGap - x);
      for (std::size_t c = 1; c < count; ++c) out.x[c] += spare;
      out.width[0] += spare;
    }
    return out;
  }

  // Where even that is too much, all become narrower alike.
  static void fit(std::vector<int>& widths, int room) {
    const int taken = std::accumulate(widths.begin(), widths.end(), 0);
    if (taken <= room) return;
    for (int& width : widths) width = width * std::max(room, 0) / taken;
  }

  void draw(const CardTable& table) {
    const Columns at = columns_of(table);
    if (!table.titles.empty()) {
      for (std::size_t c = 0; c < table.titles.size(); ++c)
        out_.write(Ink::text_dim, px(at.x[c]), px(y_), px(at.width[c]), kRow - 2, table.titles[c],
                   c == 0 ? Align::left : Align::right)
            .size = TextSize::small;
      y_ += kRow - 2;
    }
    for (const CardRow& row : table.rows) draw_row(table, row, at);
  }

  void draw_row(const CardTable& table, const CardRow& row, const Columns& at) {
    if (row.total) {
      out_.rect(Ink::grid, kPadding, px(y_ + 1), px(inner_), 1);
      y_ += 3;
    }
    if (row.target.kind != Target::Kind::none) {
      out_.rect(Ink::panel, kPadding, px(y_), px(inner_), kRow, row.target);
      out_.marks.back().alpha = 0;
    }
    if (row.swatch != Ink::none)
      out_.rect(row.swatch, kPadding, px(y_ + (kRow - kSwatch) / 2), kSwatch, kSwatch);
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      const CardCell& cell = row.cells[c];
      Mark& mark = out_.write(cell.target.kind == Target::Kind::none ? cell.ink : Ink::link, px(at.x[c]),
                              px(y_), px(at.width[c]), kRow, cell.text, c == 0 ? Align::left : Align::right);
      mark.bold = cell.bold;
      mark.target = cell.target.kind == Target::Kind::none ? row.target : cell.target;
    }
    if (row.bar && at.bar_width > 0) draw_bar(table, *row.bar, at);
    y_ += kRow;
  }

  void draw_bar(const CardTable& table, const CardBar& bar, const Columns& at) {
    const int from = rounded(std::min(bar.from, bar.to) * at.bar_width);
    const int to = rounded(std::max(bar.from, bar.to) * at.bar_width);
    const int top = y_ + (kRow - kBarHeight) / 2;
    if (table.zero > 0)
      out_.rect(Ink::axis, px(at.bar + rounded(table.zero * at.bar_width)), px(y_), 1, kRow);
    // A level is a place; something that is not nothing is seen.
    if (bar.ink == Ink::axis) {
      out_.rect(bar.ink, px(at.bar + std::min(from, at.bar_width - 1)), px(y_), 1, kRow);
      return;
    }
    if (bar.from != bar.to)
      out_.rect(bar.ink, px(at.bar + from), px(top), px(std::max(to - from, 1)), kBarHeight);
  }

  void draw(const CardStack& stack) {
    std::int64_t total = 0;
    for (const CardStack::Part& part : stack.parts) total += part.size;
    std::int64_t before = 0;
    for (const CardStack::Part& part : stack.parts) {
      const auto edge = [&](std::int64_t size) {
        return total == 0 ? 0
                          : rounded(static_cast<double>(size) / static_cast<double>(total) *
                                    static_cast<double>(inner_));
      };
      const int from = edge(before), to = edge(before + part.size);
      before += part.size;
      if (to == from) continue;
      out_.rect(part.ink, px(kPadding + from), px(y_), px(to - from), kStackHeight);
    }
    y_ += kStackHeight;
  }

  void draw(const CardButton& button) {
    const int wide = std::min(inner_, text_width(button.name, TextSize::normal) + 28);
    out_.rect(Ink::background, kPadding, px(y_), px(wide), kButton, button.target);
    out_.frame(Ink::link, kPadding, px(y_), px(wide), kButton, button.target);
    out_.write(Ink::link, kPadding, px(y_), px(wide), kButton, button.name, Align::centre).target =
        button.target;
    y_ += kButton;
  }

  int width_, inner_, y_ = 0;
  Picture out_;
};

class PageWriter {
 public:
  explicit PageWriter(int width) : width_(std::max(width, 320)), inner_(width_ - 2 * kMargin) {
    out_.width = width_;
  }

  Picture write(const CardPage& page, int height) {
    y_ = kMargin - 8;
    write_above(page);
    write_headline(page);
    write_figures(page);
    write_cards(page);
    out_.height = std::max(height, y_ + kMargin);
    return std::move(out_);
  }

 private:
  void write_above(const CardPage& page) {
    if (page.above.empty()) return;
    std::string text;
    for (const TextRun& run : page.above) text += run.text;
    for (const std::string& line : broken_lines(text, TextSize::normal, inner_)) {
      out_.write(Ink::text_dim, kMargin, px(y_), px(inner_), kRow, line);
      y_ += kRow;
    }
  }

  void write_headline(const CardPage& page) {
    // One size smaller where it would take many lines.
    const std::vector<std::string> large = broken_lines(page.headline, TextSize::title, inner_);
    const bool fits = large.size() <= 2;
    const int line = fits ? 36 : 26;
    y_ += 2;
    for (const std::string& words : fits ? large : broken_lines(page.headline, TextSize::large, inner_)) {
      Mark& mark = out_.write(Ink::text, kMargin, px(y_), px(inner_), px(line), words);
      mark.size = fits ? TextSize::title : TextSize::large;
      y_ += line;
    }
    y_ += kGap / 2;
  }

  void write_figures(const CardPage& page) {
    if (page.figures.empty()) return;
    const int count = static_cast<int>(page.figures.size());
    const int fitting = std::max(1, (inner_ + kGap) / (kLeastTile + kGap));
    const int lines = (count + fitting - 1) / fitting;
    const int columns = (count + lines - 1) / lines;
    const int wide = (inner_ - kGap * (columns - 1)) / columns;
    for (int i = 0; i < count; ++i) {
      const Figure& figure = page.figures[static_cast<std::size_t>(i)];
      const int x = kMargin + i % columns * (wide + kGap), y = y_ + i / columns * (kTileHeight + kGap);
      out_.rect(Ink::panel, px(x), px(y), px(wide), kTileHeight);
      out_.frame(Ink::grid, px(x), px(y), px(wide), kTileHeight);
      out_.write(Ink::text_dim, px(x + 12), px(y + 7), px(wide - 20), 16, figure.name).size = TextSize::small;
      Mark& value = out_.write(figure.ink, px(x + 12), px(y + 22), px(wide - 20), 22, figure.value);
      value.size = TextSize::large;
      value.bold = true;
      out_.write(Ink::text_dim, px(x + 12), px(y + 43), px(wide - 20), 16, figure.note).size =
          TextSize::small;
    }
    y_ += lines * (kTileHeight + kGap);
  }

  // Each card goes below the shortest column so far, the first of them where they are equal.
  void write_cards(const CardPage& page) {
    const int columns = std::clamp((inner_ + kGap) / (kLeastColumn + kGap), 1, 3);
    const int wide = (inner_ - kGap * (columns - 1)) / columns;
    std::vector<int> bottom(static_cast<std::size_t>(columns), y_);
    for (const Card& card : page.cards) {
      const auto shortest = std::min_element(bottom.begin(), bottom.end());
      const Picture drawn = CardWriter(wide).write(card);
      append(out_, drawn, kMargin + static_cast<int>(shortest - bottom.begin()) * (wide + kGap), *shortest);
      *shortest += drawn.height + kGap;
    }
    y_ = *std::max_element(bottom.begin(), bottom.end()) - kGap;
  }

  int width_, inner_, y_ = 0;
  Picture out_;
};

std::string plain(const CardText& text) {
  std::string out = "  ";
  for (const TextRun& run : text.runs) out += run.text;
  return out + "\n";
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string plain(const CardTable& table) {
  std::vector<std::vector<std::string>> lines;
  if (!table.titles.empty()) lines.push_back(table.titles);
  for (const CardRow& row : table.rows) {
    lines.emplace_back();
    for (const CardCell& cell : row.cells) lines.back().push_back(cell.text);
  }
  std::vector<std::size_t> wide;
  for (const auto& line : lines) {
    wide.resize(std::max(wide.size(), line.size()));
    for (std::size_t c = 0; c < line.size(); ++c) wide[c] = std::max(wide[c], characters(line[c]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string blanks(wide[c] - characters(line[c]), ' ');
      text += "  ";
      text += c == 0 ? line[c] + blanks : blanks + line[c];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string plain(const CardStack&) {
  return {};
}
std::string plain(const CardButton&) {
  return {};
}

}  // namespace

void append(Picture& to, const Picture& from, int x, int y) {
  const auto first_text = static_cast<std::int32_t>(to.texts.size());
  const auto first_point = static_cast<std::uint32_t>(to.points.size());
  for (Mark mark : from.marks) {
    mark.x += px(x);
    mark.y += px(y);
    if (mark.text >= 0) mark.text += first_text;
    mark.first_point += first_point;
    to.marks.push_back(mark);
  }
  to.texts.insert(to.texts.end(), from.texts.begin(), from.texts.end());
  for (Point point : from.points) to.points.push_back({point.x + px(x), point.y + px(y)});
}

Picture picture_of(const CardPage& page, int width, int height) {
  return PageWriter(width).write(page, height);
}

std::string csv_of(const CardPage& page) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  std::string out = "section,name,column,value\n";
  const auto line = [&](const std::string& section, const std::string& name, const std::string& column,
                        const std::string& value) {
    out += quoted(section) + "," + quoted(name) + "," + quoted(column) + "," + quoted(value) + "\n";
  };
  for (const Figure& figure : page.figures) line("figures", figure.name, figure.note, figure.value);
  for (const Card& card : page.cards) {
    for (const CardBlock& block : card.blocks) {
      const auto* table = std::get_if<CardTable>(&block);
      if (table == nullptr) continue;
      for (const CardRow& row : table->rows) {
        for (std::size_t c = 1; c < row.cells.size(); ++c)
          line(card.title, row.cells[0].text, c < table->titles.size() ? table->titles[c] : std::string(),
               row.cells[c].text);
      }
    }
  }
  return out;
}

std::string plain_text(const CardPage& page) {
  std::string out;
  for (const TextRun& run : page.above) out += run.text;
  out += "\n" + page.headline + "\n\n";
  for (const Figure& figure : page.figures) {
    out += "  " + figure.name + ": " + figure.value;
    if (!figure.note.empty()) out += " (" + figure.note + ")";
    out += "\n";
  }
  for (const Card& card : page.cards) {
    out += "\n" + card.title;
    if (!card.note.empty()) out += "  (" + card.note + ")";
    out += "\n";
    for (const CardBlock& block : card.blocks)
      out += std::visit([](const auto& b) { return plain(b); }, block);
  }
  return out;
}

}  // namespace pregate
