// SPDX-License-Identifier: Apache-2.0
#include "core/base/secret.hpp"

#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// A list or an atom of an S-expression, in the canonical form (`3:rsa`) and the advanced one (`rsa`, `"NIST P-256"`, `#00A7#`):
/// Libgcrypt's forms, those of RFC 9804 without display hints and base64. Atoms may be private: they are wiped.
struct SExpression {
  bool list = false;
  WipedBytes atom;
  std::vector<SExpression> items;

  std::string_view text() const { return as_text(atom.view()); }
  /// The list among the items that starts with this atom.
  const SExpression* find(std::string_view name) const;
  /// The atom after the name in `(name atom)`; empty if there is none.
  ByteView value(std::string_view name) const;
};

/// The list at the front of `bytes`. `size` is set to its length. Bounded in depth and in the number of items.
std::optional<SExpression> read_s_expression(ByteView bytes, std::size_t& size);

}  // namespace landwaiter::detectors
