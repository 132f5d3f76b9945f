// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace landwaiter::detectors {

/// How archives begin that the walk knows as files, and the engine in texts.
inline constexpr std::string_view kSevenZipMark = "7z\xbc\xaf\x27\x1c";
inline constexpr std::string_view kCabinetMark{"MSCF\0\0\0\0", 8};
inline constexpr std::string_view kRarMark = "Rar!\x1a\x07";
inline constexpr std::string_view kXarMark{"xar!\0\x1c", 6};
inline constexpr std::string_view kPackMark2{"PACK\0\0\0\x02", 8};
inline constexpr std::string_view kPackMark3{"PACK\0\0\0\x03", 8};

}  // namespace landwaiter::detectors
