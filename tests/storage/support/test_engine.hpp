// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "storage/database/database.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {

/// A place of its own in a real PostgreSQL server, which starts with the first of them and ends with the program: throws if it cannot.
Secret fresh_postgres_address();

/// An engine that what is written for all of them is tested with.
struct TestEngine {
  std::string name;
  /// An empty database, and more connections to the same. Throw if they cannot be had.
  std::function<std::function<std::unique_ptr<storage::Database>()>()> fresh;

  std::unique_ptr<storage::Database> fresh_database() const { return fresh()(); }
};

const std::vector<TestEngine>& test_engines();
/// The one that LANDWAITER_TEST_ENGINE names; SQLite without it.
const TestEngine& test_engine();

}  // namespace landwaiter::test
