// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/isolated_reader.hpp"

#include "core/base/encoding.hpp"
#include "daemon/reader/local_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#ifdef LANDWAITER_ISOLATE_READERS  // not with sanitizers, whose runtime the sandbox stops

using namespace landwaiter;
using namespace landwaiter::daemon;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kToken = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n";

ReaderSettings settings() {
  ReaderSettings out;
  return out;
}

std::shared_ptr<IsolatedReader> isolated(std::chrono::milliseconds silence_max = 60s, std::uint64_t memory_bytes_max = 0) {
  const IsolationSettings isolation{.program = LANDWAITER_PROGRAM, .silence_max = silence_max, .memory_bytes_max = memory_bytes_max};
  return IsolatedReader::create(settings(), isolation).value();
}

std::string layer_of(std::size_t files) {
  std::vector<test::LayerEntry> entries{{"etc/age.txt", std::string(kToken)}};
  for (std::size_t i = 0; i < files; ++i) {
    std::string content;
    for (std::size_t line = 0; line < 4000; ++line) content += Digest::sha256_of(as_bytes(std::to_string(i * 10'000 + line))).str();
    entries.push_back({"usr/data" + std::to_string(i), content});
  }
  return test::compress(test::make_tar(entries), test::Compression::gzip);
}

/// More different public keys than fit into little memory, and into no window's bytes.
std::string layer_of_keys() {
  std::string lines;
  for (std::size_t i = 0; i < 20'000; ++i) {
    std::string key("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
    key += Digest::sha256_of(as_bytes(std::to_string(i))).hex().substr(0, 32);
    lines += "ssh-ed25519 " + base64_encode(as_bytes(key)) + "\n";
  }
  return test::compress(test::make_tar({{"root/.ssh/authorized_keys", lines}}), test::Compression::gzip);
}

/// The blob in chunks; `before` is called with the number of each before it is handed out.
class Chunks final : public ByteSource {
 public:
  explicit Chunks(std::string blob, std::function<void(std::size_t)> before = {}) : blob_(std::move(blob)), before_(std::move(before)) {}
  Result<ByteView> next() override {
    if (before_) before_(count_);
    ++count_;
    const ByteView all = as_bytes(blob_);
    const ByteView chunk = all.subspan(at_, std::min<std::size_t>(all.size() - at_, 64 * 1024));
    at_ += chunk.size();
    return chunk;
  }

 private:
  std::string blob_;
  std::function<void(std::size_t)> before_;
  std::size_t count_ = 0;
  std::size_t at_ = 0;
};

Result<ScannedLayer> scan(ContentReader& reader, const std::string& blob, std::function<void(std::size_t)> before = {},
                          std::stop_token stop = {}) {
  Chunks chunks(blob, std::move(before));
  detectors::ScanProgress progress;
  return reader.scan(chunks, Digest::sha256_of(as_bytes(blob)), blob.size(), kAllAnalyses, progress, std::move(stop));
}

std::string text_of(const ScannedLayer& scanned) {
  nlohmann::json out{{"facts", scanned.facts}};
  for (const LayerReport& report : scanned.reports) out["reports"].push_back(report);
  return dump_json(out);
}

/// The parent of a process, by /proc/PID/stat, and 0 when it is gone.
pid_t parent_of(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos ? 0 : static_cast<pid_t>(std::stol(line.substr(name_end + 4)));
}

std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos && parent_of(name) == parent) out.insert(std::stoi(name));
  }
  return out;
}

/// The fork server, and the reader that it has forked.
pid_t server_process() { return *children_of(::getpid()).begin(); }
pid_t reader_process() {
  for (;;) {
    const auto children = children_of(server_process());
    if (!children.empty()) return *children.begin();
    std::this_thread::sleep_for(1ms);
  }
}

/// Ends the reader by `signal` before the blob's chunk of this number, and the next layer is read as ever.
void check_signal(ContentReader& reader, int signal, std::size_t chunk, const std::string& reason) {
  const std::string blob = layer_of(30);
  const auto failed = scan(reader, blob, [&](std::size_t number) {
    if (number == chunk) ::kill(reader_process(), signal);
  });
  CAPTURE(signal, chunk);
  REQUIRE(failed.has_error());
  CHECK(failed.error().code() == ErrorCode::internal);
  CHECK(failed.error().message() == "layer " + Digest::sha256_of(as_bytes(blob)).str() + " was not read to its end: its reader " + reason);
  CHECK(scan(reader, blob).has_value());
}

}  // namespace

TEST_CASE("a reader in a process of its own finds what one in this process finds", "[isolated_reader]") {
  auto here = LocalReader::create(settings()).value();
  auto there = isolated();
  CHECK(there->engine_state() == here->engine_state());
  CHECK(there->documents_state() == here->documents_state());
  for (const std::size_t files : {0U, 30U}) {
    const std::string blob = layer_of(files);
    const auto expected = scan(*here, blob).value();
    CHECK(expected.reports.front().findings.size() == 1);
    CHECK(text_of(scan(*there, blob).value()) == text_of(expected));
  }
  detectors::ImageDocuments image;
  image.facts.digest = Digest::sha256_of(as_bytes("image"));
  image.config_bytes = R"({"config":{"Env":["KEY=)" + std::string(kToken.substr(0, kToken.size() - 1)) + R"("]}})";
  image.config = parse_image_config(image.config_bytes).value();
  image.manifest_bytes = "{}";
  const auto expected = here->analyze(image, {}).value();
  const auto found = there->analyze(image, {}).value();
  CHECK(nlohmann::json(expected.findings) == nlohmann::json(found.findings));
  CHECK(expected.diagnostics == found.diagnostics);
}

TEST_CASE("a blob of another digest or size has no result, whatever its reader says", "[isolated_reader]") {
  auto reader = isolated();
  const std::string blob = layer_of(1);
  Chunks chunks(blob);
  detectors::ScanProgress progress;
  const auto scanned = reader->scan(chunks, Digest::sha256_of(as_bytes("other")), blob.size(), kAllAnalyses, progress, {});
  REQUIRE(scanned.has_error());
  CHECK(scanned.error().code() == ErrorCode::digest_mismatch);
  CHECK(scan(*reader, blob).has_value());
}

TEST_CASE("a reader that is killed or crashes costs its layer an error that names it, and no other layer", "[isolated_reader]") {
  auto reader = isolated();
  check_signal(*reader, SIGKILL, 0, "was killed (signal 9)");
  check_signal(*reader, SIGKILL, 5, "was killed (signal 9)");
  check_signal(*reader, SIGSEGV, 5, "crashed (signal 11)");
}

TEST_CASE("a signal to all processes to end is the starter's to handle", "[isolated_reader]") {
  auto reader = isolated();
  const auto scanned = scan(*reader, layer_of(30), [&](std::size_t number) {
    if (number != 5) return;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      ::kill(reader_process(), signal);
      ::kill(server_process(), signal);
    }
  });
  CHECK(scanned.has_value());
}

TEST_CASE("a reader that may have no more memory costs its layer an error that names it", "[isolated_reader]") {
  auto reader = isolated(60s, 100'000);
  const std::string blob = layer_of_keys();
  const auto failed = scan(*reader, blob);
  REQUIRE(failed.has_error());
  CHECK(failed.error().code() == ErrorCode::limit_exceeded);
  CHECK(failed.error().message() == "layer " + Digest::sha256_of(as_bytes(blob)).str() +
                                        " was not read to its end: it needs more memory than a worker may use (--memory)");
}

TEST_CASE("a reader that is stopped is given up after its silence", "[isolated_reader]") {
  auto reader = isolated(2s);
  check_signal(*reader, SIGSTOP, 5, "did not answer for 2 s");
}

TEST_CASE("a reader that says that it lives, but does not come to an end, is given up", "[isolated_reader]") {
  auto reader = IsolatedReader::create(settings(), {.program = LANDWAITER_PROGRAM, .wait_per_cpu_time = 0}).value();
  const std::string blob = layer_of(3);
  const auto failed = scan(*reader, blob);
  REQUIRE(failed.has_error());
  CHECK(failed.error().message() ==
        "layer " + Digest::sha256_of(as_bytes(blob)).str() + " was not read to its end: its reader lives, but does not come to an end");
}

TEST_CASE("a fork server that dies is replaced for the next layer", "[isolated_reader]") {
  auto reader = isolated();
  const std::string blob = layer_of(30);
  const auto failed = scan(*reader, blob, [&](std::size_t number) {
    if (number == 5) ::kill(server_process(), SIGKILL);
  });
  REQUIRE(failed.has_error());
  CHECK(failed.error().message().find("layer sha256:") == 0);
  CHECK(scan(*reader, blob).has_value());
}

TEST_CASE("a stop ends a reader at once", "[isolated_reader]") {
  auto reader = isolated();
  std::stop_source stop;
  const auto scanned = scan(
      *reader, layer_of(30),
      [&](std::size_t number) {
        if (number == 5) stop.request_stop();
      },
      stop.get_token());
  REQUIRE(scanned.has_error());
  CHECK(scanned.error().code() == ErrorCode::cancelled);
  CHECK(scan(*reader, layer_of(0), {}, stop.get_token()).error().code() == ErrorCode::cancelled);
}

#endif
