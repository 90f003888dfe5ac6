// SPDX-License-Identifier: Apache-2.0
// Brings what a thread has to say to the thread that the box lives on: each message is a call that is made
// there, in order. What was not delivered when the box goes is dropped. The messages pass through a lock of
// our own and not through Qt's queue, so that the thread sanitizer sees that they are handed over.
#pragma once

#include <QtCore/QObject>
#include <functional>
#include <mutex>
#include <vector>

namespace pregate {

class Mailbox : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;
  // From any thread; the box must be there.
  void post(std::function<void()> message);

 private slots:
  void deliver();

 private:
  std::mutex lock_;
  std::vector<std::function<void()>> messages_;
};

}  // namespace pregate
