// SPDX-License-Identifier: Apache-2.0
#include "tests/support/docker_registry.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace landwaiter::test {
namespace {

constexpr int kStartTries = 5;
constexpr int kReadyPolls = 1000;

bool accepts_connections(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(descriptor);
  return connected;
}

}  // namespace

DockerRegistry::DockerRegistry(DockerRegistryOptions options) : options_(std::move(options)) {
  std::filesystem::create_directory(folder_ / "storage");
  if (!options_.username.empty()) {
    const auto made = run_checked({.argv = {"htpasswd", "-Bbn", options_.username, options_.password},
                                   .environment = {},
                                   .unset = {},
                                   .working_directory = {},
                                   .input = {}});
    write_file(folder_ / "htpasswd", made.output);
  }
  // Another process may take the free port before the registry does.
  for (int i = 0; i < kStartTries; ++i) {
    port_ = free_port();
    write_config();
    start();
    if (process_) return;
  }
  throw std::runtime_error("docker-registry does not start");
}

DockerRegistry::~DockerRegistry() = default;

void DockerRegistry::write_config() const {
  std::ostringstream config;
  config << "version: 0.1\n"
         << "log: {level: warn, accesslog: {disabled: false}}\n"
         << "storage:\n"
         << "  filesystem: {rootdirectory: " << storage().string() << "}\n"
         << "  delete: {enabled: true}\n"
         << "  maintenance: {uploadpurging: {enabled: false}}\n"
         << "http: {addr: '127.0.0.1:" << port_ << "'}\n";
  if (!options_.username.empty()) config << "auth: {htpasswd: {realm: test, path: " << (folder_ / "htpasswd").string() << "}}\n";
  write_file(folder_ / "config.yml", config.str());
}

void DockerRegistry::start() {
  log_mark_ = 0;
  process_ = std::make_unique<Process>(ProcessOptions{.argv = {"docker-registry", "serve", (folder_ / "config.yml").string()},
                                                      .environment = {{"OTEL_TRACES_EXPORTER", "none"}},
                                                      .unset = {},
                                                      .working_directory = {},
                                                      .input = {}});
  for (int i = 0; i < kReadyPolls * patience_factor(); ++i) {
    if (!process_->running()) break;
    if (ready()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process_.reset();
}

bool DockerRegistry::ready() const { return accepts_connections(port_); }

void DockerRegistry::stop() { process_.reset(); }

std::filesystem::path DockerRegistry::blob_file(const std::string& digest) const {
  const std::size_t colon = digest.find(':');
  const std::string hex = digest.substr(colon + 1);
  return storage() / "docker/registry/v2/blobs" / digest.substr(0, colon) / hex.substr(0, 2) / hex / "data";
}

std::vector<AccessLogLine> DockerRegistry::access_log() const {
  // Apache's combined format: 127.0.0.1 - - [date] "GET /v2/ HTTP/1.1" 200 2 "" "agent"
  static const std::regex line_of(R"re("([A-Z]+) ([^ ?"]*)\??([^ "]*) HTTP/[0-9.]+" ([0-9]{3}) ([0-9]+))re");
  std::vector<AccessLogLine> out;
  std::istringstream text(process_ ? process_->output() : std::string());
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, line_of)) continue;
    out.push_back({match[1], match[2], match[3], std::stoi(match[4]), std::stoull(match[5])});
  }
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(std::min(log_mark_, out.size())));
  return out;
}

void DockerRegistry::mark_access_log() { log_mark_ += access_log().size(); }

}  // namespace landwaiter::test
