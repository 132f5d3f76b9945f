// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/walker_support.hpp"

#include "core/base/limits.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <stdexcept>

namespace landwaiter::detectors::test {
namespace {

constexpr std::string_view kNeedle = "NEEDLE:";
constexpr std::size_t kIdBytes = 8;

class NeedleDetector final : public Detector {
 public:
  std::string_view name() const override { return "needle"; }
  int version() const override { return 3; }
  std::vector<Trigger> triggers() const override { return {{7, std::string(kNeedle), kNeedle.size()}}; }

  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    const std::size_t start = hit.end - kNeedle.size();
    const bool before = start >= limits::detector_lookbehind_bytes || start == window.offset + start;
    const bool after = window.ends_file || window.bytes.size() - hit.end >= limits::detector_lookahead_bytes;
    if (hit.trigger != 7 || !before || !after) sink.diagnose(ErrorCode::internal, "the engine broke its promise", start);
    if (as_text(window.bytes.subspan(start)).substr(0, kNeedle.size()) != kNeedle) {
      sink.diagnose(ErrorCode::internal, "the hit is not where it should be", start);
    }
    const std::string_view id = as_text(window.bytes.subspan(hit.end)).substr(0, kIdBytes);
    if (id.size() < kIdBytes) return sink.diagnose(ErrorCode::malformed, "a needle without its point", start);
    Finding finding;
    finding.type = FindingType::secret;
    finding.id = "needle:" + std::string(id);
    finding.title = "A needle";
    sink.add(std::move(finding), start);
    // What "consumed" is for: a needle that ends in these bytes is part of this one.
    if (id == "consumes") sink.consumed(std::min(window.bytes.size(), hit.end + 100));
  }
};

struct FreeArchive {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using Writer = std::unique_ptr<archive, FreeArchive>;

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void check(archive* writer, int code) {
  if (code < ARCHIVE_WARN) throw std::runtime_error(archive_error_string(writer));
}

void write_item(archive* writer, const Item& item) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), item.name.c_str());
  archive_entry_set_perm(entry.get(), item.mode);
  archive_entry_set_uid(entry.get(), item.uid);
  archive_entry_set_gid(entry.get(), item.gid);
  for (const auto& [name, value] : item.attributes) archive_entry_xattr_add_entry(entry.get(), name.c_str(), value.data(), value.size());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  const bool file = item.kind == Item::Kind::file;
  if (file) archive_entry_set_size(entry.get(), static_cast<la_int64_t>(item.content.size()));
  if (item.kind == Item::Kind::directory) archive_entry_set_filetype(entry.get(), AE_IFDIR);
  if (item.kind == Item::Kind::device) archive_entry_set_filetype(entry.get(), AE_IFCHR);
  if (item.kind == Item::Kind::hard_link) archive_entry_set_hardlink(entry.get(), item.content.c_str());
  if (item.kind == Item::Kind::symlink) {
    archive_entry_set_filetype(entry.get(), AE_IFLNK);
    archive_entry_set_symlink(entry.get(), item.content.c_str());
  }
  check(writer, archive_write_header(writer, entry.get()));
  if (file && archive_write_data(writer, item.content.data(), item.content.size()) < 0) check(writer, ARCHIVE_FATAL);
}

std::string write_all(const Writer& writer, const std::vector<Item>& items) {
  std::string out;
  check(writer.get(), archive_write_set_bytes_in_last_block(writer.get(), 1));
  check(writer.get(), archive_write_open(writer.get(), &out, nullptr, append, nullptr));
  for (const Item& item : items) write_item(writer.get(), item);
  check(writer.get(), archive_write_close(writer.get()));
  return out;
}

std::string place_text(std::string text, const std::string& path, const std::vector<std::string>& archive) {
  text += " " + path;
  for (const std::string& name : archive) text += "!" + name;
  return text;
}

}  // namespace

std::unique_ptr<const Detector> make_needle_detector() { return std::make_unique<NeedleDetector>(); }

std::string needle(std::string_view eight_bytes) { return std::string(kNeedle) + std::string(eight_bytes); }

std::shared_ptr<const Engine> needle_engine() {
  static const auto engine = [] {
    std::vector<std::unique_ptr<const Detector>> detectors;
    detectors.push_back(make_needle_detector());
    return Engine::create(DetectorContext{}, std::move(detectors)).value();
  }();
  return engine;
}

std::string make_tar(const std::vector<Item>& items, const char* format) {
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_by_name(writer.get(), format));
  return write_all(writer, items);
}

std::string make_archive(const std::vector<Item>& items, const char* format, const std::string& options) {
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_by_name(writer.get(), format));
  if (!options.empty()) check(writer.get(), archive_write_set_options(writer.get(), options.c_str()));
  return write_all(writer, items);
}

std::string make_zip(const std::vector<Item>& items, const std::string& options) {
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_zip(writer.get()));
  if (!options.empty()) check(writer.get(), archive_write_set_options(writer.get(), options.c_str()));
  if (options.find("encryption") != std::string::npos) check(writer.get(), archive_write_set_passphrase(writer.get(), "x"));
  return write_all(writer, items);
}

std::string compress(std::string_view bytes, const std::string& filter) {
  const Writer writer(archive_write_new());
  check(writer.get(), archive_write_set_format_raw(writer.get()));
  check(writer.get(), archive_write_add_filter_by_name(writer.get(), filter.c_str()));
  return write_all(writer, {{"content", std::string(bytes)}});
}

std::string zlib_of(const std::string& bytes) {
  const std::string gzip = compress(bytes, "gzip");
  std::uint32_t low = 1, high = 0;
  for (const char c : bytes) {
    low = (low + static_cast<unsigned char>(c)) % 65521;
    high = (high + low) % 65521;
  }
  std::string out = "\x78\x9c" + gzip.substr(10, gzip.size() - 18);
  for (const std::uint32_t part : {high, low}) (out += static_cast<char>(part >> 8)) += static_cast<char>(part & 0xff);
  return out;
}

std::string octal(std::uint64_t size) {
  std::string text(11, '0');
  for (std::size_t i = text.size(); i-- > 0; size >>= 3) text[i] = static_cast<char>('0' + (size & 7));
  return text + '\0';
}

std::string tar_header(std::string_view name, std::string_view size_field, char type) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size_field.substr(0, 12));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum).substr(5, 6));
  header[154] = '\0';
  return header;
}

std::string tar_blocks(std::string_view content) {
  std::string out(content);
  out.resize((out.size() + 511) / 512 * 512);
  return out;
}

std::string pax(const std::vector<std::pair<std::string, std::string>>& records) {
  std::string body;
  for (const auto& [key, value] : records) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t size = rest.size();
    while (std::to_string(size).size() + rest.size() != size) size = std::to_string(size).size() + rest.size();
    body += std::to_string(size) + rest;
  }
  return tar_header("PaxHeaders/x", octal(body.size()), 'x') + tar_blocks(body);
}

std::string file(std::string_view name, std::string_view content) { return tar_header(name, octal(content.size())) + tar_blocks(content); }

std::string closed(std::string tar) { return tar + std::string(1024, '\0'); }

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() >> 24);
  return out;
}

ScannedBlob scan(std::string_view blob, const ScanLimits& limits, std::size_t chunk_size) {
  return scan_with(needle_engine(), blob, limits, chunk_size);
}

ScannedBlob scan_with(std::shared_ptr<const Engine> engine, std::string_view blob, const ScanLimits& limits, std::size_t chunk_size,
                      std::span<const Analysis> wanted) {
  MemorySource source(as_bytes(blob), chunk_size);
  LayerScanner scanner(std::move(engine), limits);
  ScanProgress progress;
  ScannedLayer layer = scanner.scan(source, Digest::sha256_of(as_bytes(blob)), blob.size(), wanted, progress, {}).value();
  LayerFacts& facts = layer.facts;
  ScannedBlob out{facts.layer,
                  {facts.walker, {}},
                  {},
                  std::move(facts.diagnostics),
                  std::move(facts.whiteouts),
                  std::move(facts.opaque_directories),
                  std::move(facts.written),
                  facts.stats};
  out.links = std::move(facts.links);
  out.memory_peak = scanner.memory_peak();
  out.work = scanner.work();
  for (LayerReport& report : layer.reports) {
    out.engine.states.push_back(report.of);
    std::ranges::move(report.findings, std::back_inserter(out.findings));
    std::ranges::move(report.diagnostics, std::back_inserter(out.diagnostics));
    std::ranges::move(report.packages, std::back_inserter(out.packages));
    if (report.distribution) out.distribution = std::move(report.distribution);
  }
  return out;
}

void to_json(nlohmann::json& out, const ScannedBlob& value) {
  out = {{"layer", value.layer.str()},
         {"walker", value.engine.walker.str()},
         {"states", states_to_json(value.engine.states)},
         {"findings", value.findings},
         {"diagnostics", value.diagnostics},
         {"whiteouts", value.whiteouts},
         {"opaque_directories", value.opaque_directories},
         {"written", value.written.encode()},
         {"stats", value.stats},
         {"packages", value.packages}};
  if (value.distribution) out["distribution"] = *value.distribution;
}

std::vector<std::string> places(const ScannedBlob& report) {
  std::vector<std::string> out;
  for (const Finding& finding : report.findings) {
    for (const Occurrence& at : finding.occurrences) out.push_back(place_text(finding.id.substr(7), at.path, at.archive));
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> complaints(const ScannedBlob& report) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : report.diagnostics) {
    out.push_back(place_text(std::string(to_string(diagnostic.code)), diagnostic.path, diagnostic.archive));
  }
  return out;
}

bool mentions(const ScannedBlob& report, std::string_view text) {
  return std::ranges::any_of(report.diagnostics,
                             [&](const Diagnostic& diagnostic) { return diagnostic.message.find(text) != std::string::npos; });
}

std::string little(std::uint64_t value, int size) {
  std::string out;
  for (; size > 0; --size, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

ScannedBlob scan_one_file(const std::string& content, const ScanLimits& limits, std::size_t chunk_size) {
  return scan(make_tar({{"f", content}, {"next", needle("next____")}}), limits, chunk_size);
}

}  // namespace landwaiter::detectors::test
