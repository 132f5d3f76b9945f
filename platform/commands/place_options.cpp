// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/place_options.hpp"

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

void PlaceOptions::apply_to(PlatformConfig& config) {
  config.state_directory = state_;
  config.database = Secret(database_ == "sqlite" ? "" : database_);
  wipe(database_);
}

}  // namespace landwaiter::platform
