// SPDX-License-Identifier: Apache-2.0
// The bookmarks of a run, in a file beside it: FILE.run.marks.json. Written whole or not at all; a file that
// cannot be read is an error that says where, and is never written over.
//
//   {"format": "pregate.marks", "version": 1,
//    "marks": [{"number": 3, "at_ps": 12, "view_ps": [0, 20], "note": "thrashing begins"}]}
#pragma once

#include <string>
#include <string_view>

#include "gui/scene/timeline_state.hpp"
#include "traces/base/result.hpp"

namespace pregate {

std::string bookmark_path(const std::string& run_path);

// A file that is not there: no bookmarks.
Result<Bookmarks> read_bookmarks(const std::string& path);
// Without bookmarks: the file is taken away, if there is one.
Status write_bookmarks(const std::string& path, const Bookmarks& bookmarks);

Result<Bookmarks> parse_bookmarks(std::string_view text);
std::string bookmarks_text(const Bookmarks& bookmarks);

}  // namespace pregate
