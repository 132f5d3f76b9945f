// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// Texts of a config or manifest that are searched one by one; real documents have a few thousand.
inline constexpr std::size_t kDocumentTextsMax = 100'000;

/// Where in a JSON document a text stands. Valid during the visit only.
class TextPlace {
 public:
  /// As people name it: "env[3] (TLS_KEY)", "labels.maintainer", "history[7]", "container_config.cmd[2]"; empty for the document as a
  /// whole. `offset` is where in the text the thing meant begins. Nothing of what may be secret is shown: of a variable the name, and only
  /// when the thing meant is in its value; of members those names that look like names, and else their number.
  std::string str(std::size_t offset) const;

  /// The `data` of a manifest's config or layer: the blob itself in base64 (OCI image-spec, descriptor.md), which is read as such.
  bool is_embedded_blob() const;

 private:
  friend class TextVisitor;
  struct Step {
    bool list = false;
    std::size_t count = 0;  ///< members or entries so far, with the one meant
    std::string name;       ///< of the member
  };
  std::vector<Step> steps_;
  std::string_view text_;
  bool is_name_ = false;  ///< the text is a member's name
};

/// Calls `visit` for each text of a JSON document, members' names among them, each decoded. Members that come twice are visited twice,
/// whichever of them other readers see. Errors, after the texts before the place concerned were visited: malformed; limit_exceeded for
/// more than `texts_max` texts, for nesting deeper than limits::json_depth_max, and if the thread's WorkMeter is spent.
Result<void> visit_texts(std::string_view document, std::size_t texts_max,
                         const std::function<void(std::string_view text, const TextPlace& place)>& visit);

}  // namespace landwaiter::detectors
