// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/place_options.hpp"

#include "daemon/settings/config.hpp"

namespace landwaiter::platform {

void PlaceOptions::add_to(daemon::Command& command) {
  command.begin_group("Place");
  command.add_option("--state", state_, "Folder of the database and keys (default: " + state_ + ")")->option_text("DIR");
  command
      .add_option(
          "--database", database_,
          "sqlite (the default: in the state folder) or postgresql://[USER@]HOST[:PORT]/NAME; leave the password to PGPASSFILE, since "
          "others on this machine see the command line")
      ->option_text("DATABASE")
      ->envname("LANDWAITER_DATABASE");
}

void PlaceOptions::add_reports_to(daemon::Command& command) {
  command
      .add_option("--reports", reports_.place,
                  "Where layer reports are kept: row (the default: in the database), a folder, or "
                  "s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&style=path|host]")
      ->option_text("PLACE")
      ->envname("LANDWAITER_REPORTS");
  command
      .add_option("--reports-credentials", reports_.credentials_file,
                  "Keys of the bucket, as AWS's tools have them; without it, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
      ->option_text("FILE");
  command.add_option("--reports-ca", reports_.ca_file, "Authorities that the bucket's server is trusted by, in PEM")->option_text("FILE");
}

void PlaceOptions::apply_to(PlatformConfig& config) {
  config.state_directory = state_;
  config.database = Secret(database_ == "sqlite" ? "" : database_);
  wipe(database_);
  config.reports = reports_;
  config.variables = daemon::process_environment();
}

}  // namespace landwaiter::platform
