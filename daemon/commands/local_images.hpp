// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "daemon/commands/image_name.hpp"
#include "daemon/settings/config.hpp"
#include "registry/client/image_source.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// An image as the user named it, opened.
struct Target {
  std::string name;  ///< for reports: the same for one image, however it was spelled
  std::shared_ptr<registry::ImageSource> source;
  std::string reference;   ///< for ImageSource::manifest: a tag, a digest, or "" for the image that a local source was opened for
  std::string repository;  ///< empty for local sources
  std::string tag;
};

/// Opens the images that are on this machine.
class LocalImages {
 public:
  LocalImages(std::string containerd_root, Environment environment)
      : containerd_root_(std::move(containerd_root)), environment_(std::move(environment)) {}

  /// Takes images that come once, from pipes, standard input and daemons, and keeps them for open(). Returns when they have ended.
  void receive(const std::vector<std::string>& images);
  /// An image of any kind but remote; `text` is its name as the user wrote it. Errors: invalid_argument, not_found, io, the sources'.
  Result<Target> open(const ImageName& image, const std::string& text);

 private:
  using Stream = Result<std::shared_ptr<const SeekableFile>>;
  void receive_archive(const std::string& rest);
  Result<Target> open_archive(const ImageName& image, const std::string& text);
  Result<Target> open_received(const ImageName& image, const std::string& text);

  std::string containerd_root_;
  Environment environment_;
  std::map<std::string, Stream> streams_;   ///< by path
  std::map<std::string, Stream> received_;  ///< from a daemon, by name
};

}  // namespace landwaiter::daemon
