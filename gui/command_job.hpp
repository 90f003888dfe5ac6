// SPDX-License-Identifier: Apache-2.0
// One call of the command `pregate`, which is the program beside the viewer: it runs as in a shell, and what
// it says of its progress (PREGATE_PROGRESS=lines) and of its end is handed on by signals.
//
//   auto* job = new CommandJob({.arguments = {"run", "demo", "--out", file}, .output_file = file}, this);
//   connect(job, &CommandJob::finished, this, [job] { if (job->state() == CommandJob::State::done) ...; });
//   job->start();
//
// It dies with the viewer, however that ends. Leaves out what is done with the result.
#pragma once

#include <QtCore/QElapsedTimer>
#include <QtCore/QProcess>
#include <QtCore/QTimer>

#include "gui/command_request.hpp"

namespace pregate {

class CommandJob final : public QObject {
  Q_OBJECT

 public:
  enum class State { waiting, running, done, failed, cancelled, not_started };
  // As the command said it last. total 0: unknown.
  struct Progress {
    qint64 done = 0, total = 0;
    QString what;  // "simulating: step"
  };

  static constexpr int kPatienceMs = 5000;

  explicit CommandJob(CommandRequest request, QObject* parent = nullptr);
  ~CommandJob() override;

  // The command's path: beside the viewer, or what set_program() said (tests).
  static QString program();
  static void set_program(const QString& path);

  void start();
  // Interrupts it as Ctrl-C does: a sweep ends the scenarios that it is at. What has not ended after
  // `patience` is killed.
  void cancel();
  void set_patience(int milliseconds) { patience_ms_ = milliseconds; }

  [[nodiscard]] const CommandRequest& request() const { return request_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool ended() const { return state_ != State::waiting && state_ != State::running; }
  [[nodiscard]] bool cancelling() const { return cancelling_; }
  [[nodiscard]] const Progress& progress() const { return progress_; }
  [[nodiscard]] qint64 elapsed_ms() const { return ended() ? took_ms_ : watch_.elapsed(); }
  // What it printed, at most as much as the request said.
  [[nodiscard]] QString output() const { return QString::fromUtf8(output_); }
  [[nodiscard]] const QByteArray& output_bytes() const { return output_; }
  // Why it failed or could not be started: the one line of the command. Empty where there is none.
  [[nodiscard]] const QString& error_line() const { return error_line_; }

 signals:
  void progressed();
  void finished();  // once, whatever the state is then

 private:
  void read_output();
  void read_errors();
  void take_line(const QByteArray& line);
  void end(State state);
  void process_ended(int code, QProcess::ExitStatus status);
  void process_failed(QProcess::ProcessError error);

  CommandRequest request_;
  QProcess process_;
  QTimer killer_;
  QElapsedTimer watch_;
  State state_ = State::waiting;
  Progress progress_;
  QByteArray output_, rest_;  // rest_: of a line of stderr that has not ended
  QString error_line_, last_line_;
  qint64 took_ms_ = 0;
  int patience_ms_ = kPatienceMs;
  bool cancelling_ = false;
};

}  // namespace pregate
