// SPDX-License-Identifier: Apache-2.0
#include "platform/http/door.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace landwaiter::platform {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;
using boost::asio::ip::make_address;

constexpr std::size_t kIpv6NetworkBytes = 8;

/// A listener of IPv6 sees callers of IPv4 as ::ffff:a.b.c.d.
address unmapped(const address& given) {
  if (!given.is_v6() || !given.to_v6().is_v4_mapped()) return given;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
}

std::string bytes_of(const address& given) {
  if (given.is_v4()) {
    const auto bytes = given.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = given.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

/// Whoever has one address of an IPv6 network has all of them.
address counted_as(const address& given) {
  const address peer = unmapped(given);
  if (peer.is_v4()) return peer;
  auto bytes = peer.to_v6().to_bytes();
  std::fill(bytes.begin() + kIpv6NetworkBytes, bytes.end(), std::uint8_t{0});
  return address_v6(bytes);
}

/// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80" or "2001:db8::1", as proxies write it.
boost::system::result<address> forwarded_address(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  boost::system::error_code failed;
  const address made = make_address(std::string(text), failed);
  if (failed) return failed;
  return unmapped(made);
}

}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const Error wrong(ErrorCode::invalid_argument, quoted(text) + " is not a range of addresses, such as 10.0.0.0/8 or fd00::/8");
  const std::size_t slash = text.find('/');
  boost::system::error_code failed;
  AddressRange range;
  range.network_ = unmapped(make_address(std::string(text.substr(0, slash)), failed));
  if (failed) return wrong;
  const unsigned most = range.network_.is_v4() ? 32 : 128;
  range.prefix_bits_ = most;
  if (slash == std::string_view::npos) return range;
  const std::string_view bits = text.substr(slash + 1);
  const auto read = std::from_chars(bits.data(), bits.data() + bits.size(), range.prefix_bits_);
  if (bits.empty() || read.ec != std::errc() || read.ptr != bits.data() + bits.size() || range.prefix_bits_ > most) return wrong;
  return range;
}

bool AddressRange::contains(const address& given) const {
  const address other = unmapped(given);
  if (other.is_v4() != network_.is_v4()) return false;
  const std::string ours = bytes_of(network_), theirs = bytes_of(other);
  for (unsigned bit = 0; bit < prefix_bits_; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if ((static_cast<std::uint8_t>(ours[bit / 8]) & mask) != (static_cast<std::uint8_t>(theirs[bit / 8]) & mask)) return false;
  }
  return true;
}

Door::Place::Place(std::shared_ptr<Door> door, const Address& peer) : door_(std::move(door)), key_(counted_as(peer)) {
  ++door_->places_[key_];
}

Door::Place::~Place() {
  const auto at = door_->places_.find(key_);
  if (--at->second == 0) door_->places_.erase(at);
}

Door::Seat::Seat(std::shared_ptr<Door> door, const Address& peer)
    : door_(std::move(door)), peer_(unmapped(peer)), place_(door_, peer), at_(door_->seats_.insert(door_->seats_.end(), this)) {}

Door::Seat::~Seat() {
  if (leaving_) --door_->leaving_;
  door_->seats_.erase(at_);
}

void Door::Seat::on_close(std::function<void()> close) { close_ = std::move(close); }

void Door::Seat::waits(bool waits) {
  if (waits && !waits_) door_->seats_.splice(door_->seats_.end(), door_->seats_, at_);
  waits_ = waits;
}

void Door::Seat::known() { known_ = true; }
bool Door::Seat::is_known() const { return known_ || door_->trusts(peer_); }

bool Door::trusts(const Address& peer) const {
  return std::ranges::any_of(config_.trusted_proxies, [&](const AddressRange& range) { return range.contains(peer); });
}

bool Door::has_place(const Address& peer) const {
  const auto at = places_.find(counted_as(peer));
  return at == places_.end() || at->second < config_.connections_per_peer_max;
}

std::unique_ptr<Door::Seat> Door::enter(const Address& peer) {
  const bool exempt = unmapped(peer).is_loopback() || trusts(peer);
  if (!exempt && !has_place(peer)) return nullptr;
  if (seats_.size() - leaving_ >= config_.connections_max && !give_up_one()) return nullptr;
  return std::make_unique<Seat>(shared_from_this(), peer);
}

std::unique_ptr<Door::Place> Door::pass_on(const Address& caller) {
  return has_place(caller) ? std::make_unique<Place>(shared_from_this(), caller) : nullptr;
}

void Door::close(Seat& seat) {
  if (seat.leaving_) return;
  seat.leaving_ = true;
  ++seat.door_->leaving_;
  if (seat.close_) seat.close_();
}

bool Door::give_up_one() {
  for (const bool known : {false, true}) {
    for (Seat* const seat : seats_) {
      if (!seat->waits_ || seat->leaving_ || seat->is_known() != known) continue;
      close(*seat);
      return true;
    }
  }
  return false;
}

Door::Caller Door::caller(const Address& peer, bool over_tls, std::string_view forwarded_for, std::string_view forwarded_proto) const {
  Caller found{unmapped(peer), over_tls};
  if (!trusts(peer)) return found;
  found.https = over_tls || iequals(trim(forwarded_proto), "https");
  // Each proxy adds whom it heard at the end. What stands before the last that we do not trust is that one's word.
  while (!trim(forwarded_for).empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    const auto named = forwarded_address(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    if (!named) break;
    found.address = *named;
    if (!trusts(*named) || comma == std::string_view::npos) break;
    forwarded_for = forwarded_for.substr(0, comma);
  }
  return found;
}

void Door::close_waiting() {
  for (Seat* const seat : seats_) {
    if (seat->waits_) close(*seat);
  }
}

void Door::close_all() {
  for (Seat* const seat : seats_) {
    // Also who was asked to leave and did not.
    if (std::exchange(seat->leaving_, false)) --leaving_;
    close(*seat);
  }
}

}  // namespace landwaiter::platform
