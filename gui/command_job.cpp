// SPDX-License-Identifier: Apache-2.0
#include "gui/command_job.hpp"

#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <csignal>
#include <utility>

namespace pregate {
namespace {

constexpr qsizetype kMostLine = qsizetype{1} << 14;

QString& program_override() {
  static QString path;
  return path;
}

// "DONE TOTAL WHAT", as behind "progress ".
std::optional<CommandJob::Progress> parse_progress(const QByteArray& text) {
  const qsizetype first = text.indexOf(' ');
  const qsizetype second = first < 0 ? -1 : text.indexOf(' ', first + 1);
  if (second < 0) return std::nullopt;
  bool done_fits = false, total_fits = false;
  CommandJob::Progress progress;
  progress.done = text.left(first).toLongLong(&done_fits);
  progress.total = text.mid(first + 1, second - first - 1).toLongLong(&total_fits);
  progress.what = QString::fromUtf8(text.mid(second + 1));
  if (!done_fits || !total_fits || progress.done < 0 || progress.total < 0) return std::nullopt;
  return progress;
}

// In the child, before it becomes the command: a killed viewer takes it along.
void die_with(pid_t parent) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // it has died already
#else
  (void)parent;
#endif
}

}  // namespace

QString CommandJob::program() {
  if (!program_override().isEmpty()) return program_override();
  return QDir(QCoreApplication::applicationDirPath()).filePath("pregate");
}

void CommandJob::set_program(const QString& path) {
  program_override() = path;
}

CommandJob::CommandJob(CommandRequest request, QObject* parent)
    : QObject(parent), request_(std::move(request)) {
  killer_.setSingleShot(true);
  connect(&killer_, &QTimer::timeout, &process_, &QProcess::kill);
  connect(&process_, &QProcess::readyReadStandardOutput, this, &CommandJob::read_output);
  connect(&process_, &QProcess::readyReadStandardError, this, &CommandJob::read_errors);
  connect(&process_, &QProcess::finished, this, &CommandJob::process_ended);
  connect(&process_, &QProcess::errorOccurred, this, &CommandJob::process_failed);
}

CommandJob::~CommandJob() {
  process_.disconnect(this);
  if (process_.state() == QProcess::NotRunning) return;
  process_.kill();
  process_.waitForFinished(2000);
}

void CommandJob::start() {
  Q_ASSERT(state_ == State::waiting);
  state_ = State::running;
  watch_.start();
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert("PREGATE_PROGRESS", "lines");
  process_.setProcessEnvironment(environment);
  process_.setStandardInputFile(QProcess::nullDevice());
  const pid_t parent = ::getpid();
  process_.setChildProcessModifier([parent] { die_with(parent); });
  process_.start(program(), request_.arguments);
}

void CommandJob::cancel() {
  if (ended() || cancelling_) return;
  if (state_ == State::waiting) return end(State::cancelled);
  cancelling_ = true;
  killer_.start(patience_ms_);
  if (const qint64 id = process_.processId(); id > 0) ::kill(static_cast<pid_t>(id), SIGINT);
  emit progressed();
}

void CommandJob::read_output() {
  const QByteArray more = process_.readAllStandardOutput();
  output_ += more.left(static_cast<qsizetype>(request_.most_output) - output_.size());
}

void CommandJob::read_errors() {
  rest_ += process_.readAllStandardError();
  const Progress before = progress_;
  for (qsizetype newline = rest_.indexOf('\n'); newline >= 0; newline = rest_.indexOf('\n')) {
    take_line(rest_.left(newline));
    rest_.remove(0, newline + 1);
  }
  if (rest_.size() > kMostLine) rest_.truncate(kMostLine);  // its end is thrown away as it comes
  if (before.done != progress_.done || before.total != progress_.total || before.what != progress_.what)
    emit progressed();
}

void CommandJob::take_line(const QByteArray& line) {
  if (line.startsWith("progress ")) {
    if (const std::optional<Progress> progress = parse_progress(line.mid(9))) {
      progress_ = *progress;
      return;
    }
  }
  if (line.startsWith("pregate: ")) error_line_ = QString::fromUtf8(line.mid(9)).trimmed();
  if (!line.trimmed().isEmpty()) last_line_ = QString::fromUtf8(line).trimmed();
}

void CommandJob::process_ended(int code, QProcess::ExitStatus status) {
  read_output();
  read_errors();
  if (!rest_.isEmpty()) take_line(std::exchange(rest_, {}));
  if (cancelling_ && (code != 0 || status == QProcess::CrashExit)) {
    error_line_.clear();
    return end(State::cancelled);
  }
  if (status == QProcess::NormalExit && code == 0) {
    error_line_.clear();
    return end(State::done);
  }
  if (error_line_.isEmpty()) error_line_ = last_line_;
  if (error_line_.isEmpty() && status == QProcess::CrashExit)
    error_line_ = "the command ended before its work was done";
  end(State::failed);
}

void CommandJob::process_failed(QProcess::ProcessError error) {
  if (error != QProcess::FailedToStart) return;  // finished() comes as well
  const QFileInfo file(program());
  const QString why = !file.exists()         ? "it is not there"
                      : !file.isExecutable() ? "it is no program"
                                             : process_.errorString();
  error_line_ = QString("could not start %1: %2").arg(program(), why);
  end(State::not_started);
}

void CommandJob::end(State state) {
  if (ended()) return;
  killer_.stop();
  took_ms_ = watch_.isValid() ? watch_.elapsed() : 0;
  state_ = state;
  emit finished();
}

}  // namespace pregate
