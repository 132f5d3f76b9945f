// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/seven_zip_header.hpp"

#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <isa-l/crc.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace landwaiter::detectors::seven_zip {
namespace {

enum Property : std::uint64_t {
  kEnd = 0x00,
  kHeader = 0x01,
  kArchiveProperties = 0x02,
  kAdditionalStreams = 0x03,
  kMainStreams = 0x04,
  kFiles = 0x05,
  kPackInfo = 0x06,
  kUnpackInfo = 0x07,
  kSubStreams = 0x08,
  kSize = 0x09,
  kChecksum = 0x0a,
  kFolder = 0x0b,
  kUnpackSizes = 0x0c,
  kStreamCounts = 0x0d,
  kEmptyStream = 0x0e,
  kEmptyFile = 0x0f,
  kNames = 0x11,
  kEncodedHeader = 0x17,
};

constexpr std::uint64_t kUnitsPerItem = 30;

Error damaged(std::string_view why) { return {ErrorCode::malformed, "7z archive is damaged: " + std::string(why)}; }

std::uint64_t little(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | bytes[at + i];
  return value;
}

struct Method {
  std::uint64_t id;
  RawMethod method;
};

/// "Methods.txt" of 7-Zip.
constexpr std::array kMethods{
    Method{0x040108, RawMethod::deflate}, Method{0x040202, RawMethod::bzip2},   Method{0x030101, RawMethod::lzma},
    Method{0x21, RawMethod::lzma2},       Method{0x03, RawMethod::delta},       Method{0x04, RawMethod::x86},
    Method{0x03030103, RawMethod::x86},   Method{0x05, RawMethod::powerpc},     Method{0x03030205, RawMethod::powerpc},
    Method{0x06, RawMethod::ia64},        Method{0x03030401, RawMethod::ia64},  Method{0x07, RawMethod::arm},
    Method{0x03030501, RawMethod::arm},   Method{0x08, RawMethod::arm_thumb},   Method{0x03030701, RawMethod::arm_thumb},
    Method{0x09, RawMethod::sparc},       Method{0x03030805, RawMethod::sparc}, Method{0x0a, RawMethod::arm64}};
constexpr std::uint64_t kCopy = 0, kEncrypted = 0x06f10701, kPpmd = 0x030401, kBcj2 = 0x0303011b, kDeflate64 = 0x040109;

const char* unsupported_method(std::uint64_t id) {
  switch (id) {
    case kEncrypted: return "it is encrypted";
    case kPpmd: return "it is compressed by PPMd, which is not supported";
    case kBcj2: return "it is compressed with BCJ2, which is not supported";
    case kDeflate64: return "it is compressed by Deflate64, which is not supported";
    default: return "its 7z compression method is not supported";
  }
}

/// Throws nothing: what goes beyond the end, or is refused, leaves an error behind, after which everything is zero.
class Reader {
 public:
  Reader(ByteView bytes, ByteView archive, Header& out) : bytes_(bytes), archive_(archive), out_(out) {}

  Result<void> read_streams();
  Result<void> read_header();
  std::uint64_t number();
  ByteView rest() const { return bytes_; }

 private:
  struct Coder {
    std::uint64_t method = 0;
    std::uint64_t inputs = 1;
    std::uint64_t outputs = 1;
    ByteView properties;
  };
  struct Chain {
    std::vector<Coder> coders;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;  ///< an input, and the output that it takes
    std::uint64_t inputs = 0;
    std::uint64_t outputs = 0;
  };

  bool fail(std::string_view why) {
    if (!error_) error_ = damaged(why);
    bytes_ = {};
    return false;
  }
  bool refuse(Error error) {
    if (!error_) error_ = std::move(error);
    bytes_ = {};
    return false;
  }
  ByteView take(std::uint64_t size);
  std::uint64_t count(std::uint64_t each_bytes);
  std::vector<bool> bits(std::uint64_t size);
  std::vector<bool> defined(std::uint64_t size);
  template <class List>
  bool make(List& list, std::uint64_t size);
  void expect(std::uint64_t property, const char* why) {
    if (number() != property) fail(why);
  }
  void read_pack_info();
  void read_unpack_info();
  void read_folder(Folder& folder);
  Coder read_coder();
  void arrange(const Chain& chain, Folder& folder);
  void place_packed();
  void read_sub_streams();
  void read_stream_checksums();
  void read_files();
  void read_names(ByteView property);
  Result<void> status() const {
    if (error_) return *error_;
    return {};
  }

  ByteView bytes_;
  ByteView archive_;
  Header& out_;
  std::vector<std::uint64_t> packed_;        ///< sizes, one after the other
  std::vector<std::uint32_t> packed_count_;  ///< of each folder
  std::vector<std::uint64_t> outputs_;       ///< of each folder; and which of them is its content
  std::vector<std::uint64_t> main_output_;
  std::uint64_t packed_at_ = 0;
  std::optional<Error> error_;
};

ByteView Reader::take(std::uint64_t size) {
  if (size > bytes_.size()) {
    fail("its header ends early");
    return {};
  }
  const ByteView taken = bytes_.first(static_cast<std::size_t>(size));
  bytes_ = bytes_.subspan(taken.size());
  return taken;
}

/// As many bytes follow the first one as it has leading ones; what is left of it is the highest part.
std::uint64_t Reader::number() {
  const ByteView first = take(1);
  if (first.empty()) return 0;
  const unsigned more = static_cast<unsigned>(std::countl_one(first[0]));
  const ByteView rest = take(more);
  if (rest.size() < more) return 0;
  const std::uint64_t low = little(rest, 0, more);
  return more >= 7 ? low : low | std::uint64_t{first[0] & (0xffU >> (more + 1))} << 8 * more;
}

/// Of things that take at least so many bytes.
std::uint64_t Reader::count(std::uint64_t each_bytes) {
  const std::uint64_t value = number();
  if (value <= bytes_.size() / each_bytes) return value;
  fail("its header counts more than it holds");
  return 0;
}

std::vector<bool> Reader::bits(std::uint64_t size) {
  const ByteView bytes = take((size + 7) / 8);
  std::vector<bool> out(bytes.empty() ? 0 : static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (bytes[i / 8] >> (7 - i % 8) & 1) != 0;
  return out;
}

std::vector<bool> Reader::defined(std::uint64_t size) {
  const ByteView all = take(1);
  if (all.empty() || all[0] == 0) return bits(size);
  return std::vector<bool>(static_cast<std::size_t>(size), true);
}

template <class List>
bool Reader::make(List& list, std::uint64_t size) {
  if (!charge_work(kUnitsPerItem * size)) return refuse(no_work_for("7z archive is not opened"));
  if (!out_.memory.borrow(size * sizeof(typename List::value_type))) return refuse(no_memory_for("7z archive is not opened"));
  list.resize(static_cast<std::size_t>(size));
  return true;
}

void Reader::read_pack_info() {
  packed_at_ = number();
  const std::uint64_t size = count(1);
  std::uint64_t property = number();
  if (property == kSize && make(packed_, size)) {
    for (std::uint64_t& each : packed_) each = number();
    property = number();
  }
  if (property == kChecksum) {
    const auto known = defined(size);
    take(4 * static_cast<std::uint64_t>(std::ranges::count(known, true)));
    property = number();
  }
  if (property != kEnd) fail("its list of packed streams does not end");
}

Reader::Coder Reader::read_coder() {
  constexpr std::uint8_t kIdSize = 0xf, kComplex = 0x10, kHasProperties = 0x20, kReserved = 0xc0;
  Coder coder;
  const ByteView flags = take(1);
  if (flags.empty()) return coder;
  const ByteView id = take(flags[0] & kIdSize);
  if ((flags[0] & kReserved) != 0 || id.size() > 8) fail("a coder is not one");
  for (const std::uint8_t byte : id) coder.method = coder.method << 8U | byte;
  if ((flags[0] & kComplex) != 0) {
    coder.inputs = number();
    coder.outputs = number();
  }
  if ((flags[0] & kHasProperties) != 0) coder.properties = take(number());
  constexpr std::uint64_t kStreamsMax = 8;
  if (coder.inputs > kStreamsMax || coder.outputs > kStreamsMax) fail("a coder has too many streams");
  return coder;
}

void Reader::read_folder(Folder& folder) {
  constexpr std::uint64_t kCodersMax = 16;
  Chain chain;
  const std::uint64_t size = number();
  if (size == 0 || size > kCodersMax) fail("a folder has no coder, or too many");
  for (std::uint64_t i = 0; i < size && !error_; ++i) {
    chain.coders.push_back(read_coder());
    chain.inputs += chain.coders.back().inputs;
    chain.outputs += chain.coders.back().outputs;
  }
  if (error_) return;
  if (chain.outputs == 0 || chain.inputs < chain.outputs - 1) return void(fail("a folder's coders do not fit together"));
  for (std::uint64_t i = 0; i + 1 < chain.outputs; ++i) {
    const std::uint64_t input = number();
    chain.pairs.emplace_back(input, number());
  }
  const std::uint64_t packed = chain.inputs - chain.pairs.size();
  for (std::uint64_t i = 0; packed > 1 && i < packed; ++i) number();
  packed_count_.push_back(static_cast<std::uint32_t>(packed));
  outputs_.push_back(chain.outputs);
  std::uint64_t last = 0;
  while (std::ranges::find(chain.pairs, last, &std::pair<std::uint64_t, std::uint64_t>::second) != chain.pairs.end()) ++last;
  main_output_.push_back(last);
  if (last >= chain.outputs) return void(fail("a folder's coders go in a circle"));
  arrange(chain, folder);
}

/// From the one that gives the content to the one that takes what is packed, if they are one behind the other.
void Reader::arrange(const Chain& chain, Folder& folder) {
  for (const Coder& coder : chain.coders) {
    const bool known = coder.method == kCopy || std::ranges::find(kMethods, coder.method, &Method::id) != kMethods.end();
    // That it is encrypted is what matters most.
    if ((!known && folder.unsupported == nullptr) || coder.method == kEncrypted) folder.unsupported = unsupported_method(coder.method);
  }
  if (folder.unsupported != nullptr) return;
  const bool simple = std::ranges::all_of(chain.coders, [](const Coder& each) { return each.inputs == 1 && each.outputs == 1; });
  if (!simple || chain.coders.size() > Folder::kCodersMax) {
    folder.unsupported = unsupported_method(kEnd);
    return;
  }
  std::uint64_t at = main_output_.back();
  std::size_t met = 0;
  while (at < chain.coders.size() && met < chain.coders.size()) {
    const Coder& coder = chain.coders[static_cast<std::size_t>(at)];
    ++met;
    if (coder.method != kCopy) {
      folder.coders.at(folder.coder_count++) = {std::ranges::find(kMethods, coder.method, &Method::id)->method, coder.properties};
    }
    const auto next = std::ranges::find(chain.pairs, at, &std::pair<std::uint64_t, std::uint64_t>::first);
    if (next == chain.pairs.end()) break;
    at = next->second;
  }
  if (met < chain.coders.size()) fail("a folder's coders do not fit together");
}

void Reader::read_unpack_info() {
  expect(kFolder, "its list of folders does not begin");
  const std::uint64_t size = count(2);
  const ByteView external = take(1);
  if (external.empty() || external[0] != 0) return void(fail("its list of folders is elsewhere"));
  if (!make(out_.folders, size)) return;
  for (Folder& folder : out_.folders) {
    read_folder(folder);
    if (error_) return;
  }
  expect(kUnpackSizes, "its folders have no sizes");
  for (std::size_t i = 0; i < out_.folders.size() && !error_; ++i) {
    for (std::uint64_t output = 0; output < outputs_[i]; ++output) {
      const std::uint64_t bytes = number();
      if (output == main_output_[i]) out_.folders[i].bytes = bytes;
    }
  }
  std::uint64_t property = number();
  if (property == kChecksum) {
    const auto known = defined(out_.folders.size());
    for (std::size_t i = 0; i < known.size(); ++i) {
      const ByteView value = known[i] ? take(4) : ByteView{};
      if (!value.empty()) out_.folders[i].checksum = static_cast<std::uint32_t>(little(value, 0, 4));
    }
    property = number();
  }
  if (property != kEnd) fail("its list of folders does not end");
  place_packed();
}

/// Where the packed bytes of each folder are.
void Reader::place_packed() {
  std::size_t next = 0;
  std::uint64_t at = kStartBytes + packed_at_;
  if (packed_at_ > archive_.size()) return void(fail("its content lies beyond its end"));
  for (std::size_t i = 0; i < out_.folders.size() && !error_; ++i) {
    if (packed_count_[i] > packed_.size() - next) return void(fail("a folder's content is missing"));
    out_.folders[i].packed_at = at;
    if (packed_count_[i] > 0) out_.folders[i].packed_bytes = packed_[next];
    for (std::uint32_t stream = 0; stream < packed_count_[i]; ++stream, ++next) {
      if (packed_[next] > archive_.size() - at) return void(fail("its content lies beyond its end"));
      at += packed_[next];
    }
  }
}

void Reader::read_sub_streams() {
  std::uint64_t property = number();
  if (property == kStreamCounts) {
    for (Folder& folder : out_.folders) folder.streams = number();
    property = number();
  }
  std::uint64_t total = 0;
  for (const Folder& folder : out_.folders) {
    if (folder.streams > 1 + bytes_.size()) return void(fail("its header counts more than it holds"));
    total += folder.streams;
  }
  if (total > out_.folders.size() + bytes_.size()) return void(fail("its header counts more than it holds"));
  if (!make(out_.streams, total)) return;
  std::size_t stream = 0;
  for (const Folder& folder : out_.folders) {
    std::uint64_t left = folder.bytes;
    if (folder.streams == 0 && left > 0) return void(fail("it holds content that is no file's"));
    if (folder.streams > 1 && property != kSize) return void(fail("its files have no sizes"));
    for (std::uint64_t i = 0; i < folder.streams; ++i) {
      const std::uint64_t bytes = i + 1 < folder.streams ? number() : left;
      if (bytes > left) return void(fail("its files are larger than what is packed"));
      out_.streams[stream++].bytes = bytes;
      left -= bytes;
    }
  }
  if (property == kSize) property = number();
  if (property == kChecksum) {
    read_stream_checksums();
    property = number();
  }
  if (property != kEnd) fail("its list of streams does not end");
}

/// Of all streams but those that are a whole folder whose checksum is known.
void Reader::read_stream_checksums() {
  std::vector<Stream*> open;
  std::size_t stream = 0;
  for (const Folder& folder : out_.folders) {
    for (std::uint64_t i = 0; i < folder.streams; ++i, ++stream) {
      if (folder.streams != 1 || !folder.checksum) open.push_back(&out_.streams[stream]);
    }
  }
  const auto known = defined(open.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    const ByteView value = known[i] ? take(4) : ByteView{};
    if (!value.empty()) open[i]->checksum = static_cast<std::uint32_t>(little(value, 0, 4));
  }
}

Result<void> Reader::read_streams() {
  std::uint64_t property = number();
  if (property == kPackInfo) {
    read_pack_info();
    property = number();
  }
  if (property == kUnpackInfo) {
    read_unpack_info();
    property = number();
  }
  if (property == kSubStreams) {
    read_sub_streams();
    property = number();
  } else if (!error_ && make(out_.streams, out_.folders.size())) {
    for (std::size_t i = 0; i < out_.streams.size(); ++i) out_.streams[i].bytes = out_.folders[i].bytes;
  }
  if (property != kEnd) fail("its list of streams does not end");
  if (error_) return *error_;
  std::size_t stream = 0;
  for (const Folder& folder : out_.folders) {
    if (folder.streams == 1 && folder.checksum) out_.streams[stream].checksum = folder.checksum;
    stream += static_cast<std::size_t>(folder.streams);
  }
  return {};
}

void Reader::read_names(ByteView property) {
  if (property.empty() || property[0] != 0) return void(fail("its names are elsewhere"));
  std::size_t at = 1;
  const std::size_t base = static_cast<std::size_t>(property.data() - out_.bytes.data());
  for (File& file : out_.files) {
    const std::size_t begin = at;
    while (at + 2 <= property.size() && (property[at] | property[at + 1]) != 0) at += 2;
    if (at + 2 > property.size()) return void(fail("a name does not end"));
    file.name_at = base + begin;
    file.name_bytes = at - begin;
    at += 2;
  }
}

void Reader::read_files() {
  const std::uint64_t size = count(2);
  if (!make(out_.files, size)) return;
  std::vector<bool> empty(static_cast<std::size_t>(size)), file(static_cast<std::size_t>(size));
  while (!error_) {
    const std::uint64_t property = number();
    if (property == kEnd) break;
    Reader inside(take(number()), archive_, out_);
    if (property == kEmptyStream) empty = inside.bits(size);
    if (property == kEmptyFile) file = inside.bits(static_cast<std::uint64_t>(std::ranges::count(empty, true)));
    if (property == kNames) inside.read_names(inside.bytes_);
    if (inside.error_) refuse(*inside.error_);
  }
  std::size_t number_of_empty = 0, streams = 0;
  for (std::size_t i = 0; i < out_.files.size() && !error_; ++i) {
    out_.files[i].has_stream = !empty[i];
    streams += empty[i] ? 0 : 1;
    if (empty[i]) out_.files[i].is_directory = number_of_empty >= file.size() || !file[number_of_empty++];
  }
  if (streams > out_.streams.size()) fail("it has more files than content");
}

Result<void> Reader::read_header() {
  std::uint64_t property = number();
  if (property == kArchiveProperties) {
    while (!error_ && number() != kEnd) take(number());
    property = number();
  }
  if (property == kAdditionalStreams) return Error(ErrorCode::unsupported, "its 7z header has additional streams");
  if (property == kMainStreams) {
    const auto streams = read_streams();
    if (!streams) return streams;
    property = number();
  }
  if (property == kFiles) {
    read_files();
    property = number();
  }
  if (property != kEnd) fail("its header does not end");
  return status();
}

Result<Bytes> unpack(const Folder& folder, ByteView archive, MemoryShare& memory) {
  constexpr std::uint64_t kOpenUnits = 25'000, kUnitsPerByte = 10;
  auto decoder = open_folder(folder);
  if (!decoder) return decoder.error();
  if (!charge_work(kOpenUnits)) return no_work_for("7z archive is not opened");
  if (!memory.borrow(folder.bytes)) return no_memory_for("7z archive is not opened");
  ByteView packed = archive.subspan(static_cast<std::size_t>(folder.packed_at), static_cast<std::size_t>(folder.packed_bytes));
  if (*decoder == nullptr)
    return Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(packed.size(), folder.bytes)));
  Bytes out(static_cast<std::size_t>(folder.bytes));
  std::size_t done = 0;
  while (done < out.size()) {
    constexpr std::size_t kPieceBytes = 64 * limits::KiB;
    const std::size_t piece = std::min(kPieceBytes, out.size() - done);
    if (!charge_work(kUnitsPerByte * piece)) return no_work_for("7z archive is not opened");
    const Decoder::Step step = (*decoder)->step(packed, std::span(out).subspan(done, piece));
    if (step.error) return *step.error;
    packed = packed.subspan(step.consumed);
    done += step.produced;
    if (step.produced == 0 && (step.consumed == 0 || step.finished)) return damaged("its header ends early");
  }
  return out;
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

}  // namespace

std::string Header::name_of(const File& file) const {
  std::string out;
  const ByteView name = ByteView(bytes).subspan(file.name_at, std::min<std::size_t>(file.name_bytes, 2 * (limits::path_bytes_max + 1)));
  for (std::size_t at = 0; at + 2 <= name.size(); at += 2) {
    char32_t point = static_cast<char32_t>(little(name, at, 2));
    const bool high = point >= 0xd800 && point < 0xdc00;
    const char32_t low = high && at + 4 <= name.size() ? static_cast<char32_t>(little(name, at + 2, 2)) : 0;
    if (low >= 0xdc00 && low < 0xe000) {
      point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
      at += 2;
    }
    append_utf8(out, point);
  }
  return out;
}

std::uint32_t checksum_of(ByteView bytes, std::uint32_t before) { return crc32_gzip_refl(before, bytes.data(), bytes.size()); }

Result<std::uint64_t> size_of(ByteView start) {
  if (start.size() < kStartBytes) return damaged("it is too short");
  if (checksum_of(start.subspan(12, 20)) != little(start, 8, 4)) return damaged("the checksum of its begin is wrong");
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
  const std::uint64_t at = little(start, 12, 8), size = little(start, 20, 8);
  if (at > kMost || size > kMost) return damaged("its header lies beyond all bounds");
  return kStartBytes + at + size;
}

Result<std::unique_ptr<Decoder>> open_folder(const Folder& folder) {
  if (folder.unsupported != nullptr) return Error(ErrorCode::unsupported, folder.unsupported);
  if (folder.coder_count == 0) return std::unique_ptr<Decoder>();
  auto decoder = make_raw_decoder(std::span(folder.coders).first(folder.coder_count), folder.bytes);
  if (!decoder) return Error(ErrorCode::unsupported, unsupported_method(kEnd));
  return decoder;
}

Result<Header> read_header_of(ByteView archive) {
  Header out;
  const auto size = size_of(archive);
  if (!size) return size.error();
  const std::uint64_t header_bytes = little(archive, 20, 8);
  if (*size > archive.size()) return damaged("it ends early");
  const ByteView header = archive.subspan(static_cast<std::size_t>(*size - header_bytes), static_cast<std::size_t>(header_bytes));
  if (header.empty()) return out;
  if (checksum_of(header) != little(archive, 28, 4)) return damaged("its header's checksum is wrong");
  if (!out.memory.borrow(header.size())) return no_memory_for("7z archive is not opened");
  out.bytes.assign(header.begin(), header.end());
  // A header that is packed may be so again; nobody does that often.
  constexpr int kLayersMax = 4;
  for (int layer = 0; layer < kLayersMax; ++layer) {
    Reader reader(out.bytes, archive, out);
    const std::uint64_t kind = reader.number();
    if (kind == kHeader) {
      const auto read = reader.read_header();
      if (!read) return read.error();
      return out;
    }
    if (kind != kEncodedHeader) break;
    const auto read = reader.read_streams();
    if (!read) return read.error();
    if (out.folders.size() != 1) return damaged("its header is packed in several ways");
    if (out.folders[0].unsupported != nullptr)
      return Error(ErrorCode::unsupported, std::string("its list of files cannot be read: ") + out.folders[0].unsupported);
    MemoryShare memory;
    auto unpacked = unpack(out.folders[0], archive, memory);
    if (!unpacked) return unpacked.error();
    const auto checksum = out.folders[0].checksum;
    if (checksum && checksum_of(*unpacked) != *checksum) return damaged("its header's checksum is wrong");
    out = Header{.memory = std::move(memory), .bytes = std::move(*unpacked)};
  }
  return damaged("its header is not one");
}

}  // namespace landwaiter::detectors::seven_zip
