// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"
#include "core/report/image_config.hpp"
#include "registry/client/image_source.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/oci_layout.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run_awaitable.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;
using nlohmann::json;

namespace {

template <class T>
T run_one(boost::asio::awaitable<T> operation) {
  boost::asio::io_context io;
  return run_awaitable(io, std::move(operation));
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

/// Everything an image source must give back of a built image.
void check_image(ImageSource& source, const BuiltImage& image, const std::string& reference) {
  auto document = run_one(source.manifest(reference));
  REQUIRE(document.has_value());
  CHECK(document->digest == image.manifest);
  REQUIRE(document->image.has_value());
  REQUIRE(document->image->layers.size() == image.layers.size());
  auto config = run_one(source.small_blob(document->image->config));
  REQUIRE(config.has_value());
  CHECK(parse_image_config(*config)->diff_ids == image.diff_ids);
  for (const Descriptor& layer : document->image->layers) {
    auto bytes = run_one(drain(source, layer));
    REQUIRE(bytes.has_value());
    CHECK(bytes->size() == layer.size_bytes);
    CHECK(Digest::sha256_of(as_bytes(*bytes)) == layer.digest);
  }
}

ImageBuilder two_layers() { return ImageBuilder().layer({{"a", std::string(5000, 'a')}}).layer({{"b", "bb"}}, Compression::none); }

void tar_up(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& flags) {
  ProcessOptions options;
  options.argv = {"tar", flags, to.string(), "-C", from.string(), "."};
  run_checked(std::move(options));
}

ErrorCode code_of(const Result<std::unique_ptr<ImageSource>>& result) {
  REQUIRE(result.has_error());
  INFO(result.error().message());
  return result.error().code();
}

}  // namespace

TEST_CASE("an OCI layout is read from its folder", "[local]") {
  TempDir folder;
  const auto image = two_layers().write(folder / "l", "1");
  auto only = open_oci_layout((folder / "l").string(), "");
  REQUIRE(only.has_value());
  check_image(**only, image, "");
  check_image(**only, image, image.manifest.str());

  const auto other = two_layers().label("other").write(folder / "l", "2");
  auto second = open_oci_layout((folder / "l").string(), "2");
  REQUIRE(second.has_value());
  check_image(**second, other, "");
  auto unclear = open_oci_layout((folder / "l").string(), "");
  REQUIRE(unclear.has_value());
  CHECK(run_one((*unclear)->manifest("")).error().code() == ErrorCode::invalid_argument);
  CHECK(run_one((*unclear)->manifest("3")).error().code() == ErrorCode::not_found);
  CHECK(code_of(open_oci_layout((folder / "none").string(), "")) == ErrorCode::not_found);
}

TEST_CASE("an OCI layout cannot lead out of its folder, and its documents are proven", "[local]") {
  TempDir folder;
  const auto image = two_layers().write(folder / "l", "1");
  auto source = open_oci_layout((folder / "l").string(), "");
  REQUIRE(source.has_value());
  auto document = run_one((*source)->manifest(""));
  REQUIRE(document.has_value());

  const auto blob = folder.path() / "l/blobs/sha256" / image.layers[0].hex();
  std::filesystem::remove(blob);
  write_file(folder / "outside", "secret");
  std::filesystem::create_symlink(folder / "outside", blob);
  CHECK(run_one(drain(**source, document->image->layers[0])).error().code() == ErrorCode::io);
  write_file(folder.path() / "l/blobs/sha256" / image.config.hex(), "{}");
  CHECK(run_one((*source)->small_blob(document->image->config)).error().code() == ErrorCode::digest_mismatch);
  write_file(folder.path() / "l/blobs/sha256" / image.manifest.hex(), "{}");
  CHECK(run_one((*source)->manifest("")).error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("an index with more values than archives have images is refused", "[local]") {
  TempDir folder;
  two_layers().write(folder / "l", "1");
  std::string zeros = "0";
  for (int i = 0; i < 200'000; ++i) zeros += ",0";
  write_file(folder / "l/index.json", "{\"manifests\":[" + zeros + "]}");
  CHECK(code_of(open_oci_layout((folder / "l").string(), "")) == ErrorCode::limit_exceeded);
}

TEST_CASE("an OCI archive is read in place, compressed or not", "[local]") {
  TempDir folder;
  const auto image = two_layers().write(folder / "l", "1");
  for (const char* flags : {"-cf", "-czf"}) {
    INFO(flags);
    tar_up(folder / "l", folder / "a.tar", flags);
    auto source = open_oci_archive((folder / "a.tar").string(), "1");
    REQUIRE(source.has_value());
    check_image(**source, image, "");
  }
  write_file(folder / "no.tar", std::string(5000, 'x'));
  CHECK(code_of(open_oci_archive((folder / "no.tar").string(), "")) == ErrorCode::malformed);
  CHECK(code_of(open_oci_archive((folder / "gone.tar").string(), "")) == ErrorCode::not_found);
  CHECK(code_of(open_oci_archive(folder.path().string(), "")) == ErrorCode::io);
}

TEST_CASE("a docker archive made by skopeo is read", "[local]") {
  TempDir folder;
  const auto image = two_layers().write(folder / "l", "1");
  ProcessOptions copy;
  copy.argv = {"skopeo",
               "--insecure-policy",
               "copy",
               "--quiet",
               "oci:" + (folder / "l").string() + ":1",
               "docker-archive:" + (folder / "d.tar").string() + ":example/app:1"};
  run_checked(std::move(copy));
  for (const char* reference : {"", "example/app:1"}) {
    auto source = open_docker_archive((folder / "d.tar").string(), reference);
    REQUIRE(source.has_value());
    auto document = run_one((*source)->manifest(""));
    REQUIRE(document.has_value());
    CHECK(document->digest == document->image->config.digest);
    REQUIRE(document->image->layers.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(document->image->layers[i].digest == image.diff_ids[i]);
      auto bytes = run_one(drain(**source, document->image->layers[i]));
      REQUIRE(bytes.has_value());
      CHECK(Digest::sha256_of(as_bytes(*bytes)) == image.diff_ids[i]);
    }
    auto config = run_one((*source)->small_blob(document->image->config));
    REQUIRE(config.has_value());
    CHECK(Digest::sha256_of(as_bytes(*config)) == document->digest);
  }
  CHECK(code_of(open_docker_archive((folder / "d.tar").string(), "example/app:2")) == ErrorCode::not_found);
}

TEST_CASE("links in a docker archive are followed inside it only", "[local]") {
  TempDir folder;
  const std::string tar = make_tar({{"f", "x"}});
  const std::string diff_id = Digest::sha256_of(as_bytes(tar)).str();
  const std::string config = json{{"os", "linux"}, {"architecture", "amd64"}, {"rootfs", {{"diff_ids", {diff_id}}}}}.dump();
  const auto archive = [&](const std::string& target) {
    const json manifest = json::array({{{"Config", "c.json"}, {"RepoTags", nullptr}, {"Layers", {"one/layer.tar"}}}});
    write_file(folder / "d.tar", make_tar({{"c.json", config},
                                           {"two/layer.tar", tar},
                                           {"one/layer.tar", "", EntryType::symlink, target},
                                           {"loop", "", EntryType::symlink, "loop"},
                                           {"manifest.json", manifest.dump()}}));
    return open_docker_archive((folder / "d.tar").string(), "");
  };
  auto good = archive("../two/layer.tar");
  REQUIRE(good.has_value());
  auto document = run_one((*good)->manifest(""));
  auto bytes = run_one(drain(**good, document->image->layers.at(0)));
  REQUIRE(bytes.has_value());
  CHECK(*bytes == tar);
  CHECK(code_of(archive("../../etc/passwd")) == ErrorCode::not_found);
  CHECK(code_of(archive("/etc/passwd")) == ErrorCode::not_found);
  CHECK(code_of(archive("../loop")) == ErrorCode::malformed);
}

TEST_CASE("layers of a docker archive may be compressed, and are proven by their diff_id", "[local]") {
  TempDir folder;
  const std::string tar = make_tar({{"f", std::string(300'000, 'x')}});
  const std::string other = make_tar({{"g", "y"}});
  const auto open = [&](const std::vector<std::string>& blobs, const std::vector<std::string>& tars) {
    json diff_ids = json::array(), names = json::array();
    std::vector<LayerEntry> members;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      diff_ids.push_back(Digest::sha256_of(as_bytes(tars[i])).str());
      names.push_back(std::to_string(i) + ".tar.gz");
      members.push_back({names.back().get<std::string>(), blobs[i]});
    }
    const std::string config = json{{"os", "linux"}, {"architecture", "amd64"}, {"rootfs", {{"diff_ids", diff_ids}}}}.dump();
    members.push_back({"config.json", config});
    members.push_back({"manifest.json", json::array({{{"Config", "config.json"}, {"RepoTags", nullptr}, {"Layers", names}}}).dump()});
    write_file(folder / "d.tar", make_tar(members));
    return open_docker_archive((folder / "d.tar").string(), "").value();
  };
  const std::string gz = compress(tar, Compression::gzip), zst = compress(other, Compression::zstd);
  auto source = open({gz, zst, tar, gz}, {tar, other, tar, tar});
  auto document = run_one(source->manifest(""));
  REQUIRE(document.has_value());
  const std::vector<std::string> expected{gz, zst, tar, gz};
  REQUIRE(document->image->layers.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Descriptor& layer = document->image->layers[i];
    CHECK(layer.digest == Digest::sha256_of(as_bytes(expected[i])));
    CHECK(layer.size_bytes == expected[i].size());
    CHECK(run_one(drain(*source, layer)).value() == expected[i]);
  }

  const auto code = [&](const std::vector<std::string>& blobs, const std::vector<std::string>& tars) {
    auto opened = open(blobs, tars);
    return run_one(opened->manifest("")).error().code();
  };
  CHECK(code({compress(other, Compression::gzip)}, {tar}) == ErrorCode::digest_mismatch);
  CHECK(code({gz.substr(0, gz.size() / 2)}, {tar}) != ErrorCode::internal);
  CHECK(code({std::string("\xfd\x37zXZ\0", 6) + tar}, {tar}) == ErrorCode::unsupported);
}

TEST_CASE("of several images in a docker archive one is chosen by name or digest", "[local]") {
  TempDir folder;
  const std::string tar = make_tar({{"f", "x"}});
  const auto config = [&](const char* os) {
    return json{{"os", os}, {"architecture", "amd64"}, {"rootfs", {{"diff_ids", {Digest::sha256_of(as_bytes(tar)).str()}}}}}.dump();
  };
  const std::string one = config("linux"), two = config("plan9");
  const std::string id_two = Digest::sha256_of(as_bytes(two)).str();
  const std::string name_one = "blobs/sha256/" + Digest::sha256_of(as_bytes(one)).str().substr(7), name_two = id_two.substr(7) + ".json";
  const json manifest = json::array({{{"Config", name_one}, {"RepoTags", {"shop/web:1", "shop/web:2"}}, {"Layers", {"l.tar"}}},
                                     {{"Config", name_two}, {"RepoTags", nullptr}, {"Layers", {"l.tar"}}}});
  const std::string file = (folder / "d.tar").string();
  write_file(file, make_tar({{name_one, one}, {name_two, two}, {"l.tar", tar}, {"manifest.json", manifest.dump()}}));
  const auto unclear = open_docker_archive(file, "");
  CHECK(code_of(unclear) == ErrorCode::invalid_argument);
  for (const std::string& part : {std::string("shop/web:1 = shop/web:2"), id_two})
    CHECK(unclear.error().message().find(part) != std::string::npos);
  CHECK(run_one(open_docker_archive(file, "shop/web:2").value()->manifest(""))->digest == Digest::sha256_of(as_bytes(one)));
  CHECK(run_one(open_docker_archive(file, id_two).value()->manifest(""))->digest.str() == id_two);
  CHECK(code_of(open_docker_archive(file, "sha256:" + std::string(64, '0'))) == ErrorCode::not_found);
}

TEST_CASE("the wrong prefix is told the right one", "[local]") {
  TempDir folder;
  two_layers().write(folder / "l", "1");
  tar_up(folder / "l", folder / "oci.tar", "-cf");
  write_file(folder / "docker.tar", make_tar({{"manifest.json", "[]"}}));
  const auto says = [](const Result<std::unique_ptr<ImageSource>>& result, const std::string& advice) {
    REQUIRE(result.has_error());
    INFO(result.error().message());
    CHECK(result.error().message().find(advice) != std::string::npos);
  };
  const std::string layout = (folder / "l").string(), oci = (folder / "oci.tar").string(), docker = (folder / "docker.tar").string();
  says(open_oci_layout(oci, ""), "is read as oci-archive:" + oci);
  says(open_oci_layout(docker, ""), "is read as docker-archive:" + docker);
  says(open_oci_archive(layout, ""), "is read as oci:" + layout);
  says(open_docker_archive(layout, ""), "is read as oci:" + layout);
  says(open_oci_archive(docker, ""), "is read as docker-archive:" + docker);
  says(open_docker_archive(oci, ""), "is read as oci-archive:" + oci);
  write_file(folder / "files.tar", make_tar({{"etc/passwd", "x"}}));
  says(open_docker_archive((folder / "files.tar").string(), ""), "docker export");
  std::filesystem::create_directory(folder / "skopeo");
  write_file(folder / "skopeo/version", "");
  write_file(folder / "skopeo/manifest.json", "{}");
  says(open_oci_layout((folder / "skopeo").string(), ""), "skopeo copy");
  write_file(folder / "empty.tar", "");
  says(open_docker_archive((folder / "empty.tar").string(), ""), "is empty");
}

TEST_CASE("an index of a layout names images by containerd's annotation as well", "[local]") {
  TempDir folder;
  const auto image = two_layers().write(folder / "l", "1");
  const auto other = two_layers().label("other").write(folder / "l", "2");
  const json index{
      {"schemaVersion", 2},
      {"manifests",
       {{{"digest", image.manifest.str()},
         {"annotations", {{"io.containerd.image.name", "docker.io/library/a:latest"}, {"org.opencontainers.image.ref.name", "latest"}}}},
        {{"digest", other.manifest.str()},
         {"annotations", {{"io.containerd.image.name", "r.example/b:latest"}, {"org.opencontainers.image.ref.name", "latest"}}}}}}};
  write_file(folder / "l/index.json", index.dump());
  const std::string layout = (folder / "l").string();
  const auto digest = [&](const std::string& name) { return run_one(open_oci_layout(layout, name).value()->manifest("")).value().digest; };
  CHECK(digest("a") == image.manifest);
  CHECK(digest("r.example/b:latest") == other.manifest);
  CHECK(digest(other.manifest.str()) == other.manifest);
  CHECK(run_one(open_oci_layout(layout, "latest").value()->manifest("")).error().code() == ErrorCode::invalid_argument);
}
