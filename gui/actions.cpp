// SPDX-License-Identifier: Apache-2.0
#include "gui/actions.hpp"

#include <algorithm>
#include <array>

#include "traces/base/check.hpp"

namespace pregate {
namespace {

constexpr std::array kActions = {
    Action{Act::open_file, "File", "Open…", "Ctrl+O", "Open a .run, a .route, a trace or a sweep"},
    Action{Act::new_run, "File", "New run…", "Ctrl+N", "Simulate a scenario from a form"},
    Action{Act::new_sweep, "File", "New sweep…", "Ctrl+Shift+N", "Simulate many scenarios from a form"},
    Action{Act::run_again, "File", "Run again with changes…", "Ctrl+R",
           "The form, filled with this run's scenario"},
    Action{Act::compare_with, "File", "Compare with…", "Ctrl+D", "Put another run beside this one"},
    Action{Act::reload, "File", "Reload", "F5", "Read the file again"},
    Action{Act::export_picture, "File", "Export the picture…", "Ctrl+E",
           "What the page shows as PNG, SVG or PDF"},
    Action{Act::export_table, "File", "Export the table…", "Ctrl+Shift+E", "The numbers of the page as CSV"},
    Action{Act::export_perfetto, "File", "Export for Perfetto…", "Ctrl+Alt+E",
           "The run as a .pftrace for ui.perfetto.dev"},
    Action{Act::close_document, "File", "Close", "Ctrl+W", "Close this document"},
    Action{Act::quit, "File", "Quit", "Ctrl+Q", "Close everything"},

    Action{Act::show_verdict, "Go", "Verdict", "Ctrl+1", "How fast, where the time goes, what would help"},
    Action{Act::show_timeline, "Go", "Timeline", "Ctrl+2", "Every operator, stall and load over time"},
    Action{Act::show_heatmap, "Go", "Heatmap", "Ctrl+3", "Layers by experts"},
    Action{Act::show_compare, "Go", "Compare", "Ctrl+4", "Two runs, aligned by token and layer"},
    Action{Act::show_sweep, "Go", "Sweep", "Ctrl+5", "Parameters against metrics"},
    Action{Act::next_document, "Go", "Next document", "Ctrl+PgDown", "The document to the right"},
    Action{Act::previous_document, "Go", "Previous document", "Ctrl+PgUp", "The document to the left"},
    Action{Act::next_item, "Go", "Next item", ".", "The next item of the same track"},
    Action{Act::previous_item, "Go", "Previous item", ",", "The previous item of the same track"},
    Action{Act::next_stall, "Go", "Next stall", "N", "The next wait of the compute unit"},
    Action{Act::previous_stall, "Go", "Previous stall", "P", "The wait before"},
    Action{Act::chain_forward, "Go", "Along the cause chain", "]",
           "From a stall to its load, its eviction, ..."},
    Action{Act::chain_back, "Go", "Back along the cause chain", "[", "The way back"},
    Action{Act::search, "Go", "Search", "/", "Such as layer:3 expert:17 cause:late"},
    Action{Act::next_match, "Go", "Next match", "Ctrl+G", "The next item that the search found"},
    Action{Act::previous_match, "Go", "Previous match", "Ctrl+Shift+G", "The one before"},
    Action{Act::bookmark_0, "Go", "Bookmark 0", "0", "Go to bookmark 0"},
    Action{Act::bookmark_1, "Go", "Bookmark 1", "1", "Go to bookmark 1"},
    Action{Act::bookmark_2, "Go", "Bookmark 2", "2", "Go to bookmark 2"},
    Action{Act::bookmark_3, "Go", "Bookmark 3", "3", "Go to bookmark 3"},
    Action{Act::bookmark_4, "Go", "Bookmark 4", "4", "Go to bookmark 4"},
    Action{Act::bookmark_5, "Go", "Bookmark 5", "5", "Go to bookmark 5"},
    Action{Act::bookmark_6, "Go", "Bookmark 6", "6", "Go to bookmark 6"},
    Action{Act::bookmark_7, "Go", "Bookmark 7", "7", "Go to bookmark 7"},
    Action{Act::bookmark_8, "Go", "Bookmark 8", "8", "Go to bookmark 8"},
    Action{Act::bookmark_9, "Go", "Bookmark 9", "9", "Go to bookmark 9"},
    Action{Act::set_bookmark_0, "Go", "Set bookmark 0", "Alt+0", "Put bookmark 0 here"},
    Action{Act::set_bookmark_1, "Go", "Set bookmark 1", "Alt+1", "Put bookmark 1 here"},
    Action{Act::set_bookmark_2, "Go", "Set bookmark 2", "Alt+2", "Put bookmark 2 here"},
    Action{Act::set_bookmark_3, "Go", "Set bookmark 3", "Alt+3", "Put bookmark 3 here"},
    Action{Act::set_bookmark_4, "Go", "Set bookmark 4", "Alt+4", "Put bookmark 4 here"},
    Action{Act::set_bookmark_5, "Go", "Set bookmark 5", "Alt+5", "Put bookmark 5 here"},
    Action{Act::set_bookmark_6, "Go", "Set bookmark 6", "Alt+6", "Put bookmark 6 here"},
    Action{Act::set_bookmark_7, "Go", "Set bookmark 7", "Alt+7", "Put bookmark 7 here"},
    Action{Act::set_bookmark_8, "Go", "Set bookmark 8", "Alt+8", "Put bookmark 8 here"},
    Action{Act::set_bookmark_9, "Go", "Set bookmark 9", "Alt+9", "Put bookmark 9 here"},
    Action{Act::note, "Go", "Note…", "B", "Write a note to the bookmark here"},

    Action{Act::zoom_in, "View", "Zoom in", "W", "Around the cursor"},
    Action{Act::zoom_out, "View", "Zoom out", "S", "Around the cursor"},
    Action{Act::pan_left, "View", "Earlier", "A", "Move to the left"},
    Action{Act::pan_right, "View", "Later", "D", "Move to the right"},
    Action{Act::scroll_up, "View", "Scroll up", "Shift+W", "Tracks above"},
    Action{Act::scroll_down, "View", "Scroll down", "Shift+S", "Tracks below"},
    Action{Act::fit, "View", "Fit", "F", "Show everything"},
    Action{Act::zoom_to_area, "View", "Zoom to the area", "Z", "Show the selected area alone"},
    Action{Act::clear_selection, "View", "Clear the selection", "Esc", "No area, no item, no filter"},
    Action{Act::toggle_details, "View", "Details", "F9", "Show or hide the panel below"},
    Action{Act::toggle_theme, "View", "Dark or light", "Ctrl+T", "Change the colours"},
    Action{Act::larger_text, "View", "Larger", "Ctrl++", "Text and pictures"},
    Action{Act::smaller_text, "View", "Smaller", "Ctrl+-", "Text and pictures"},
    Action{Act::full_screen, "View", "Full screen", "F11", "And back"},

    Action{Act::hide_track, "Tracks", "Hide the track", "H", "The one under the cursor"},
    Action{Act::show_all_tracks, "Tracks", "Show all tracks", "Shift+H", "Those that were hidden, too"},
    Action{Act::pin_track, "Tracks", "Pin the track", "K", "Keep the one under the cursor at the top"},
    Action{Act::track_up, "Tracks", "Move the track up", "Alt+Up", "The one under the cursor"},
    Action{Act::track_down, "Tracks", "Move the track down", "Alt+Down", "The one under the cursor"},
    Action{Act::toggle_experts, "Tracks", "Expert lanes", "E", "Show or hide the life of each expert"},
    Action{Act::expert_order, "Tracks", "Order of expert lanes", "O", "By number, stall time, uses"},

    Action{Act::next_measure, "Data", "Next measure", "M", "Uses, misses, stall time, ..."},
    Action{Act::logarithmic, "Data", "Linear or logarithmic", "L", "Of colours, or of the axes"},
    Action{Act::sort_columns, "Data", "Sort", "T", "Experts by number or by heat"},
    Action{Act::sharing_view, "Data", "Layers that share a bank", "G", "Layers i, i+1, i+2 side by side"},
    Action{Act::pareto, "Data", "Pareto front", "Y", "Show or hide it"},
    Action{Act::ghosts, "Data", "OPT ghosts", "U", "What the optimum would reach, point by point"},
    Action{Act::open_selected, "Data", "Open the selected scenario", "Return",
           "Run it if it has not been run, and show it"},
    Action{Act::overlay, "Data", "Stacked or overlaid", "V", "Of two runs"},

    Action{Act::copy, "Tools", "Copy", "Ctrl+C", "The explanation or the selected rows"},
    Action{Act::what_if, "Tools", "What would help", "Ctrl+I", "Simulate the counterfactuals of this run"},
    Action{Act::cancel_job, "Tools", "Cancel the job", "Ctrl+.", "Stop what is loading or being simulated"},

    Action{Act::palette, "Help", "Find an action…", "Ctrl+Shift+P", "All actions by name"},
    Action{Act::key_sheet, "Help", "Keys", "?", "All keys on one page"},
    Action{Act::about, "Help", "About", "F1", "What this program is"},
};
static_assert(kActions.size() == static_cast<std::size_t>(Act::count));

constexpr bool each_once() {
  for (std::size_t act = 0; act < kActions.size(); ++act) {
    const auto is_it = [act](const Action& a) { return a.act == static_cast<Act>(act); };
    if (std::count_if(kActions.begin(), kActions.end(), is_it) != 1) return false;
  }
  return true;
}
static_assert(each_once(), "the table has each action once");

}  // namespace

std::span<const Action> all_actions() {
  return kActions;
}

const Action& action(Act act) {
  const auto found =
      std::find_if(kActions.begin(), kActions.end(), [act](const Action& a) { return a.act == act; });
  check(found != kActions.end(), "every action is in the table");
  return *found;
}

}  // namespace pregate
