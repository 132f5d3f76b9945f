// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/systemd.hpp"

#include <systemd/sd-daemon.h>

namespace landwaiter::daemon {

// A lost notification is no reason to stop: systemd's watchdog will react.
void SystemdHost::ready() { sd_notify(0, "READY=1"); }
void SystemdHost::alive(const std::string& status) { sd_notify(0, ("WATCHDOG=1\nSTATUS=" + status).c_str()); }
void SystemdHost::stopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace landwaiter::daemon
