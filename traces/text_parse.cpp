// SPDX-License-Identifier: Apache-2.0
// Protobuf text to messages, with errors a person can act on. protobuf reports a line, a column and a
// sentence; the path of the field is recovered by walking the text up to that point.
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "traces/input_text.hpp"
#include "traces/scenario.hpp"
#include "traces/text_fields.hpp"

namespace pregate {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

namespace {

Status check_bytes(const NamedText& source) {
  const std::string& text = source.text;
  if (text.size() > TextLimits::kMaxBytes) {
    return bad_input("a text file of at most 1 MiB", fmt::format("{} bytes", text.size())).at(source.path);
  }
  const std::size_t bad = find_unprintable(text);
  if (bad == std::string::npos) return {};
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
  return bad_input("UTF-8 text", fmt::format("byte 0x{:02x}", static_cast<unsigned char>(text[bad])),
                   fmt::format("line {}, byte {}", line, bad))
      .at(source.path);
}

// What stands before a point of a text-format document: the sections that are open, and the field named last.
class PathScanner {
 public:
  // `line` and `column` are 0-based, tabs advance to the next multiple of 8, both as protobuf counts them.
  PathScanner(std::string_view text, int line, int column) {
    for (std::size_t i = 0; i < text.size() && (line_ < line || (line_ == line && column_ < column)); ++i) {
      take(text[i]);
      column_ = text[i] == '\t' ? column_ + 8 - column_ % 8 : column_ + 1;
      if (text[i] == '\n') {
        ++line_;
        column_ = 0;
      }
    }
    end_word();
  }

  [[nodiscard]] const std::vector<std::string>& sections() const { return sections_; }
  [[nodiscard]] const std::string& field() const { return field_; }
  [[nodiscard]] std::string path() const {
    std::string path = fmt::format("{}", fmt::join(sections_, "."));
    if (!field_.empty()) path += (path.empty() ? "" : ".") + field_;
    return path;
  }

 private:
  void take(char c) {
    if (comment_) {
      comment_ = c != '\n';
    } else if (quote_ != 0) {
      take_quoted(c);
    } else if (c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z')) {
      word_ += c;
    } else {
      end_word();
      take_mark(c);
    }
  }
  void take_quoted(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == quote_ || c == '\n') {
      quote_ = 0;
      value_ = false;
    }
  }
  void take_mark(char c) {
    if (c == '#') comment_ = true;
    if (c == '"' || c == '\'') quote_ = c;
    if (c == ':') value_ = true;
    if (c == '{' || c == '<') {
      sections_.push_back(std::exchange(field_, {}));
      value_ = false;
    }
    if (c == '}' || c == '>') {
      if (!sections_.empty()) sections_.pop_back();
      field_.clear();
      value_ = false;
    }
  }
  void end_word() {
    if (word_.empty()) return;
    if (!value_) field_ = word_;
    value_ = false;
    word_.clear();
  }

  std::vector<std::string> sections_;
  std::string field_, word_;
  int line_ = 0, column_ = 0;
  char quote_ = 0;
  bool comment_ = false, escaped_ = false, value_ = false;
};

std::vector<std::string> field_names(const Descriptor& schema) {
  std::vector<std::string> names;
  for (int i = 0; i < schema.field_count(); ++i) names.push_back(schema.field(i)->name());
  return names;
}

// Keeps the first error, in our words.
class Collector final : public google::protobuf::io::ErrorCollector {
 public:
  Collector(const NamedText& source, const Descriptor& schema) : source_(source), schema_(schema) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (error_) return;
    const PathScanner before(source_.text, line, column);
    std::string place = line < 0 ? std::string() : fmt::format("line {}", line + 1);
    if (const std::string path = before.path(); !path.empty() && line >= 0) place += ": " + path;
    error_ = in_words(message, before).at(source_.path, place);
  }

  [[nodiscard]] Error error() const {
    return error_ ? *error_ : bad_input("protobuf text format", "text that it refuses").at(source_.path);
  }

 private:
  [[nodiscard]] Error in_words(const std::string& message, const PathScanner& before) const {
    if (message.find("has no field named") != std::string::npos) return unknown_field(before);
    for (const std::string_view split : {", got: ", ", found "}) {
      const std::size_t at = message.find(split);
      if (!message.starts_with("Expected ") || at == std::string::npos) continue;
      std::string found = message.substr(at + split.size());
      if (found.empty()) found = "the end of the file";
      if (found.ends_with("\".")) found.pop_back();
      return bad_input(message.substr(9, at - 9), found);
    }
    if (message.find("specified multiple times") != std::string::npos) {
      return bad_input("the field once", "it a second time");
    }
    return bad_input("protobuf text format", message);
  }

  [[nodiscard]] Error unknown_field(const PathScanner& before) const {
    const Descriptor* section = &schema_;
    for (const std::string& name : before.sections()) {
      const FieldDescriptor* field = section->FindFieldByName(name);
      if (field == nullptr || field->message_type() == nullptr) break;
      section = field->message_type();
    }
    const std::vector<std::string> names = field_names(*section);
    return bad_input(fmt::format("a field of {}, which are {} (nearest: {})", section->name(),
                                 fmt::join(names, ", "), nearest(before.field(), names)),
                     quoted(before.field()));
  }

  const NamedText& source_;
  const Descriptor& schema_;
  std::optional<Error> error_;
};

// A text that was written, its origin noted; refused if escapes made it unprintable.
Status note_text(const std::string& text, const FieldOrigin& origin, const std::string& key,
                 FieldOrigins& origins) {
  origins[key] = origin;
  if (find_unprintable(text) == std::string_view::npos) return {};
  return bad_input("UTF-8 text", "an escaped control character or a byte that is not UTF-8", origin.place())
      .at(origin.file);
}

// Notes the origin of every field that was given, and refuses strings that escapes made unprintable. The
// elements of a repeated text are "path[0]", "path[1]".
Status note_origins(const Message& message, const TextFormat::ParseInfoTree& tree, const std::string& file,
                    const std::string& inner, const std::string& prefix, FieldOrigins& origins) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = inner.empty() ? field->name() : inner + "." + field->name();
    const std::string key = prefix.empty() ? path : fmt::format("{}.{}", prefix, path);
    const Reflection& reflection = *message.GetReflection();
    const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (field->is_repeated()) {
      check(text, "what repeats in the schema of text files is text");
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        const FieldOrigin origin{file, tree.GetLocation(field, i).line + 1, path};
        const Status noted = note_text(reflection.GetRepeatedString(message, field, i), origin,
                                       fmt::format("{}[{}]", key, i), origins);
        if (!noted) return noted;
      }
      continue;
    }
    const FieldOrigin origin{file, tree.GetLocation(field, -1).line + 1, path};
    origins[key] = origin;
    if (field->message_type() != nullptr) {
      const TextFormat::ParseInfoTree* nested = tree.GetTreeForNested(field, -1);
      check(nested != nullptr, "a section that was parsed has locations");
      Status status =
          note_origins(reflection.GetMessage(message, field), *nested, file, path, prefix, origins);
      if (!status) return status;
    } else if (text) {
      if (Status noted = note_text(reflection.GetString(message, field), origin, key, origins); !noted)
        return noted;
    }
  }
  return {};
}

void add_scalar_paths(const Descriptor& schema, const std::string& prefix, std::vector<std::string>& paths) {
  for (int i = 0; i < schema.field_count(); ++i) {
    const FieldDescriptor& field = *schema.field(i);
    const std::string path = prefix + field.name();
    if (field.message_type() != nullptr) {
      add_scalar_paths(*field.message_type(), path + ".", paths);
    } else {
      paths.push_back(path);
    }
  }
}

}  // namespace

std::size_t find_unprintable(std::string_view text) {
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return (c >= 0 && c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
  });
  const auto at = static_cast<std::size_t>(control - text.begin());
  if (const std::optional<std::size_t> bad = find_non_utf8(text.substr(0, at))) return *bad;
  return at == text.size() ? std::string_view::npos : at;
}

Status parse_text_message(const NamedText& source, Message& message, FieldOrigins& origins,
                          const std::string& prefix) {
  if (Status status = check_bytes(source); !status) return status;
  Collector collector(source, *message.GetDescriptor());
  TextFormat::ParseInfoTree locations;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&locations);
  parser.SetRecursionLimit(TextLimits::kMaxDepth);
  if (!parser.ParseFromString(source.text, &message)) return collector.error();
  return note_origins(message, locations, source.path, {}, prefix, origins);
}

void merge_known_text(const std::string& text, Message& message) {
  check(TextFormat::MergeFromString(text, &message), "text of our own parses");
}

std::string canonical_text(const Message& message) {
  TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  check(printer.PrintToString(message, &text), "a parsed document can be printed");
  return text;
}

std::vector<std::string> scalar_paths(const Descriptor& schema) {
  std::vector<std::string> paths;
  add_scalar_paths(schema, {}, paths);
  return paths;
}

}  // namespace pregate
