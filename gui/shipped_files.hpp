// SPDX-License-Identifier: Apache-2.0
// The scenarios, devices and models that the command knows, and their texts, asked of the command itself
// (`pregate devices --json`, `pregate devices NAME --json` ...) in the background. Where it does not answer,
// the lists stay empty, names are typed, and fields show the schema's fallbacks.
#pragma once

#include <QtCore/QMap>
#include <QtCore/QObject>
#include <QtCore/QStringList>
#include <functional>

class QJsonDocument;

namespace pregate {

class ShippedFiles final : public QObject {
  Q_OBJECT

 public:
  enum class Kind { scenario, device, model };
  explicit ShippedFiles(QObject* parent = nullptr) : QObject(parent) {}
  ~ShippedFiles() override;

  void start();
  [[nodiscard]] const QStringList& names(Kind kind) const { return names_[static_cast<int>(kind)]; }
  // Those that a prompt can be given to.
  [[nodiscard]] const QStringList& models_with_weights() const { return with_weights_; }
  // The text of a shipped name or of a file; empty while it is not known: found() comes once it is.
  QString text(Kind kind, const QString& name_or_file);

 signals:
  void names_found();
  void text_found();

 private:
  void ask(const QStringList& arguments, const std::function<void(const QJsonDocument&)>& take);
  void list(Kind kind);

  QStringList names_[3];
  QStringList with_weights_;
  QMap<QString, QString> texts_[3];  // by name; empty while it is asked for
};

}  // namespace pregate
