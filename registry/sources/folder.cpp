// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/folder.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/client/media_types.hpp"
#include "registry/sources/folder_tar.hpp"

#include <optional>
#include <set>
#include <utility>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr std::size_t kHashedAtOnce = 256 * limits::KiB;
/// So often others have their turn: the io thread serves them all.
constexpr std::uint64_t kHashedInTurn = 8 * limits::MiB;

/// A tree, and what is known of it.
struct Tree {
  std::string path;
  std::string name;  ///< for people
  TreeRecord record;
  std::set<std::string> changed;  ///< since then
  bool outdated = false;
};

/// The tree for the second time. At the end it must have been what it was.
class FolderReader final : public BlobReader {
 public:
  FolderReader(FolderTar tar, std::shared_ptr<Tree> tree, Digest expected)
      : tar_(std::move(tar)), tree_(std::move(tree)), expected_(std::move(expected)), hasher_(expected_.algorithm()) {
    tar_.compare_with(tree_->record);
  }

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = tar_.read(buffer);
    hasher_.update(buffer.first(size));
    // Whoever reads may end early, because the tree has grown.
    if (!tar_.changed().empty()) {
      tree_->changed.insert(tar_.changed().begin(), tar_.changed().end());
      tree_->outdated = true;
    }
    if (size > 0 || buffer.empty() || std::exchange(proven_, true)) co_return size;
    if (hasher_.finish() == expected_) co_return size;
    tree_->outdated = true;
    co_return Error(ErrorCode::io,
                    tree_->name + " changed while it was read: scan it when nothing writes to it, or a copy or snapshot of it");
  }

 private:
  FolderTar tar_;
  std::shared_ptr<Tree> tree_;
  Digest expected_;
  Hasher hasher_;
  bool proven_ = false;
};

class FolderSource final : public ImageSource {
 public:
  explicit FolderSource(std::string path) : tree_(std::make_shared<Tree>()) {
    tree_->name = "dir:" + path;
    tree_->path = std::move(path);
  }

  Awaitable<ManifestDocument> manifest(std::string reference) override {
    if (!document_ || (reference.empty() && tree_->outdated)) {
      auto made = co_await make_document();
      if (!made) co_return made.error();
    }
    const auto digest = Digest::parse(reference);
    if (digest && *digest != document_->digest) co_return Error(ErrorCode::not_found, tree_->name + " is not the image " + reference);
    co_return *document_;
  }

  Awaitable<std::string> small_blob(Descriptor descriptor) override {
    if (document_ && descriptor.digest == document_->digest) co_return config_;
    co_return Error(ErrorCode::not_found, tree_->name + " holds no blob " + descriptor.digest.str());
  }

  Awaitable<std::unique_ptr<BlobReader>> open_blob(Descriptor descriptor) override {
    auto tar = FolderTar::open(tree_->path, tree_->record.left_out);
    if (!tar) co_return tar.error().with_context(tree_->name);
    std::unique_ptr<BlobReader> reader = std::make_unique<FolderReader>(*std::move(tar), tree_, std::move(descriptor.digest));
    co_return reader;
  }

  std::string display_name() const override { return tree_->name; }
  bool outdated() const override { return tree_->outdated; }

 private:
  Awaitable<void> make_document() {
    std::set<std::string> left_out = std::move(tree_->record.left_out);
    left_out.merge(tree_->changed);
    tree_->changed.clear();
    tree_->outdated = false;
    auto tar = FolderTar::open(tree_->path, std::move(left_out));
    if (!tar) co_return tar.error().with_context(tree_->name);
    Hasher hasher(Digest::Algorithm::sha256);
    std::vector<std::uint8_t> chunk(kHashedAtOnce);
    std::uint64_t total = 0, in_turn = 0;
    while (const std::size_t size = tar->read(chunk)) {
      hasher.update(ByteView(chunk).first(size));
      total += size;
      in_turn += size;
      if (in_turn < kHashedInTurn) continue;
      in_turn = 0;
      co_await asio::post(asio::use_awaitable);
    }
    tree_->record = tar->take_record();
    const std::string layer = hasher.finish().str();
    config_ = dump_json({{"rootfs", {{"type", "layers"}, {"diff_ids", {layer}}}}});
    const Digest digest = Digest::sha256_of(as_bytes(config_));
    json manifest{{"schemaVersion", 2}, {"mediaType", media_types::kDockerManifest}};
    manifest["config"] = {{"mediaType", media_types::kDockerConfig}, {"digest", digest.str()}, {"size", config_.size()}};
    manifest["layers"] = json::array({{{"mediaType", media_types::kDockerLayerTar}, {"digest", layer}, {"size", total}}});
    auto document = parse_manifest(dump_json(manifest), "", digest);
    if (!document) co_return document.error();
    document->diagnostics = tar->problems();
    document_ = *std::move(document);
    co_return Result<void>();
  }

  std::shared_ptr<Tree> tree_;
  std::string config_;
  std::optional<ManifestDocument> document_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_folder(std::string path) {
  auto readable = FileTree::open(path);
  if (!readable) return readable.error().with_context("cannot open the folder " + landwaiter::quoted(path));
  return std::unique_ptr<ImageSource>(std::make_unique<FolderSource>(std::move(path)));
}

}  // namespace landwaiter::registry
