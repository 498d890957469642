// zstd's simple interface with a raw dictionary: digesting that takes most of the 20 us, which is
// paid once a slice and connection.
#include "net/slice-packing.h"
#include "net/limits.h"
#include <kj/debug.h>
#include <memory>
#include <span>
#include <zstd.h>

namespace roam::net {
namespace {

/// Made by net/dictionary/make.sh. Generated from dictionary.bin by CMakeLists.txt.
constexpr unsigned char dictionary[] = {
#include "slice-dictionary.inc"
};

/// zstd's fastest level but one. Higher ones save 15 % and cost ten times as much.
constexpr int level = 1;

} // namespace

const Digest& dictionaryDigest() {
  static const Digest digest = Digest::of(std::as_bytes(std::span(dictionary)));
  return digest;
}

kj::Array<const kj::byte> pack(kj::ArrayPtr<const kj::byte> slice) {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  KJ_ASSERT(context != nullptr, "out of memory while packing a slice");
  auto packed = kj::heapArray<kj::byte>(ZSTD_compressBound(slice.size()));
  std::size_t size =
      ZSTD_compress_usingDict(context.get(), packed.begin(), packed.size(), slice.begin(),
                              slice.size(), dictionary, sizeof dictionary, level);
  KJ_ASSERT(!ZSTD_isError(size), "a slice can't be packed", ZSTD_getErrorName(size));
  return kj::heapArray<const kj::byte>(packed.begin(), size);
}

kj::Maybe<kj::Array<const kj::byte>> unpack(kj::ArrayPtr<const kj::byte> packed) {
  // `pack` says the size in front; whoever does not, or lies, is refused.
  auto size = ZSTD_getFrameContentSize(packed.begin(), packed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
      size > limits::sliceBytes)
    return nullptr;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  KJ_ASSERT(context != nullptr, "out of memory while unpacking a slice");
  auto slice = kj::heapArray<kj::byte>(size);
  std::size_t got =
      ZSTD_decompress_usingDict(context.get(), slice.begin(), slice.size(), packed.begin(),
                                packed.size(), dictionary, sizeof dictionary);
  if (ZSTD_isError(got) || got != size)
    return nullptr;
  return kj::Array<const kj::byte>(kj::mv(slice));
}

} // namespace roam::net
