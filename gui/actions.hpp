// SPDX-License-Identifier: Apache-2.0
// Every action of the viewer: its name, its key and its menu, in one table from which the menus, the palette
// and the sheet of keys are made. A page says which it can do (page.hpp); the main window does the rest.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pregate {

enum class Act : std::uint8_t {
  // File
  open_file,
  new_run,
  new_sweep,
  run_again,
  compare_with,
  reload,
  export_picture,
  export_table,
  export_perfetto,
  close_document,
  quit,
  // Go
  show_verdict,
  show_timeline,
  show_heatmap,
  show_compare,
  show_sweep,
  next_document,
  previous_document,
  next_item,
  previous_item,
  next_stall,
  previous_stall,
  chain_forward,
  chain_back,
  search,
  next_match,
  previous_match,
  bookmark_0,
  bookmark_1,
  bookmark_2,
  bookmark_3,
  bookmark_4,
  bookmark_5,
  bookmark_6,
  bookmark_7,
  bookmark_8,
  bookmark_9,
  set_bookmark_0,
  set_bookmark_1,
  set_bookmark_2,
  set_bookmark_3,
  set_bookmark_4,
  set_bookmark_5,
  set_bookmark_6,
  set_bookmark_7,
  set_bookmark_8,
  set_bookmark_9,
  note,
  // View
  zoom_in,
  zoom_out,
  pan_left,
  pan_right,
  scroll_up,
  scroll_down,
  fit,
  zoom_to_area,
  clear_selection,
  toggle_details,
  toggle_theme,
  larger_text,
  smaller_text,
  full_screen,
  // Tracks of the timeline
  hide_track,
  show_all_tracks,
  pin_track,
  track_up,
  track_down,
  toggle_experts,
  expert_order,
  // Colours and plots: heatmap and sweep
  next_measure,
  logarithmic,
  sort_columns,
  sharing_view,
  pareto,
  ghosts,
  open_selected,
  // Compare
  overlay,
  // Tools
  copy,
  what_if,
  cancel_job,
  // Help
  palette,
  key_sheet,
  about,
  count
};

struct Action {
  Act act;
  std::string_view menu;  // "File"
  std::string_view name;  // "Open…"
  std::string_view key;   // as QKeySequence's portable text: "Ctrl+O", "W", "["
  std::string_view help;  // one sentence
};

// In the order of the menus.
std::span<const Action> all_actions();
const Action& action(Act act);

}  // namespace pregate
