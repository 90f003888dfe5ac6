// SPDX-License-Identifier: Apache-2.0
// Reads a sweep's file through the command, so that its numbers are the command's: the viewer knows no
// SQLite.
#pragma once

#include <QtCore/QObject>
#include <memory>
#include <thread>

#include "gui/command_job.hpp"
#include "gui/mailbox.hpp"
#include "gui/scene/sweep_table.hpp"

namespace pregate {

// In the background: the command, then the parsing on a thread of its own. One end signal for each start().
class SweepReader : public QObject {
  Q_OBJECT

 public:
  explicit SweepReader(std::string path, QObject* parent = nullptr);
  ~SweepReader() override;

  void start();
  void cancel();
  [[nodiscard]] bool reading() const { return reading_; }

 signals:
  void finished(std::shared_ptr<const pregate::SweepTable> table);
  void failed(const QString& message);

 private:
  void parse();
  void fail(const QString& message);

  std::string path_;
  std::unique_ptr<CommandJob> job_;
  Mailbox news_;  // from the thread
  std::thread thread_;
  bool reading_ = false;
};

// Waits for the end: for pictures without a window.
Result<SweepTable> read_sweep_file(const std::string& path);

}  // namespace pregate
