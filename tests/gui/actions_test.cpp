// SPDX-License-Identifier: Apache-2.0
#include "gui/actions.hpp"

#include <gtest/gtest.h>

#include <QtGui/QKeySequence>
#include <map>
#include <string>

namespace pregate {
namespace {

TEST(Actions, EachHasANameAMenuAHelpAndAKeyThatQtKnows) {
  for (const Action& each : all_actions()) {
    EXPECT_FALSE(each.name.empty() || each.menu.empty() || each.help.empty() || each.key.empty())
        << each.name;
    const QKeySequence key(QString::fromUtf8(each.key.data(), static_cast<qsizetype>(each.key.size())),
                           QKeySequence::PortableText);
    EXPECT_EQ(key.count(), 1) << each.name << ": " << each.key;
    EXPECT_NE(key[0].key(), Qt::Key_unknown) << each.name << ": " << each.key;
  }
}

TEST(Actions, NoKeyOrNameStandsTwice) {
  std::map<std::string_view, std::string_view> by_key, by_name;
  for (const Action& each : all_actions()) {
    EXPECT_TRUE(by_key.emplace(each.key, each.name).second)
        << each.key << ": " << each.name << " and " << by_key[each.key];
    EXPECT_TRUE(by_name.emplace(each.name, each.key).second) << each.name;
  }
}

}  // namespace
}  // namespace pregate
