// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

/// "10.0.0.0/8", "fd00::/8", or a single address.
class AddressRange {
 public:
  /// Errors: invalid_argument.
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const boost::asio::ip::address& address) const;

 private:
  boost::asio::ip::address network_;
  unsigned prefix_bits_ = 0;
};

/// A sensor needs two or three connections, and a site with hundreds of them may come from one address. Eight such peers are needed to
/// take all connections that there are.
inline constexpr std::size_t kConnectionsPerPeerMax = 512;

struct DoorConfig {
  /// What they say in X-Forwarded-For and X-Forwarded-Proto is believed.
  std::vector<AddressRange> trusted_proxies;
  std::size_t connections_max = limits::api_connections_max;
  /// Of one IPv4 address, or of one IPv6 network of 64 bits, which is what one customer has. Loopback and trusted proxies have no such
  /// limit; for callers behind a trusted proxy it is one of requests at once.
  std::size_t connections_per_peer_max = kConnectionsPerPeerMax;
};

/// The connections to a server: how many there may be, and who is given up for a newcomer. Lives on the io thread, in a shared_ptr,
/// which its seats hold, too.
class Door : public std::enable_shared_from_this<Door> {
 public:
  using Address = boost::asio::ip::address;

  explicit Door(DoorConfig config) : config_(std::move(config)) {}
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// One of a peer's places, given back at its end.
  class Place {
   public:
    Place(std::shared_ptr<Door> door, const Address& peer);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    std::shared_ptr<Door> door_;
    Address key_;
  };

  /// A connection, for as long as it lives.
  class Seat {
   public:
    Seat(std::shared_ptr<Door> door, const Address& peer);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    const Address& peer() const { return peer_; }
    /// How to end the connection.
    void on_close(std::function<void()> close);
    /// A connection that waits for a request may be given up.
    void waits(bool waits);
    /// It has sent a request with a valid token, so it is given up after those that have not.
    void known();
    bool is_known() const;

   private:
    friend class Door;
    std::shared_ptr<Door> door_;
    Address peer_;
    Place place_;
    std::function<void()> close_;
    std::list<Seat*>::iterator at_;
    bool waits_ = true;
    bool known_ = false;
    bool leaving_ = false;
  };

  /// Nothing if the peer has too many connections. If there are too many in all, the one that has waited longest is given up, those
  /// without a valid token first; nothing if all are busy.
  std::unique_ptr<Seat> enter(const Address& peer);
  /// A request that a trusted proxy passed on. Nothing if that caller has too many.
  std::unique_ptr<Place> pass_on(const Address& caller);
  /// False if all are busy.
  bool give_up_one();

  struct Caller {
    Address address;
    bool https = false;
  };
  /// Who sends the request: the peer, or whom a trusted proxy names.
  Caller caller(const Address& peer, bool over_tls, std::string_view forwarded_for, std::string_view forwarded_proto) const;
  bool trusts(const Address& peer) const;

  void close_waiting();
  void close_all();
  std::size_t connections() const { return seats_.size(); }

 private:
  bool has_place(const Address& peer) const;
  static void close(Seat& seat);

  DoorConfig config_;
  std::list<Seat*> seats_;  ///< those that have waited longest first
  std::size_t leaving_ = 0;
  std::map<Address, std::size_t> places_;
};

}  // namespace landwaiter::platform
