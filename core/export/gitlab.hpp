// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/export.hpp"

#include <memory>

namespace landwaiter::exports {

/// A Code Quality report as GitLab documents it for tools of any kind: a list with an entry for each issue of at least low severity, at the
/// first place of its finding. What is accepted is left out, as the format cannot say so. An image that could not be read is an entry of
/// the worst severity; a search that ended early, and what was not opened, are entries too.
std::unique_ptr<DocumentWriter> gitlab_writer();

}  // namespace landwaiter::exports
