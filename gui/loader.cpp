// SPDX-License-Identifier: Apache-2.0
#include "gui/loader.hpp"

#include <chrono>
#include <new>

#include "traces/import.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

// Progress at most this often: a signal a block would drown the window.
constexpr auto kPause = std::chrono::milliseconds(50);

template <typename Read>
auto guarded(const std::string& path, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return run_failed(path, "memory for the whole file", "not enough");
  }
}

}  // namespace

Loader::Loader(std::string path, QObject* parent) : QObject(parent), path_(std::move(path)) {}

Loader::~Loader() {
  cancel();
  if (thread_.joinable()) thread_.join();
}

void Loader::start(FileKind kind) {
  thread_ = std::thread([this, kind] { kind == FileKind::run ? read_run_file() : read_route_file(); });
}

void Loader::start_pair(std::shared_ptr<const RunDocument> a) {
  thread_ = std::thread([this, first = std::move(a)] { read_pair(*first); });
}

ReadWatch Loader::watch() {
  return [this, next = std::chrono::steady_clock::now()](std::int64_t read, std::int64_t total) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next) {
      next = now + kPause;
      news_.post([this, read, total] { emit progressed(read, total); });
    }
    return !cancelled_.load();
  };
}

void Loader::tell_failure(const Error& error) {
  news_.post([this, message = error.message()] { emit failed(QString::fromStdString(message)); });
}

Result<std::shared_ptr<const RunDocument>> Loader::read_document() {
  using Made = Result<std::shared_ptr<const RunDocument>>;
  return guarded(path_, [this]() -> Made {
    auto run = read_run(path_, watch());
    if (!run) return run.error();
    if (cancelled_) return reading_cancelled().at(path_);
    return RunDocument::make(path_, std::move(*run));
  });
}

void Loader::read_run_file() {
  const auto document = read_document();
  if (!document) {
    tell_failure(document.error());
    return;
  }
  news_.post([this, run = *document] { emit run_loaded(run); });
}

void Loader::read_pair(const RunDocument& a) {
  const auto b = read_document();
  if (!b) {
    tell_failure(b.error());
    return;
  }
  using Made = Result<std::unique_ptr<RunPair>>;
  auto pair = guarded(path_, [&]() -> Made { return RunPair::build(a.run, (*b)->run); });
  if (!pair) {
    tell_failure(pair.error());
    return;
  }
  news_.post([this, run = *b, both = std::shared_ptr<const RunPair>(std::move(*pair))] {
    emit pair_loaded(run, both);
  });
}

void Loader::read_route_file() {
  auto trace = guarded(path_, [this] { return load_trace(path_, {}, watch()); });
  if (!trace) {
    tell_failure(trace.error());
    return;
  }
  auto document = std::make_shared<const RouteDocument>(RouteDocument{path_, std::move(*trace)});
  news_.post([this, document] { emit route_loaded(document); });
}

}  // namespace pregate
