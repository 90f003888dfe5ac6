// SPDX-License-Identifier: Apache-2.0
#include "experiments/command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>

#include "experiments/verbs.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

constexpr int kDone = 0, kRunFailed = 1, kBadInput = 2;

constexpr const char* kExamples = R"(Examples:
  pregate run                                   the shipped demo
  pregate run --device a18-pro --out demo.run   the same model on another device
  pregate trace curve phone.route.csv           hit rate against DRAM, every policy
  pregate devices                               what can be simulated
Exit codes: 0 done, 1 the run failed, 2 usage or bad input.)";

// An error is one line, whatever a name or a library put into it.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return out;
}

int complain(std::string_view what, int code) {
  // A full disk or a closed pipe on stderr is no reason to end otherwise, as an exception would.
  std::fputs(fmt::format("pregate: {}\n", one_line(what)).c_str(), stderr);
  return code;
}

int complain(const Error& error) {
  const int code = error.kind == Error::Kind::run_failed ? kRunFailed : kBadInput;
  const std::string message = error.message();
  // A reader of our output who left needs no explanation.
  return message.empty() ? code : complain(message, code);
}

int print(std::string_view text, bool stdout_open) {
  if (!stdout_open && !text.empty()) return complain(run_failed("stdout", "an open stream", "a closed one"));
  const Status written = write_stdout(text);
  return written.ok() ? kDone : complain(written.error());
}

// The deepest verb that the arguments name, and the first argument after it.
struct VerbPath {
  const CLI::App* app = nullptr;
  std::string names;
  std::string rest;
};

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

VerbPath follow_verbs(const CLI::App& app, int argc, char** argv) {
  VerbPath path{.app = &app, .names = app.get_name(), .rest = {}};
  for (int i = 1; i < argc; ++i) {
    const auto verbs = verbs_of(*path.app);
    const auto verb =
        std::find_if(verbs.begin(), verbs.end(), [&](const CLI::App* v) { return v->get_name() == argv[i]; });
    if (verb == verbs.end()) {
      path.rest = argv[i];
      break;
    }
    path.app = *verb;
    path.names += " " + path.app->get_name();
  }
  return path;
}

std::string explain_usage(const VerbPath& path, const CLI::ParseError& error) {
  const std::vector<const CLI::App*> verbs = verbs_of(*path.app);
  const bool needs_verb = path.app->get_require_subcommand_min() > 0;
  if (needs_verb && !verbs.empty() && (path.rest.empty() || path.rest.front() != '-')) {
    std::vector<std::string> names;
    for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
    const std::vector<std::string> near = near_names(path.rest, names);
    return fmt::format(
        "expected a verb ({}), found {}{}", fmt::join(names, ", "),
        path.rest.empty() ? "none" : fmt::format("\"{}\"", path.rest),
        near.empty() || path.rest.empty() ? "" : fmt::format("; did you mean {}?", near.front()));
  }
  const std::string_view what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return fmt::format("expected no more than {} takes, found \"{}\"", path.names,
                       what.substr(std::min(what.size(), what.rfind(": ") + 2)));
  }
  return std::string(what);
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const VerbPath path = follow_verbs(app, argc, argv);
  return complain(fmt::format("{}; see {} --help", explain_usage(path, error), path.names), kBadInput);
}

int run_verb(int argc, char** argv, bool stdout_open) {
  Session session;
  session.look = detect_look();
  CLI::App app(
      "Pregate: how fast a Mixture-of-Experts model runs on a device, where each nanosecond of a token goes, "
      "and why.",
      "pregate");
  app.set_version_flag("--version", fmt::format("pregate {}", pregate_version()));
  app.require_subcommand(1);
  app.footer(kExamples);
  add_run_verb(app, session);
  add_record_verb(app, session);
  add_forward_verb(app, session);
  add_eval_verb(app, session);
  add_bench_verb(app, session);
  add_pack_verb(app, session);
  add_trace_verbs(app, session);
  add_heatmap_verb(app, session);
  add_compare_verb(app, session);
  add_devices_verb(app, session);
  add_models_verb(app, session);
  add_scenarios_verb(app, session);
  add_stream_verb(app, session);
  add_validate_verb(app, session);
  add_calibrate_verb(app, session);
  add_train_verb(app, session);
  add_ablate_verb(app, session);
  add_sweep_verb(app, session);
  add_plan_verb(app, session);
  add_view_verb(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return print(fmt::format("{}\n", version.what()), stdout_open);
  } catch (const CLI::Success&) {  // --help
    return print(app.help() + "\n", stdout_open);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  const Status status = session.action();
  if (!status) return complain(status.error());
  const int printed = print(session.out, stdout_open);
  for (const std::string& note : session.notes) complain(note, kDone);
  if (session.failed_after) return complain(session.failed_after->message(), kRunFailed);
  return printed == kDone && session.found_wanting ? kRunFailed : printed;
}

}  // namespace

Result<std::uint64_t> parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && rest == end) return seed;
  return bad_input("a whole number below 2^64", fmt::format("\"{}\"", text));
}

int run_command(int argc, char** argv) {
  try {
    const bool stdout_open = secure_standard_streams();
    std::signal(SIGPIPE, SIG_IGN);  // a write then fails with EPIPE, which is handled
    std::signal(SIGXFSZ, SIG_IGN);  // likewise EFBIG, and no half file is left behind
    return run_verb(argc, argv, stdout_open);
  } catch (const std::bad_alloc&) {
    return complain("expected enough memory, found none left", kRunFailed);
  } catch (const std::exception& error) {
    return complain(fmt::format("internal error: {}", error.what()), kRunFailed);
  } catch (...) {
    return complain("internal error: an unknown exception", kRunFailed);
  }
}

}  // namespace pregate
