// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// One key of WireGuard in a configuration of wg(8), systemd.netdev(5) or NetworkManager: private, preshared or a peer's public one. The
/// hit ends with the 44 characters of its base64. Only within a WireGuard section: "[Interface]", "[Peer]", "[WireGuard]",
/// "[WireGuardPeer]", "[wireguard]", "[wireguard-peer.<key>]".
void inspect_wireguard_key(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
