// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/shell.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace landwaiter::detectors {

std::optional<std::string> run(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "; } 2>/dev/null </dev/null").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string out;
  std::array<char, 65536> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), size);
  if (pclose(pipe) != 0) return std::nullopt;
  return out;
}

std::string must_run(const std::string& command) {
  auto out = run(command);
  if (!out) throw std::runtime_error("failed: " + command);
  return *std::move(out);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "landwaiter-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

std::string shell_quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace landwaiter::detectors
