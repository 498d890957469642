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

/// One item of the section roam_held: a type F, and an H that it may be behind.
struct HeldItem {
  const void* holder;         ///< &typeTag<H>
  const std::type_info* type; ///< of F; null for a lambda that became a function
  const void* address;        ///< of that function; else null
  void (*save)(Output& out, const void* holder);
  const char* (*name)() noexcept; ///< of the slice that reads it, as in the records of functions
};
struct HeldItems {
  const HeldItem *first = nullptr, *last = nullptr;
  /// Throws Refused: what is not among them cannot be sent.
  void (*refuse)(const std::type_info& holder, const std::type_info& type) = nullptr;
  const HeldItem* begin() const { return first; }
  const HeldItem* end() const { return last; }
};

/// The functions that the captures of one closure point to, each once.
class FunctionList {
 public:
  /// `held` lies in the program.
  explicit FunctionList(HeldItems held = {}) : held_(held) {}
  FunctionList(const FunctionList&) = delete;
  ~FunctionList() { __builtin_free(functions_); }

  /// The place of a function in the list.
  std::uint32_t add(SentFunction function) {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (functions_[i].address == function.address)
        return i;
    void* moved = __builtin_realloc(functions_, (size_ + 1) * sizeof function);
    if (moved == nullptr)
      throw std::bad_alloc();
    functions_ = static_cast<SentFunction*>(moved);
    functions_[size_] = function;
    return size_++;
  }
  const SentFunction* begin() const { return functions_; }
  std::uint32_t size() const { return size_; }
  HeldItems held() const { return held_; }

 private:
  SentFunction* functions_ = nullptr;
  std::uint32_t size_ = 0;
  HeldItems held_;
};

template <class H>
const HeldItem* heldItem(const FunctionList& functions, const std::type_info* type,
                         const void* address);

/// 0 for null, else one more than the place of the function.
inline void saveFunction(Output& out, const void* address, const char* name = nullptr) {
  std::uint32_t place = 0;
  if (address != nullptr && out.functions == nullptr)
    throw std::invalid_argument(
        "roam: a function pointer can travel only inside what a closure captures, not as an "
        "argument or result: send a lambda that calls the function");
  if (address != nullptr)
    place = out.functions->add({address, name}) + 1;
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
  static void save(Output& out, const T& x) {
    auto address = reinterpret_cast<const void*>(x);
    const HeldItem* lambda = address == nullptr || out.functions == nullptr
                                 ? nullptr
                                 : heldItem<T>(*out.functions, nullptr, address);
    if (lambda != nullptr)
      saveFunction(out, lambda, lambda->name());
    else
      saveFunction(out, address);
  }
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
