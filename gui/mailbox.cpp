// SPDX-License-Identifier: Apache-2.0
#include "gui/mailbox.hpp"

#include <QtCore/QPointer>
#include <utility>

namespace pregate {

void Mailbox::post(std::function<void()> message) {
  {
    const std::lock_guard held(lock_);
    messages_.push_back(std::move(message));
  }
  QMetaObject::invokeMethod(this, "deliver", Qt::QueuedConnection);
}

void Mailbox::deliver() {
  std::vector<std::function<void()>> messages;
  {
    const std::lock_guard held(lock_);
    messages.swap(messages_);
  }
  const QPointer<Mailbox> here(this);  // a message may be the end of the box
  for (const auto& message : messages) {
    if (here == nullptr) return;
    message();
  }
}

}  // namespace pregate
