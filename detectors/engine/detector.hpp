// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/report/analysis.hpp"
#include "detectors/engine/report_sink.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// A byte pattern whose occurrence makes the engine call a detector. Vectorscan syntax (PCRE without back references), matched on raw
/// bytes (`.` is any byte). No anchors (^, $, \b): files are matched in pieces, and the anchors would match at their borders. Short
/// literals that are common in ordinary files slow down every scan.
struct Trigger {
  int id = 0;  ///< the detector's own number for it, handed back in Hit
  std::string pattern;
  /// The maximum length of a match in bytes: the engine reports where matches end, and detectors look back from there for the start.
  std::size_t max_length = 0;
};

/// The part of one file around a hit.
struct Window {
  ByteView bytes;            ///< contiguous bytes of the file; valid during the call only
  std::uint64_t offset = 0;  ///< of bytes[0] in the file
  bool ends_file = false;    ///< bytes ends where the file does
  ByteView head = {};        ///< the file's first bytes, limits::file_head_bytes of them or all there are
  /// The file's name: its path in the layer, or its entry name in the innermost archive. A file can have any name, so a name supports
  /// what the bytes say but proves nothing.
  std::string_view name = {};
};

struct Hit {
  int trigger = 0;
  std::size_t end = 0;  ///< where the match ends, as an index into Window::bytes (one past its last byte)
};

/// What a detector reports through, and asks for more. One object for one call of inspect.
class FindingSink : public ReportSink {
 public:
  /// Bytes of the window up to index `end` are part of what was reported: later hits of the same detector that end
  /// before are not delivered (a certificate's DER inside its PEM, a bundle's inner structures).
  virtual void consumed(std::size_t end) = 0;
  /// Requests the object that starts at index `begin`, not after the hit's end, and has `size` bytes, which the window does not fully
  /// contain. True: inspect is called once more for this hit, with a window that starts at `begin` and contains the whole object or what
  /// the file has of it (without the promised bytes before the hit), and this call should report nothing of the object. False: no more is
  /// available, because the file ends with the window, the object exceeds limits::object_bytes_max, or too many are waiting
  /// (limits::objects_waiting_max).
  virtual bool need(std::size_t begin, std::uint64_t size) = 0;
  /// The window's [begin, end) is `encoding` ("base64", "utf-16le", ...) of `bytes`: these are searched with the detectors
  /// of the same analysis as a file of their own, down to limits::decode_depth_max. What is found there is reported at `begin`, its
  /// attributes with "wrapped_in", a list of encodings, outermost first.
  virtual void decoded(std::string_view encoding, Bytes bytes, std::size_t begin, std::size_t end) = 0;
  /// Takes `rounds` of a hash function (or what costs as much) from what all guesses of an analysis in one layer may cost together
  /// (limits::layer_guess_rounds_max). False, taking nothing, when that much is not left.
  virtual bool spend(std::uint64_t rounds) = 0;
  /// The id of an asset that has no public part, by what nobody may learn from it (detectors/engine/secret_ids.hpp). `guessable`: these
  /// bytes come from what people choose, or are a guess away from it, however many they are.
  /// Empty when it is to be one of the finding's place, as add() makes it.
  virtual std::string secret_id(ByteView secret, bool guessable = false) = 0;
  /// All private keys that are encrypted in the window's [begin, end) were opened and reported: what other detectors take there for an
  /// encrypted key, before or after this call, is left out.
  virtual void opened(std::size_t begin, std::size_t end) = 0;
};

/// Options of detectors.
struct DetectorContext {
  bool try_passwords = true;  ///< open keystores with well-known passwords
};

/// Finds one family of assets. Stateless after construction and safe to call from many threads; does no I/O, never logs, never keeps the
/// window. inspect gets at least limits::detector_lookbehind_bytes before and limits::detector_lookahead_bytes after the hit, less only
/// at the start or end of the file.
class Detector {
 public:
  virtual ~Detector() = default;
  virtual std::string_view name() const = 0;
  /// Increases with every change in what is found or how it is described: old reports are then not reused.
  virtual int version() const = 0;
  /// The analysis that this detector belongs to: it runs only when that is wanted.
  virtual Analysis analysis() const { return Analysis::cryptography; }
  virtual std::vector<Trigger> triggers() const = 0;
  virtual void inspect(const Window& window, const Hit& hit, FindingSink& sink) const = 0;
};

}  // namespace landwaiter::detectors
