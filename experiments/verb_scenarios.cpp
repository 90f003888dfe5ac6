// SPDX-License-Identifier: Apache-2.0
// `pregate scenarios [NAME]`: the scenarios that are shipped, and the text of one to begin a file of one's
// own with.
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct ScenariosOptions {
  std::string name;
  bool json = false;
};

// What a file says of itself: the first sentence of the comment that it begins with.
std::string first_sentence(std::string_view text) {
  std::string sentence;
  while (text.starts_with('#')) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(1, end - 1);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find("SPDX") != std::string_view::npos) continue;
    sentence += line;
    const std::size_t stop = sentence.find(". ");
    if (stop != std::string::npos || sentence.ends_with('.')) {
      sentence.resize(std::min(stop, sentence.size() - 1));
      break;
    }
  }
  return sentence.starts_with(' ') ? sentence.substr(1) : sentence;
}

Json json_of(std::string_view name, std::string_view text) {
  return {{"name", name}, {"about", first_sentence(text)}, {"text", text}};
}

Status list_scenarios(Session& session, bool json) {
  Table table({{"name", Align::left}, {"about", Align::left}});
  Json all = Json::array();
  for (const EmbeddedFile& file : ShippedCatalogue::list("scenario")) {
    table.row({std::string(file.name), first_sentence(file.text)});
    all.push_back(json_of(file.name, file.text));
  }
  session.out =
      json ? json_text(all)
           : table.text(session.look) + "\nThe text of one: pregate scenarios NAME > my.scenario.textproto\n";
  return {};
}

Status show_scenario(Session& session, const ScenariosOptions& options) {
  const Result<NamedText> source = session.catalogue.scenario(options.name);
  if (!source) return source.error();
  if (const auto document = ScenarioDocument::parse(*source); !document) return document.error();
  session.out = options.json ? json_text(json_of(options.name, source->text)) : source->text;
  return {};
}

}  // namespace

void add_scenarios_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<ScenariosOptions>();
  CLI::App* verb = app.add_subcommand("scenarios", "List the shipped scenarios, or show the text of one");
  verb->add_option("NAME", options->name, "a shipped scenario or a .scenario.textproto file");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer("Examples:\n  pregate scenarios\n  pregate scenarios demo > my.scenario.textproto");
  verb->callback([options, &session] {
    session.action = [options, &session] {
      return options->name.empty() ? list_scenarios(session, options->json)
                                   : show_scenario(session, *options);
    };
  });
}

}  // namespace pregate
