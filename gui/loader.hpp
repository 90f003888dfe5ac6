// SPDX-License-Identifier: Apache-2.0
// Reads a run or a trace on a thread of its own and says how far it is. Destroying it stops the reading and
// waits for the thread, which looks up after each block of the file; nothing is signalled afterwards.
#pragma once

#include <QtCore/QObject>
#include <atomic>
#include <memory>
#include <thread>

#include "gui/documents.hpp"
#include "gui/mailbox.hpp"
#include "gui/scene/run_pair.hpp"
#include "traces/read_watch.hpp"

namespace pregate {

class Loader : public QObject {
  Q_OBJECT

 public:
  explicit Loader(std::string path, QObject* parent = nullptr);
  ~Loader() override;

  // `kind` run or route.
  void start(FileKind kind);
  // A run to be compared with `a`: what is read and what the two make together.
  void start_pair(std::shared_ptr<const RunDocument> a);
  void cancel() { cancelled_ = true; }
  [[nodiscard]] const std::string& path() const { return path_; }

 signals:
  void progressed(qint64 read, qint64 total);
  void run_loaded(std::shared_ptr<const pregate::RunDocument> document);
  void route_loaded(std::shared_ptr<const pregate::RouteDocument> document);
  void pair_loaded(std::shared_ptr<const pregate::RunDocument> b,
                   std::shared_ptr<const pregate::RunPair> pair);
  // Also when cancelled; `message` is a sentence for people.
  void failed(const QString& message);

 private:
  Result<std::shared_ptr<const RunDocument>> read_document();
  void read_run_file();
  void read_route_file();
  void read_pair(const RunDocument& a);
  ReadWatch watch();
  void tell_failure(const Error& error);

  std::string path_;
  std::atomic<bool> cancelled_ = false;
  Mailbox news_;  // from the thread
  std::thread thread_;
};

}  // namespace pregate
