// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/analysis.hpp"
#include "detectors/engine/report_sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// What an entry of a layer, or of an archive inside a file of it, is.
enum class EntryType { file, directory, symbolic_link, hard_link, character_device, block_device, fifo, other };

struct ExtendedAttribute {
  std::string name;  ///< "security.capability"
  Bytes value;
};

/// What a tar says of an entry beside its name, type and size.
struct EntryMetadata {
  std::uint32_t mode = 0;  ///< permissions, with setuid (04000), setgid (02000) and sticky (01000)
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::vector<ExtendedAttribute> attributes;  ///< sorted by name, which are unique
  /// There were more than limits::extended_attributes_max, or more than limits::extended_attribute_bytes_max bytes of them.
  bool attributes_cut = false;
};

/// An entry, before any of its bytes. Views are valid during the call only. Anybody can put anything into a layer: names are text
/// from outside that was made printable, and nothing here proves what the bytes are.
struct FileFacts {
  std::string_view path;                 ///< in the layer, no leading slash; "" is the root
  std::span<const std::string> archive;  ///< entry names inside the file at `path`, outermost first; empty when not in one
  EntryType type = EntryType::file;
  /// As the header says; nothing where the bytes have to be read to know it (in a zip that was streamed, inside a .gz).
  std::optional<std::uint64_t> size_bytes;
  /// For a hard link the path of the file in the same layer or archive, for a symbolic link the raw text.
  std::string_view link_target;
  /// Null where it is not known: a zip's local headers and compressed files do not have it.
  const EntryMetadata* metadata = nullptr;

  /// What the entry itself is called: its path in the layer, or in the innermost archive.
  std::string_view name() const { return archive.empty() ? path : std::string_view(archive.back()); }
};

/// Takes one file's bytes.
class FileConsumer {
 public:
  /// Without finish() before: the file was broken off (a truncated tar, a limit). What was reported so far stays; nothing is added.
  virtual ~FileConsumer() = default;
  /// The next bytes, in pieces of any size: what is reported must not depend on how they were cut. Holes are zeros.
  virtual void push(ByteView bytes) = 0;
  /// All bytes have come.
  virtual void finish() = 0;
};

/// Reads files that it chooses by path: a package manager's database, a lock file, /etc/passwd. Where a Detector finds its places by
/// patterns in the bytes of all files, a FileReader gets whole files, streamed, from the one read that all share. Stateless after
/// construction and safe to call from many threads; does no I/O, never logs.
///
///   class OsReleaseReader final : public FileReader {
///     ...
///     bool wants(const FileFacts& file) const override { return file.archive.empty() && file.path == "etc/os-release"; }
///     std::unique_ptr<FileConsumer> open(const FileFacts&, ReportSink& sink) const override {
///       return whole_file(64 * limits::KiB, [&sink](ByteView bytes) { read_os_release(as_text(bytes), sink); }, sink);
///     }
///   };
class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual std::string_view name() const = 0;
  /// Goes up with every change of what is found or how it is described: old reports are then not reused.
  virtual int version() const = 0;
  virtual Analysis analysis() const = 0;
  /// By what is known before the bytes. Called for every entry of the layer and of all archives inside it, also for directories,
  /// links and devices (but for whiteouts, and for entries that are encrypted), so it must be cheap.
  virtual bool wants(const FileFacts& file) const = 0;
  /// `sink` lives as long as the consumer. Null when the facts were enough. Directories, devices and links have no bytes: their
  /// consumers get finish() at once (but for the rare hard link in a tar that brings the content once more).
  virtual std::unique_ptr<FileConsumer> open(const FileFacts& file, ReportSink& sink) const = 0;
};

/// For most readers: gathers the file and calls `read` with all of it. A file of more than `bytes_max` is not read, which is a
/// diagnostic. `bytes_max` is at most limits::whole_file_bytes_max.
std::unique_ptr<FileConsumer> whole_file(std::uint64_t bytes_max, std::function<void(ByteView)> read, ReportSink& sink);

}  // namespace landwaiter::detectors
