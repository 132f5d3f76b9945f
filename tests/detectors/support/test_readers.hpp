// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/engine/file_reader.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::detectors::test {

/// A file reader made of functions.
class TestReader final : public FileReader {
 public:
  using Wants = std::function<bool(const FileFacts&)>;
  using Open = std::function<std::unique_ptr<FileConsumer>(const FileFacts&, ReportSink&)>;

  TestReader(Wants wants, Open open, std::string name = "test-reader", int version = 1)
      : wants_(std::move(wants)), open_(std::move(open)), name_(std::move(name)), version_(version) {}

  std::string_view name() const override { return name_; }
  int version() const override { return version_; }
  Analysis analysis() const override { return Analysis::packages; }
  bool wants(const FileFacts& file) const override { return wants_(file); }
  std::unique_ptr<FileConsumer> open(const FileFacts& file, ReportSink& sink) const override { return open_(file, sink); }

 private:
  Wants wants_;
  Open open_;
  std::string name_;
  int version_;
};

using Readers = std::vector<std::unique_ptr<const FileReader>>;

template <class... Each>
Readers readers(Each... each) {
  Readers out;
  (out.push_back(std::make_unique<TestReader>(std::move(each))), ...);
  return out;
}

/// "path!entry!entry".
inline std::string place_of(const FileFacts& file) {
  std::string text(file.path);
  for (const std::string& name : file.archive) text += "!" + name;
  return text;
}

/// All that is known of an entry, on one line.
inline std::string facts_of(const FileFacts& file) {
  static constexpr std::array kTypes{"file", "directory", "symlink", "hardlink", "char", "block", "fifo", "other"};
  std::string text = place_of(file) + " " + kTypes.at(static_cast<std::size_t>(file.type));
  text += file.size_bytes ? " " + std::to_string(*file.size_bytes) : " ?";
  if (!file.link_target.empty()) text += " -> " + std::string(file.link_target);
  if (file.metadata == nullptr) return text;
  std::string mode;
  for (std::uint32_t bits = file.metadata->mode; bits > 0; bits >>= 3) mode.insert(0, std::to_string(bits & 7));
  text += " " + mode + " " + std::to_string(file.metadata->uid) + ":" + std::to_string(file.metadata->gid);
  for (const auto& [name, value] : file.metadata->attributes) text += " " + name + "=" + hex_encode(value);
  return text;
}

/// Keeps what it gets: "content" once the file is finished, "content..." when it is broken off.
class Recorder final : public FileConsumer {
 public:
  explicit Recorder(std::vector<std::string>& log, std::string prefix) : log_(log), prefix_(std::move(prefix)) {}
  ~Recorder() override {
    if (!finished_) log_.push_back(prefix_ + content_ + "...");
  }
  void push(ByteView bytes) override { content_ += as_text(bytes); }
  void finish() override {
    finished_ = true;
    log_.push_back(prefix_ + content_);
  }

 private:
  std::vector<std::string>& log_;
  std::string prefix_;
  std::string content_;
  bool finished_ = false;
};

/// Logs "path: content" of each file that is wanted.
inline TestReader recording_reader(std::vector<std::string>& log, TestReader::Wants wants) {
  return {std::move(wants), [&log](const FileFacts& file, ReportSink&) { return std::make_unique<Recorder>(log, place_of(file) + ": "); }};
}

/// Reads lines "ecosystem name version" of files called packages.txt, and "id version" of os-release.
inline TestReader package_reader(int version = 1) {
  const auto lines = [](std::string_view text, const std::function<void(std::string_view, std::size_t)>& each) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      each(text.substr(at, end - at), at);
      at = end + 1;
    }
  };
  const auto word = [](std::string_view& text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    std::string out = printable(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
    return out;
  };
  return {[](const FileFacts& file) {
            return file.type == EntryType::file && (file.name().ends_with("packages.txt") || file.name().ends_with("os-release"));
          },
          [=](const FileFacts& file, ReportSink& sink) {
            const bool packages = file.name().ends_with("packages.txt");
            const auto read = [&sink, lines, word, packages](ByteView bytes) {
              lines(as_text(bytes), [&](std::string_view line, std::size_t at) {
                const std::string first = word(line), second = word(line), third = word(line);
                if (packages) {
                  Package package;
                  package.ecosystem = first;
                  package.name = second;
                  package.version = third;
                  return sink.add(std::move(package), at);
                }
                Distribution distribution;
                distribution.id = first;
                distribution.version_id = second;
                sink.add(std::move(distribution), at);
              });
            };
            return whole_file(10'000, read, sink);
          },
          "package-reader", version};
}

}  // namespace landwaiter::detectors::test
