// SPDX-License-Identifier: Apache-2.0
#include "gui/sweep_file.hpp"

#include <fmt/format.h>

#include <new>

namespace pregate {
namespace {

constexpr qint64 kMostBytes = qint64{1} << 30;  // half a million rows

CommandRequest request_of(const std::string& path) {
  CommandRequest request;
  request.arguments = {"sweep", "show", QString::fromStdString(path), "--document"};
  request.title = QStringLiteral("Reading a sweep");
  request.most_output = kMostBytes;
  return request;
}

Result<SweepTable> parsed(const std::string& path, const QByteArray& text) {
  if (text.size() >= kMostBytes)
    return run_failed(path, fmt::format("a sweep of at most {} bytes as JSON", kMostBytes), "more");
  try {
    auto table = parse_sweep(std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
    return table ? std::move(table) : table.error().at(path);
  } catch (const std::bad_alloc&) {
    return run_failed(path, "memory for the whole sweep", "not enough");
  }
}

}  // namespace

SweepReader::SweepReader(std::string path, QObject* parent) : QObject(parent), path_(std::move(path)) {}

SweepReader::~SweepReader() {
  if (thread_.joinable()) thread_.join();
}

void SweepReader::start() {
  if (reading_) return;
  reading_ = true;
  job_ = std::make_unique<CommandJob>(request_of(path_));
  connect(job_.get(), &CommandJob::finished, this, [this] {
    if (job_->state() == CommandJob::State::done) return parse();
    fail(job_->state() == CommandJob::State::cancelled ? tr("Reading was cancelled.") : job_->error_line());
  });
  job_->start();
}

void SweepReader::cancel() {
  if (job_ != nullptr) job_->cancel();
}

void SweepReader::fail(const QString& message) {
  reading_ = false;
  emit failed(message);
}

// The thread touches nothing of this object but the box that its result comes back by.
void SweepReader::parse() {
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, path = path_, text = job_->output_bytes()] {
    auto table = std::make_shared<Result<SweepTable>>(parsed(path, text));
    news_.post([this, table] {
      if (!*table) return fail(QString::fromStdString(table->error().message()));
      reading_ = false;
      emit finished(std::make_shared<const SweepTable>(std::move(table->value())));
    });
  });
}

Result<SweepTable> read_sweep_file(const std::string& path) {
  QProcess process;
  process.setStandardInputFile(QProcess::nullDevice());
  process.start(CommandJob::program(), request_of(path).arguments);
  if (!process.waitForFinished(-1) || process.exitStatus() != QProcess::NormalExit)
    return run_failed(CommandJob::program().toStdString(), "a program that ends well",
                      process.errorString().toStdString());
  if (process.exitCode() != 0) {
    QString line = QString::fromUtf8(process.readAllStandardError()).trimmed();
    if (line.startsWith(QStringLiteral("pregate: "))) line.remove(0, 9);
    Error error = bad_input("a sweep that the command can read", line.toStdString());
    return error.at(path);
  }
  return parsed(path, process.readAllStandardOutput());
}

}  // namespace pregate
