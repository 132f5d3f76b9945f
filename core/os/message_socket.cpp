// SPDX-License-Identifier: Apache-2.0
#include "core/os/message_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace landwaiter {
namespace {

constexpr std::size_t kDescriptorsMax = 4;

}  // namespace

Result<std::pair<MessageSocket, MessageSocket>> MessageSocket::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error(ErrorCode::io, "cannot make a connection to another process");
  }
  return std::pair(MessageSocket(FileDescriptor(ends[0])), MessageSocket(FileDescriptor(ends[1])));
}

Result<void> MessageSocket::send(ByteView message) {
  ssize_t sent = -1;
  do sent = ::send(end_.number(), message.data(), message.size(), MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return Error(ErrorCode::unavailable, "the other process is gone");
  return {};
}

Result<bool> MessageSocket::send_within(ByteView message, std::chrono::milliseconds time_max, int wake, std::span<const int> descriptors) {
  if (descriptors.size() > kDescriptorsMax) return Error(ErrorCode::internal, "too many descriptors for one message");
  iovec part{const_cast<std::uint8_t*>(message.data()), message.size()};  // NOLINT: sendmsg does not write
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(first), descriptors.data(), descriptors.size_bytes());
  }
  const auto deadline = std::chrono::steady_clock::now() + time_max;
  for (;;) {
    const ssize_t sent = ::sendmsg(end_.number(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return true;
    if (errno == EPIPE || errno == ECONNRESET) return Error(ErrorCode::unavailable, "the other process is gone");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Error(ErrorCode::io, "cannot send to another process");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> waiting{{{end_.number(), POLLOUT, 0}, {wake, POLLIN, 0}}};
    const int ready = left.count() > 0 ? ::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) : 0;
    if (ready == 0 || (ready > 0 && waiting[1].revents != 0)) return false;
  }
}

void MessageSocket::send_if_room(ByteView message) noexcept {
  const int before = errno;
  static_cast<void>(::send(end_.number(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  errno = before;
}

Result<std::optional<MessageSocket::Received>> MessageSocket::receive(std::span<std::uint8_t> buffer, std::chrono::milliseconds time_max,
                                                                      int wake) {
  if (time_max.count() != 0) {
    std::array<pollfd, 2> waiting{{{end_.number(), POLLIN, 0}, {wake, POLLIN, 0}}};
    int ready = 0;
    do ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(time_max.count()));
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return Error(ErrorCode::io, "cannot wait for another process");
    if (ready == 0 || waiting[1].revents != 0) return std::optional<Received>();
  }

  iovec part{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t size = -1;
  do size = ::recvmsg(end_.number(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  // An end that closed with messages unread resets the connection, before what it said last can be read.
  while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0 && errno == EAGAIN) return std::optional<Received>();
  Received received;
  if (size < 0) return Error(ErrorCode::io, "cannot read from another process");
  received.size_bytes = static_cast<std::size_t>(size);
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      received.descriptors.emplace_back(descriptor);
    }
  }
  return std::optional(std::move(received));
}

std::size_t MessageSocket::receive_blocking(std::span<std::uint8_t> buffer) noexcept {
  ssize_t size = -1;
  do size = ::read(end_.number(), buffer.data(), buffer.size());
  while (size < 0 && errno == EINTR);
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

Result<WakeSignal> WakeSignal::make() {
  FileDescriptor end(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!end.valid()) return Error(ErrorCode::io, "cannot make a signal between threads");
  return WakeSignal(std::move(end));
}

void WakeSignal::wake() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(end_.number(), &one, sizeof one));
}

}  // namespace landwaiter
