// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/image_name.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>

using namespace landwaiter;
using namespace landwaiter::daemon;
using namespace landwaiter::test;

namespace {

/// Names in the current folder are looked up there.
class InFolder {
 public:
  explicit InFolder(const std::filesystem::path& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  ~InFolder() { std::filesystem::current_path(before_); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  std::filesystem::path before_;
};

ImageKind kind_of(const std::string& text) {
  INFO(text);
  const auto name = parse_image_name(text);
  if (!name) INFO(name.error().message());
  REQUIRE(name.has_value());
  return name->kind;
}

std::string refusal(const std::string& text) {
  INFO(text);
  const auto name = parse_image_name(text);
  REQUIRE(name.has_error());
  return name.error().message();
}

}  // namespace

TEST_CASE("a prefix says where an image is", "[image_name]") {
  CHECK(kind_of("oci:dir:1") == ImageKind::layout);
  CHECK(kind_of("oci-archive:a.tar") == ImageKind::oci_archive);
  CHECK(kind_of("docker-archive:a.tar:x:1") == ImageKind::docker_archive);
  CHECK(kind_of("dir:/etc") == ImageKind::folder);
  CHECK(kind_of("docker-daemon:nginx:1") == ImageKind::docker_daemon);
  CHECK(kind_of("containerd:sha256:00") == ImageKind::containerd);
  for (const char* text : {"nginx", "nginx:1.4", "docker://nginx", "localhost:5000/a:1", "https://h/a", "http://h/a", "docker:dind",
                           "dri:latest", "registry:2", "oc:1", "docker-archive/x", "containerd-archive:5000/x"})
    CHECK(kind_of(text) == ImageKind::remote);
  CHECK(parse_image_name("docker-archive:a:b")->rest == "a:b");
}

TEST_CASE("a mistyped prefix is no name for Docker Hub", "[image_name]") {
  CHECK(refusal("dokcer-archive:x").find("did you mean docker-archive:?") != std::string::npos);
  CHECK(refusal("docker-archve:x.tar:shop:1").find("docker-archive:") != std::string::npos);
  CHECK(refusal("docker_archive:x").find("docker-archive:") != std::string::npos);
  CHECK(refusal("Docker-Archive:x").find("docker-archive:") != std::string::npos);
  CHECK(refusal("oci-archiv:x").find("oci-archive:") != std::string::npos);
  CHECK(refusal("docker-deamon:nginx").find("docker-daemon:") != std::string::npos);
  CHECK(refusal("conatinerd:sha256").find("containerd:") != std::string::npos);
  CHECK(refusal("oic:own:nginx").find("oci:") != std::string::npos);

  CHECK(refusal("dokcer://host/x").find("docker://") != std::string::npos);
  CHECK(refusal("file:///tmp/x.tar").find("by its path") != std::string::npos);
  CHECK(refusal("ftp://me:secret@host/x").find("secret") == std::string::npos);
  TempDir folder;
  const InFolder here(folder.path());
  std::filesystem::create_directory("etc");
  CHECK(refusal("dri:etc").find("dir:") != std::string::npos);
}

TEST_CASE("a registry or a prefix alone is no image", "[image_name]") {
  for (const char* text : {"registry.example.com:5000", "localhost:5000", "127.0.0.1:5000"})
    CHECK(refusal(text).find("--registry") != std::string::npos);
  for (const char* text : {"docker-archive", "oci", "dir"}) CHECK(refusal(text).find(std::string(text) + ":") != std::string::npos);
  for (const char* text : {"nginx:5000", "docker://localhost:5000", "localhost:latest", "shop/a.b:5000"})
    CHECK(kind_of(text) == ImageKind::remote);
}

TEST_CASE("a path is a path, whether or not an image could have its name", "[image_name]") {
  TempDir folder;
  const InFolder here(folder.path());
  write_file("own.tar", "x");
  write_file("shop:1.4", "x");
  std::filesystem::create_directories("layout");
  write_file("layout/oci-layout", "{}");
  std::filesystem::create_directories("plain");
  for (const char* text :
       {"own.tar", "./own.tar", "own.tar:shop:1", "-", "-:shop:1", ".", "layout", "layout:1", "plain", "./plain", "shop:1.4"})
    CHECK(kind_of(text) == ImageKind::path);
  CHECK(kind_of((folder / "own.tar").string()) == ImageKind::path);
  CHECK(parse_image_name("own.tar")->note.find("docker://own.tar") != std::string::npos);
  CHECK(parse_image_name("plain")->note.find("docker://plain") != std::string::npos);
  CHECK(parse_image_name("./own.tar")->note.empty());
  // Beside the source of an image lies its folder.
  CHECK(kind_of("plain:1.4") == ImageKind::remote);
  CHECK(kind_of("docker://plain") == ImageKind::remote);
  CHECK(refusal("./none").find("no file or folder") != std::string::npos);
  CHECK(refusal("/none/at/all.tar").find("no file or folder") != std::string::npos);
  CHECK(refusal("none.tar").find("no file") != std::string::npos);
  CHECK(refusal("tarball:own.tar").find("by its path") != std::string::npos);
  CHECK(refusal("Own.tar").find("docker://") == std::string::npos);
  CHECK(refusal("build/none.tar.gz").find("no file") != std::string::npos);
}
