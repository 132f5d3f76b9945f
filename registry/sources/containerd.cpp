// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/containerd.hpp"

#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "registry/sources/oci_layout.hpp"

namespace landwaiter::registry {
namespace {

constexpr const char* kStore = "/io.containerd.content.v1.content";

/// Of NAME@DIGEST, DIGEST, or the digest's digits alone.
Result<Digest> digest_in(const std::string& name) {
  const std::string text = name.substr(name.rfind('@') + 1);
  auto digest = Digest::parse(text);
  if (!digest) digest = Digest::parse("sha256:" + text);
  if (digest) return digest;
  return Error(ErrorCode::invalid_argument,
               "containerd:" + printable(name) +
                   ": containerd keeps names in a database that is not read; give the digest, which `ctr --namespace k8s.io images ls` (or "
                   "--namespace default, moby) prints: containerd:sha256:...");
}

}  // namespace

Result<std::unique_ptr<ImageSource>> open_containerd(const std::string& root, const std::string& name) {
  const auto digest = digest_in(name);
  if (!digest) return digest.error();
  const std::string store = root + kStore;
  auto folder = ForeignFolder::open(store);
  if (!folder) {
    const std::string what = "cannot open containerd's content store " + landwaiter::quoted(store);
    const bool missing = folder.error().code() == ErrorCode::not_found;
    return Error(folder.error().code(), what + ": " + folder.error().message() +
                                            (missing ? "; --containerd-root names the folder of another containerd, such as "
                                                       "/var/lib/rancher/k3s/agent/containerd"
                                                     : "; mostly only root may read it"));
  }
  return open_blob_folder(store, *std::move(folder), *digest, "containerd");
}

}  // namespace landwaiter::registry
