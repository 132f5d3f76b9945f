// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/engine/detector.hpp"
#include "detectors/engine/secret_ids.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace landwaiter::detectors {

/// Aborts when a detector says something that no report may hold: an id of another form, an offset outside the
/// window, text that is not printable.
class CheckingSink final : public FindingSink {
 public:
  explicit CheckingSink(const Window& window) : window_(window) {}

  void add(Finding finding, std::uint64_t offset) override {
    require(offset < window_.bytes.size());
    const std::size_t colon = finding.id.find(':');
    if (!finding.id.empty())
      require(colon != std::string::npos && hex_decode(finding.id.substr(colon + 1)).has_value() && finding.id.size() == colon + 65);
    require(!finding.title.empty());
    for (const char c : finding.title) require(static_cast<unsigned char>(c) >= 0x20);
    // Throws on text that is not UTF-8.
    require(!finding.attributes.dump().empty());
  }
  void add(Package package, std::uint64_t offset) override { require(offset < window_.bytes.size() && check_package(package).has_value()); }
  void add(Distribution distribution, std::uint64_t offset) override {
    require(offset < window_.bytes.size() && check_distribution(distribution).has_value());
  }
  void diagnose(ErrorCode, std::string message, std::uint64_t offset) override {
    require(!message.empty() && offset <= window_.bytes.size());
  }
  void consumed(std::size_t end) override { require(end <= window_.bytes.size()); }
  bool need(std::size_t begin, std::uint64_t) override {
    require(begin <= window_.bytes.size());
    return false;
  }
  void decoded(std::string_view encoding, Bytes, std::size_t begin, std::size_t end) override {
    require(!encoding.empty() && begin < end && end <= window_.bytes.size());
  }
  /// What costs a second would hide from fuzzing what comes after it.
  bool spend(std::uint64_t rounds) override { return rounds <= 1000; }
  void opened(std::size_t begin, std::size_t end) override { require(begin < end && end <= window_.bytes.size()); }
  std::string secret_id(ByteView secret, bool guessable) override {
    (void)guesses_bits(secret);
    return guessable ? std::string() : "hmac-sha256:" + hex_encode(hmac_sha256({}, secret));
  }

 private:
  static void require(bool holds) {
    if (!holds) std::abort();
  }
  const Window& window_;
};

/// One hit, with work that the bytes bring. Aborts if the detector goes on after it is spent: one operation may exceed it, the dearest is
/// a Diffie-Hellman key of 4,096 bits.
inline void inspect_at(const Detector& detector, const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::uint64_t kBase = 5'000'000, kOneOperation = 70'000'000;
  const std::uint64_t earned = kBase + limits::layer_work_per_byte * window.bytes.size();
  WorkMeter meter;
  meter.begin(earned);
  const WorkScope scope(meter);
  detector.inspect(window, hit, sink);
  if (meter.used() > earned + kOneOperation) std::abort();
}

/// Every trigger of the detector, as if its pattern had matched within the first bytes and at the end.
inline void inspect_everywhere(const Detector& detector, ByteView bytes) {
  const Window window{bytes, 0, true};
  CheckingSink sink(window);
  for (const Trigger& trigger : detector.triggers()) {
    inspect_at(detector, window, Hit{trigger.id, std::min<std::size_t>(bytes.size(), 12)}, sink);
    inspect_at(detector, window, Hit{trigger.id, bytes.size()}, sink);
  }
}

/// The bytes as the body of a PEM block.
inline std::string as_pem(std::string_view label, ByteView bytes) {
  const std::string text(label);
  return "-----BEGIN " + text + "-----\n" + base64_encode(bytes) + "\n-----END " + text + "-----\n";
}

}  // namespace landwaiter::detectors
