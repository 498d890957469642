// How pointers to functions are encoded. Part of archive.h, which says the format.
//
// An address means nothing elsewhere, so the captures hold the place of the function in a list that
// travels with the code: the slices of these functions, or their names in shared libraries. The
// list is made while the captures are encoded; on the peer roamTarget(i) is the i-th function of
// it.
#pragma once
#include "roam/archive.h"
#include <stdexcept>

/// The address of a function that captures point to, by its place in their list; null beyond its
/// end. Programs have no such list of their own: theirs gives null.
extern "C" const void* roamTarget(unsigned index) noexcept;

namespace roam {

/// The addresses of the functions that the captures of one closure point to, each once.
class FunctionList {
 public:
  FunctionList() = default;
  FunctionList(const FunctionList&) = delete;
  ~FunctionList() { __builtin_free(addresses_); }

  /// The place of a function in the list.
  std::uint32_t add(const void* address) {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (addresses_[i] == address)
        return i;
    void* moved = __builtin_realloc(addresses_, (size_ + 1) * sizeof address);
    if (moved == nullptr)
      throw std::bad_alloc();
    addresses_ = static_cast<const void**>(moved);
    addresses_[size_] = address;
    return size_++;
  }
  const void* const* begin() const { return addresses_; }
  std::uint32_t size() const { return size_; }

 private:
  const void** addresses_ = nullptr;
  std::uint32_t size_ = 0;
};

/// 0 for null, else one more than the place of the function.
inline void saveFunction(Output& out, const void* address) {
  std::uint32_t place = 0;
  if (address != nullptr && out.functions == nullptr)
    throw std::invalid_argument(
        "roam: a function pointer can travel only inside what a closure captures, not as an "
        "argument or result: send a lambda that calls the function");
  if (address != nullptr)
    place = out.functions->add(address) + 1;
  out.write(&place, sizeof place);
}
inline const void* loadFunction(Reader& in) {
  std::uint32_t place;
  in.copy(&place, sizeof place);
  const void* address = place == 0 ? nullptr : roamTarget(place - 1);
  if (place != 0 && address == nullptr)
    in.fail();
  return address;
}

template <class T>
struct Encoding<T, Kind::function> {
  static_assert(PointedTo<T>::value);
  static void save(Output& out, const T& x) { saveFunction(out, reinterpret_cast<const void*>(x)); }
  static T load(Reader& in) { return reinterpret_cast<T>(const_cast<void*>(loadFunction(in))); }
};

/// As the C++ ABI has it: the address of the function, or for a virtual one the place in the vtable
/// and a set lowest bit; then what is added to `this`. https://itanium-cxx-abi.github.io/cxx-abi
template <class T>
struct Encoding<T, Kind::memberFunction> {
  static_assert(PointedTo<T>::value);
  static void save(Output& out, const T& x) {
    auto image = __builtin_bit_cast(Image, x);
    bool isVirtual = image.function & 1;
    saveFunction(out, isVirtual ? nullptr : reinterpret_cast<const void*>(image.function));
    image.function = isVirtual ? image.function : 0;
    out.write(&image, sizeof image);
  }
  static T load(Reader& in) {
    const void* function = loadFunction(in);
    Image image;
    in.copy(&image, sizeof image);
    if (function != nullptr)
      image.function = reinterpret_cast<std::uintptr_t>(function);
    else if (image.function != 0 && (image.function & 1) == 0)
      in.fail();
    return __builtin_bit_cast(T, image);
  }

 private:
  struct Image {
    std::uintptr_t function;
    std::ptrdiff_t adjustment;
  };
};

} // namespace roam
