// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/version_command.hpp"

#include "daemon/commands/build_commit.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/output/output.hpp"
#include "daemon/output/table.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/walk/library_versions.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <openssl/crypto.h>
#include <sodium.h>
#include <boost/version.hpp>

namespace landwaiter::daemon {

Result<std::string> version_text() {
  auto engine = detectors::Engine::create({});
  if (!engine) return engine.error();
  const std::string commit = build_commit();
  std::string out = "landwaiter " LANDWAITER_VERSION + (commit.empty() ? "" : " (commit " + commit + ")") + "\n";
  Table table({"compiler", __VERSION__});
  table.add({"OpenSSL", OpenSSL_version(OPENSSL_FULL_VERSION_STRING)});
  table.add({"SQLite", storage::sqlite_version()});
  for (const auto& [name, version] : detectors::library_versions()) table.add({name, version});
  table.add({"libsodium", sodium_version_string()});
  table.add({"Boost", BOOST_LIB_VERSION});
  for (const AnalysisState& each : (*engine)->states()) table.add({std::string(to_string(each.analysis)), each.state.str()});
  table.add({"walker", (*engine)->walker().str()});
  return out + table.render();
}

int run_version() {
  auto text = version_text();
  if (!text) return fail_usage(text.error());
  auto written = write_output({}, *text);
  return written ? exit_done : fail_usage(written.error());
}

}  // namespace landwaiter::daemon
