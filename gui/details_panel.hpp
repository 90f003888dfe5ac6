// SPDX-License-Identifier: Apache-2.0
// What is known of the selected item, as a sentence with links, and its place in the chain of causes. `[` and
// `]` walk along that chain, which stays the same while they do.
#pragma once

#include <QtWidgets/QTextBrowser>
#include <memory>

#include "gui/link.hpp"
#include "gui/scene/explanation.hpp"

namespace pregate {

class DetailsPanel : public QTextBrowser {
  Q_OBJECT

 public:
  // Both outlive it.
  DetailsPanel(const Explainer& explainer, Link& link, QWidget* parent = nullptr);

  [[nodiscard]] bool can_step(int step) const;
  // Along the chain: 1 towards the cause, -1 back.
  void step(int step);
  // The sentence without links.
  [[nodiscard]] QString text() const;

 private:
  void follow();
  void show_explanation();
  [[nodiscard]] QString chain_text() const;
  void open_anchor(const QUrl& url);

  const Explainer& explainer_;
  Link& link_;
  Explanation shown_;
  std::vector<Target> chain_;
  std::size_t place_ = 0;
};

}  // namespace pregate
