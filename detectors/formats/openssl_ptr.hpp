// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace landwaiter::detectors {

/// A deleter that calls one of OpenSSL's free functions: `std::unique_ptr<X509, OpensslFree<X509_free>>`.
template <auto function>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};

}  // namespace landwaiter::detectors
