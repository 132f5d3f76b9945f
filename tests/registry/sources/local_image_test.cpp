// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/local_image.hpp"
#include "core/base/json.hpp"
#include "registry/sources/containerd.hpp"
#include "registry/sources/folder.hpp"
#include "registry/sources/folder_tar.hpp"
#include "registry/sources/tar_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

template <class T>
T run_one(boost::asio::awaitable<T> operation) {
  boost::asio::io_context io;
  return run_awaitable(io, std::move(operation));
}

void run_tool(std::vector<std::string> argv) {
  ProcessOptions options;
  options.argv = std::move(argv);
  run_checked(std::move(options));
}

boost::asio::awaitable<Result<std::string>> drain(ImageSource& source, Descriptor descriptor) {
  auto reader = co_await source.open_blob(descriptor);
  if (!reader) co_return reader.error();
  std::string out;
  std::vector<std::uint8_t> chunk(1000);
  while (true) {
    auto size = co_await (*reader)->read(chunk);
    if (!size) co_return size.error();
    if (*size == 0) co_return out;
    out.append(reinterpret_cast<const char*>(chunk.data()), *size);
  }
}

BuiltImage make_layout(const std::filesystem::path& folder) {
  return ImageBuilder().layer({{"a", std::string(5000, 'a')}}).write(folder, "1");
}

void move_blobs(const std::filesystem::path& layout, const std::filesystem::path& root) {
  const auto store = root / "io.containerd.content.v1.content";
  std::filesystem::create_directories(store);
  std::filesystem::rename(layout / "blobs", store / "blobs");
}

void check_blob(const std::filesystem::path& root, const Digest& digest, bool keep) {
  const auto blob = root / "io.containerd.content.v1.content" / "blobs" / "sha256" / std::string(digest.hex());
  REQUIRE(std::filesystem::exists(blob));
  if (!keep) std::filesystem::remove(blob);
}

}  // namespace

TEST_CASE("an image's kind is told by its content", "[local]") {
  TempDir folder;
  const std::string layout = (folder / "layout").string(), docker = (folder / "docker.tar").string(), oci = (folder / "oci").string();
  make_layout(layout);
  run_tool({"skopeo", "copy", "--quiet", "oci:" + layout + ":1", "docker-archive:" + docker + ":shop/web:1"});
  run_tool({"skopeo", "copy", "--quiet", "oci:" + layout + ":1", "oci-archive:" + oci + ":1"});
  run_tool({"gzip", "-k", docker});
  run_tool({"zstd", "-q", "-k", oci});
  const auto prefix = [](const std::string& path) {
    INFO(path);
    auto image = open_local_image(path, "");
    REQUIRE(image.has_value());
    CHECK(run_one(image->source->manifest("")).has_value());
    return image->prefix;
  };
  CHECK(prefix(layout) == "oci:");
  CHECK(prefix(docker) == "docker-archive:");
  CHECK(prefix(docker + ".gz") == "docker-archive:");
  CHECK(prefix(oci) == "oci-archive:");
  CHECK(prefix(oci + ".zst") == "oci-archive:");
  CHECK(open_local_image(docker, "shop/web:1").has_value());
  CHECK(open_local_image(docker, "shop/web:2").error().code() == ErrorCode::not_found);
}

TEST_CASE("what is no image is told with what to do", "[local]") {
  TempDir folder;
  std::filesystem::create_directories(folder / "plain" / "etc");
  write_file(folder / "text", "no archive");
  write_file(folder / "empty", "");
  run_tool({"tar", "-C", (folder / "plain").string(), "-cf", (folder / "files.tar").string(), "."});
  const auto said = [&](const char* name) {
    auto image = open_local_image((folder / name).string(), "");
    REQUIRE(image.has_error());
    return image.error().message();
  };
  CHECK(said("plain").find("dir:" + (folder / "plain").string()) != std::string::npos);
  CHECK(said("text").find("cannot read the archive") != std::string::npos);
  CHECK(said("empty").find("is empty") != std::string::npos);
  CHECK(said("files.tar").find("docker import") != std::string::npos);
  CHECK(said("none").find("No such file") != std::string::npos);
}

TEST_CASE("a tree of files is an image of one layer", "[local]") {
  TempDir folder;
  const std::string long_name(180, 'n');
  std::filesystem::create_directories(folder / "tree" / "etc" / long_name);
  write_file(folder / "tree" / "etc" / "key", "secret");
  write_file(folder / "tree" / "etc" / long_name / "long", std::string(1'000'000, 'x'));
  write_file(folder / "tree" / "etc" / "\xff\xfe", "bytes");
  std::filesystem::create_symlink(std::string(150, 't'), folder / "tree" / "link");
  std::filesystem::create_hard_link(folder / "tree" / "etc" / "key", folder / "tree" / "same");
  const std::string path = (folder / "tree").string();
  auto source = open_folder(path);
  REQUIRE(source.has_value());
  const auto document = run_one((*source)->manifest(""));
  REQUIRE(document.has_value());
  CHECK(document->diagnostics.empty());
  REQUIRE(document->image->layers.size() == 1);
  const Descriptor& layer = document->image->layers.front();
  const auto tar = run_one(drain(**source, layer));
  REQUIRE(tar.has_value());
  CHECK(tar->size() == layer.size_bytes);
  CHECK(Digest::sha256_of(as_bytes(*tar)) == layer.digest);
  CHECK(run_one((*source)->small_blob(document->image->config)).has_value());

  write_file(folder / "out.tar", *tar);
  auto read = TarFile::open((folder / "out.tar").string());
  REQUIRE(read.has_value());
  CHECK(read->read("etc/key", 100).value() == "secret");
  CHECK(read->read("same", 100).value() == "secret");
  CHECK(read->size("etc/" + long_name + "/long").value() == 1'000'000);
  CHECK(read->read("etc/\xff\xfe", 100).value() == "bytes");
  std::filesystem::create_directory(folder / "unpacked");
  run_tool({"tar", "-C", (folder / "unpacked").string(), "-xf", (folder / "out.tar").string()});
  CHECK(std::filesystem::read_symlink(folder / "unpacked" / "link") == std::string(150, 't'));

  // The same content is the same image, wherever it is and whenever it was written.
  run_tool({"cp", "-r", "--preserve=mode,links", path, (folder / "copy").string()});
  auto copy = open_folder((folder / "copy").string());
  REQUIRE(copy.has_value());
  CHECK(run_one((*copy)->manifest("")).value().digest == document->digest);
  write_file(folder / "copy" / "etc" / "key", "Secret");
  auto other = open_folder((folder / "copy").string());
  CHECK(run_one((*other)->manifest("")).value().digest != document->digest);
}

TEST_CASE("a tree that changes between its two readings is read again without what changed", "[local]") {
  TempDir folder;
  write_file(folder / "a", "before");
  write_file(folder / "b", "stays");
  auto source = open_folder(folder.path().string());
  REQUIRE(source.has_value());
  const auto document = run_one((*source)->manifest(""));
  REQUIRE(document.has_value());
  CHECK_FALSE((*source)->outdated());
  write_file(folder / "a", "after!");
  const auto tar = run_one(drain(**source, document->image->layers.front()));
  REQUIRE(tar.has_error());
  CHECK(tar.error().code() == ErrorCode::io);
  CHECK(tar.error().message().find("changed while it was read") != std::string::npos);
  REQUIRE((*source)->outdated());

  const auto now = run_one((*source)->manifest(""));
  REQUIRE(now.has_value());
  CHECK_FALSE((*source)->outdated());
  REQUIRE(now->diagnostics.size() == 1);
  CHECK(now->diagnostics.front().path == "a");
  CHECK(now->diagnostics.front().effect == Effect::incomplete);
  write_file(folder / "a", "and again");
  const auto rest = run_one(drain(**source, now->image->layers.front()));
  REQUIRE(rest.has_value());
  CHECK(rest->find("stays") != std::string::npos);
  CHECK(rest->find("again") == std::string::npos);

  // A file that is new is one that changed; one that has gone is not told.
  write_file(folder / "c", "new");
  CHECK(run_one(drain(**source, now->image->layers.front())).has_error());
  CHECK(run_one((*source)->manifest("")).value().diagnostics.size() == 2);
  std::filesystem::remove(folder / "b");
  const auto before = run_one((*source)->manifest(""));
  CHECK(run_one(drain(**source, before->image->layers.front())).has_error());
  CHECK(run_one((*source)->manifest("")).value().diagnostics.size() == 2);

  CHECK(open_folder((folder / "none").string()).error().code() == ErrorCode::not_found);
  CHECK(open_folder((folder / "a").string()).error().code() == ErrorCode::io);
}

TEST_CASE("an image of containerd is read by its digest", "[local]") {
  TempDir folder;
  const BuiltImage one = make_layout(folder / "layout");
  const BuiltImage two = ImageBuilder().layer({{"b", "b"}}).platform("linux/arm64").write(folder / "layout", "2");
  const Digest index = write_index(folder / "layout", "all", {one, two});
  move_blobs(folder / "layout", folder / "root");
  const std::string root = (folder / "root").string();
  for (const std::string& name : {one.manifest.str(), std::string(one.manifest.hex()), "docker.io/library/web:1@" + one.manifest.str()}) {
    INFO(name);
    auto source = open_containerd(root, name);
    REQUIRE(source.has_value());
    CHECK((*source)->display_name() == "containerd:" + one.manifest.str());
    const auto document = run_one((*source)->manifest(""));
    REQUIRE(document.has_value());
    CHECK(document->digest == one.manifest);
    CHECK(run_one(drain(**source, document->image->layers.front())).has_value());
  }
  // Of an index, what was pulled.
  check_blob(folder / "root", two.manifest, false);
  auto several = open_containerd(root, index.str());
  REQUIRE(several.has_value());
  const auto document = run_one((*several)->manifest(""));
  REQUIRE(document.has_value());
  REQUIRE(document->index.has_value());
  REQUIRE(document->index->manifests.size() == 1);
  CHECK(document->index->manifests.front().digest == one.manifest);
  check_blob(folder / "root", one.layers.front(), false);
  Descriptor layer;
  layer.digest = one.layers.front();
  CHECK(run_one(drain(**several, layer)).error().message().find("discard_unpacked_layers") != std::string::npos);

  const auto by_name = open_containerd(root, "docker.io/library/nginx:1");
  REQUIRE(by_name.has_error());
  CHECK(by_name.error().message().find("images ls") != std::string::npos);
  CHECK(open_containerd((folder / "none").string(), one.manifest.str()).error().message().find("--containerd-root") != std::string::npos);
}
