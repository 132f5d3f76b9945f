// SPDX-License-Identifier: Apache-2.0
// layer_scan_bench BLOB [TIMES]: scans a layer blob with triggers like those of the real detectors and prints CPU time, peak memory and
// counts. The detector does nothing, so this is the cost of the pipeline alone.
#include "core/base/text.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

class ManyTriggers final : public Detector {
 public:
  std::string_view name() const override { return "many-triggers"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override {
    return {{1, "-----BEGIN [A-Z0-9 ]{0,40}CERTIFICATE", 64},
            {2, "-----BEGIN [A-Z0-9 ]{0,40}KEY", 64},
            {3, "---- BEGIN SSH2", 16},
            {4, "openssh-key-v1\\x00", 16},
            {5, "\\x30\\x82..\\x30\\x82..\\xa0\\x03\\x02\\x01", 12},
            {6, "\\x30\\x82..\\x02\\x01\\x00\\x02\\x82", 9},
            {7, "\\x02\\x01\\x01\\x04[\\x20\\x30\\x42]", 5},
            {8, "\\x30\\x82..\\x02\\x01\\x00\\x30\\x0d\\x06\\x09", 11},
            {9, "\\x2b\\x65[\\x70\\x71]\\x04\\x22\\x04\\x20", 7},
            {10, "ssh-(rsa|dss|ed25519) AAAA", 20},
            {11, "ecdsa-sha2-nistp... AAAA", 24},
            {12, "PuTTY-User-Key-File-", 20}};
  }
  void inspect(const Window&, const Hit&, FindingSink&) const override {}
};

/// Reads the file in chunks of the size that the network's channel has.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const char* path) : file_(path, std::ios::binary), buffer_(limits::blob_chunk_bytes) {}
  Result<ByteView> next() override {
    file_.read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(buffer_.size()));
    return ByteView(buffer_).first(static_cast<std::size_t>(file_.gcount()));
  }

 private:
  std::ifstream file_;
  Bytes buffer_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Blob {
  Digest digest;
  std::uint64_t size_bytes = 0;
};

Blob measure(const char* path) {
  FileSource file(path);
  Hasher hasher(Digest::Algorithm::sha256);
  Blob blob;
  for (auto chunk = file.next(); chunk && !chunk->empty(); chunk = file.next()) {
    hasher.update(*chunk);
    blob.size_bytes += chunk->size();
  }
  blob.digest = hasher.finish();
  return blob;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: layer_scan_bench BLOB [TIMES]\n";
    return 2;
  }
  const Blob blob = measure(argv[1]);
  const int times = argc > 2 ? std::atoi(argv[2]) : 5;
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<ManyTriggers>());
  auto engine = Engine::create(DetectorContext{}, std::move(detectors));
  if (!engine) {
    std::cerr << engine.error().message() << "\n";
    return 1;
  }
  LayerScanner scanner(*engine);
  for (int i = 0; i < times; ++i) {
    FileSource file(argv[1]);
    ScanProgress progress;
    const double before = cpu_seconds();
    auto report = scanner.scan(file, blob.digest, blob.size_bytes, kAllAnalyses, progress, {});
    const double took = cpu_seconds() - before;
    if (!report) {
      std::cerr << report.error().message() << "\n";
      return 1;
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const nlohmann::json stats = report->facts.stats;
    std::cout << took << " s CPU, peak " << usage.ru_maxrss / 1024 << " MiB, " << report->facts.diagnostics.size() << " diagnostics, "
              << stats << "\n";
    if (i > 0) continue;
    for (const Diagnostic& diagnostic : report->facts.diagnostics) {
      std::cout << "  " << diagnostic.path << (diagnostic.archive.empty() ? "" : "!" + diagnostic.archive.back()) << ": "
                << diagnostic.message << "\n";
    }
  }
}
