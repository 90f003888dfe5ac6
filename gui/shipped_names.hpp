// SPDX-License-Identifier: Apache-2.0
// The devices and models that the command knows, asked of itself (`pregate devices --json`, `pregate models
// --json`) in the background. Where it does not answer, the lists stay empty and names are typed.
#pragma once

#include <QtCore/QObject>
#include <QtCore/QStringList>

namespace pregate {

struct ShippedNames {
  QStringList devices, models;
  QStringList models_with_weights;  // those that a prompt can be given to
};

class NameLookup final : public QObject {
  Q_OBJECT

 public:
  explicit NameLookup(QObject* parent = nullptr);
  void start();
  [[nodiscard]] const ShippedNames& names() const { return names_; }

 signals:
  void found();  // once for each of the two lists

 private:
  void ask(const QString& verb);
  void take(const QString& verb, const QByteArray& json);

  ShippedNames names_;
};

}  // namespace pregate
