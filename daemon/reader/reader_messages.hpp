// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_reader.hpp"
#include "core/os/fork_server.hpp"
#include "core/report/report.hpp"
#include "daemon/reader/content_reader.hpp"
#include "detectors/image/image_analyzer.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::daemon {

/// The memory that a reader's process shares with ours holds this many chunks of a blob.
inline constexpr std::size_t kReaderChunks = 4;
inline constexpr std::size_t kReaderSharedBytes = kReaderChunks * limits::blob_chunk_bytes;
/// The argument by which this program becomes the fork server of readers.
inline constexpr std::string_view kReaderArgument = "read-layers";

/// The first byte of each message, whose rest is JSON text or numbers. To a reader: `allowance`, an item (`layer` or `image`), then
/// for a layer its chunks and `blob_end`. From it: `chunk_free` for each chunk, `alive` each second, and items (of the layer's or the
/// image's results, or an error), after which `done`.
enum class ReaderMessage : std::uint8_t {
  allowance,   ///< ReaderNumbers: memory in bytes, CPU time in seconds
  text,        ///< the next part of an item
  item,        ///< the last part of an item
  chunk,       ///< ReaderNumbers: the chunk's place in the shared memory, its size
  blob_end,    ///< after the last chunk
  chunk_free,  ///< ReaderNumbers: the chunk's place
  alive,       ///< ReaderNumbers: files and findings so far
  done,        ///< no more items
  no_memory,   ///< instead of `done`, at any moment, from a process that ends
};

struct ReaderNumbers {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};
using NumbersMessage = std::array<std::uint8_t, 1 + sizeof(ReaderNumbers)>;
NumbersMessage numbers_message(ReaderMessage kind, ReaderNumbers numbers);
/// Nothing for a message of another size.
std::optional<ReaderNumbers> numbers_of(ByteView message);

/// Sends text of any length as one item, message by message.
using SendMessage = std::function<Result<void>(ByteView)>;
Result<void> send_item(const SendMessage& send, std::string_view text);
Result<void> send_item(MessageSocket& socket, std::string_view text);

/// Puts items together from messages of the kinds text and item.
class ItemBuilder {
 public:
  explicit ItemBuilder(std::uint64_t bytes_max) : left_(bytes_max) {}
  /// The whole item with its last part; otherwise nothing. Error: limit_exceeded when all items together are too long.
  Result<std::optional<std::string>> add(ByteView message);

 private:
  std::uint64_t left_;
  std::string text_;
};

/// The orders of a reader, each one item.
struct LayerOrder {
  Digest layer;
  std::vector<Analysis> wanted;
};
struct ReaderOrder {
  std::optional<LayerOrder> layer;
  std::optional<detectors::ImageDocuments> image;  ///< its config is read again from the bytes
};
std::string to_text(const LayerOrder& order);
std::string to_text(const detectors::ImageDocuments& image);
Result<ReaderOrder> parse_reader_order(std::string_view text);

/// The setup of a fork server of readers.
std::string to_text(const ReaderSettings& settings);
Result<ReaderSettings> parse_reader_settings(std::string_view text);

/// Its answer: what its readers find is decided by this.
struct ReaderStates {
  EngineState engine;
  Digest documents;
};
std::string to_text(const ReaderStates& states);
Result<ReaderStates> parse_reader_states(std::string_view text);

/// Sends the results in items of some kilobytes and lets go of each, so that neither side holds a second copy of them.
Result<void> send_results(MessageSocket& socket, ScannedLayer scanned);
Result<void> send_results(MessageSocket& socket, const detectors::ImageFindings& found);
Result<void> send_results(MessageSocket& socket, const Error& error);

/// What a reader said, put together again. It read hostile bytes: nothing that it says of layer, walker or states counts.
struct ReaderResults {
  ScannedLayer layer;
  bool facts = false;  ///< the layer's facts are there
  detectors::ImageFindings image;
  std::optional<Error> error;  ///< limit_exceeded, malformed or internal, with a printable text

  /// Error: malformed, limit_exceeded.
  Result<void> add(std::string_view item);
};

}  // namespace landwaiter::daemon
