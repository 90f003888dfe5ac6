// SPDX-License-Identifier: Apache-2.0
#include "experiments/catalogue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>

#include "models/config.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

// What people write by hand is small; a larger file is something else.
constexpr Bytes kTextLimit = Bytes::mib(1);

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::optional<std::string> not_a_regular_file(mode_t mode) {
  if (S_ISREG(mode)) return std::nullopt;
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Error unreadable(const std::string& path, std::string found) {
  return bad_input("a readable regular file", std::move(found)).at(path);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error unwritable(const std::string& path, int error) {
  return run_failed(path, "a file that can be written", std::strerror(error));
}

// Owns the descriptor, so that every way out closes it.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags, mode_t mode = 0) : fd_(::open(path.c_str(), flags, mode)) {}
  ~OpenFile() { close(); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  bool close() {
    if (fd_ < 0) return true;
    const int result = ::close(fd_);
    fd_ = -1;
    return result == 0;
  }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

bool is_embedded(std::string_view kind, std::string_view name) {
  const auto files = embedded_files();
  return std::any_of(files.begin(), files.end(),
                     [&](const EmbeddedFile& file) { return file.kind == kind && file.name == name; });
}

bool has_config(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "config.json", error);
}

bool has_weights(const fs::path& folder) {
  std::error_code error;
  const auto is_file = [&](const char* name) { return fs::is_regular_file(folder / name, error); };
  return is_file("model.safetensors") || is_file("model.safetensors.index.json");
}

}  // namespace

std::vector<EmbeddedFile> ShippedCatalogue::list(std::string_view kind) {
  std::vector<EmbeddedFile> out;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.kind == kind) out.push_back(file);
  }
  return out;
}

ShippedCatalogue::ShippedCatalogue() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders_.push_back(program.parent_path().parent_path() / "share/pregate/models");
  folders_.emplace_back(PREGATE_MODELS_DIR);
}

std::optional<std::string> ShippedCatalogue::checkpoint(std::string_view name) const {
  std::error_code error;
  const fs::path given(name);
  const bool path = name.find('/') != std::string_view::npos;
  if (!name.empty() && fs::is_directory(given, error) &&
      (path || !is_embedded("model", name) || has_config(given))) {
    return std::string(name);
  }
  if (path || name.empty() || name == "." || name == "..") return std::nullopt;
  for (const std::string& folder : folders_) {
    const fs::path candidate = fs::path(folder) / given;
    if (has_config(candidate)) return candidate.string();
  }
  return std::nullopt;
}

std::vector<TrainedModel> ShippedCatalogue::trained() const {
  std::vector<TrainedModel> out;
  for (const std::string& folder : folders_) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      const bool known = std::any_of(out.begin(), out.end(), [&](const auto& m) { return m.name == name; });
      if (!known && has_config(entry.path()) && has_weights(entry.path()))
        out.push_back({name, entry.path().string()});
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

std::string ShippedCatalogue::looked_in() const {
  return fmt::format("looked in {}", fmt::join(folders_, " and "));
}

Result<NamedText> ShippedCatalogue::model(std::string_view name) const {
  const std::optional<std::string> folder = checkpoint(name);
  if (!folder) return find("model", name);
  const Result<ModelConfig> config = load_config(*folder);
  if (!config) return config.error();
  return NamedText{(fs::path(*folder) / "config.json").string(), model_text(config->spec)};
}

Result<NamedText> ShippedCatalogue::find(std::string_view kind, std::string_view name) const {
  std::vector<std::string> known;
  for (const EmbeddedFile& file : list(kind)) {
    if (file.name == name) return NamedText{std::string(file.path), std::string(file.text)};
    known.emplace_back(file.name);
  }
  const std::string path(name);
  struct stat info {};
  if (!path.empty() && (path.find('/') != std::string::npos || ::stat(path.c_str(), &info) == 0)) {
    Result<std::string> text = read_text_file(path, kTextLimit);
    if (!text) return text.error();
    return NamedText{path, std::move(*text)};
  }
  std::string or_else = "or a file";
  if (kind == "model") {
    for (const TrainedModel& model : trained()) known.push_back(model.name);
    or_else += " or the folder of a checkpoint; " + looked_in();
  }
  const std::vector<std::string> near = near_names(name, known);
  const std::string which = near.empty() ? fmt::format("one of {}", fmt::join(known, ", "))
                                         : fmt::format("such as {}", fmt::join(near, ", "));
  return bad_input(fmt::format("the name of a shipped {} ({}) {}", kind, which, or_else),
                   fmt::format("\"{}\"", name), std::string(kind));
}

Result<std::string> read_text_file(const std::string& path, Bytes limit) {
  // Without O_NONBLOCK a pipe that nobody writes to would hold the command here for ever.
  const OpenFile file(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file.fd() < 0) return unreadable(path, std::strerror(errno));
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return unreadable(path, std::strerror(errno));
  if (const auto other = not_a_regular_file(info.st_mode)) return unreadable(path, *other);
  if (info.st_size > limit.count()) {
    return bad_input(fmt::format("a text of at most {}", to_text(limit)), to_text(Bytes(info.st_size)))
        .at(path);
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::read(file.fd(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path, std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  text.resize(done);
  return text;
}

Status write_text_file(const std::string& path, std::string_view text) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (const auto other = not_a_regular_file(info.st_mode))
      return run_failed(path, "a file that can be written", *other);
  }
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  OpenFile file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file.fd() < 0) return unwritable(path, errno);
  const bool written =
      write_all(file.fd(), text) && file.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return {};
  const int error = errno;
  ::unlink(temporary.c_str());
  return unwritable(path, error);
}

Status check_writable(const std::string& path) {
  const std::string folder = folder_of(path);
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return unwritable(path, errno);
  if (!S_ISDIR(info.st_mode)) return unwritable(path, ENOTDIR);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return unwritable(path, errno);
  if (::stat(path.c_str(), &info) == 0) {
    if (const auto other = not_a_regular_file(info.st_mode))
      return run_failed(path, "a file that can be written", *other);
  }
  return {};
}

bool same_file(const std::string& a, const std::string& b) {
  if (a == b) return true;
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  const auto place = [&error](const std::string& path) {
    const fs::path folder = fs::canonical(folder_of(path), error);
    return error ? fs::path(path) : folder / fs::path(path).filename();
  };
  return place(a) == place(b);
}

Status check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs) {
  std::vector<NamedPath> taken = inputs;
  for (const NamedPath& output : outputs) {
    if (output.path.empty()) continue;
    if (Status writable = check_writable(output.path); !writable) return writable;
    for (const NamedPath& other : taken) {
      if (!other.path.empty() && same_file(output.path, other.path)) {
        return bad_input(fmt::format("another file than {}", other.name), fmt::format("\"{}\"", output.path))
            .at(output.name);
      }
    }
    taken.push_back(output);
  }
  return {};
}

std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const bool inside = !name.empty() && candidate.find(name) != std::string::npos;
    const std::size_t distance = inside ? 0 : edit_distance(name, candidate);
    if (distance <= std::max<std::size_t>(2, candidate.size() / 2)) ranked.emplace_back(distance, candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, ranked.size()); ++i) out.push_back(ranked[i].second);
  return out;
}

}  // namespace pregate
