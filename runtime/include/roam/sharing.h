// Objects with several owners: one closure, argument or result keeps them one.
//
// The first shared_ptr to an object is encoded with the object, the next ones as its number in the
// order of first meetings. For that both sides keep a table while they encode or decode one value;
// values that the plugin knows to share nothing do without. A closure that holds twice the same
// shared_ptr<int> to 7 is encoded as
//
//     01  07 00 00 00    the object follows
//     02  00 00 00 00    the object with number 0
//
// An object is known by its address and type, since an object and its first member have one
// address. So a shared_ptr to a part of an object (an aliasing one) becomes the owner of a copy.
#pragma once
#include "roam/entry.h"
#include <new>

namespace roam {

/// Its address stands for V, within one program or slice.
template <class V>
inline constexpr char typeTag = 0;

/// The objects met while `out` is written, until it is destroyed.
class SavedObjects {
 public:
  using Number = std::uint32_t;
  static constexpr Number isNew = ~Number(0);

  explicit SavedObjects(Output& out) : out_(out), before_(out.saved) { out.saved = this; }
  SavedObjects(const SavedObjects&) = delete;
  ~SavedObjects() {
    out_.saved = before_;
    __builtin_free(slots_);
  }

  /// The number of an object met before; else it gets the next one, and `isNew` is returned.
  Number find(const void* object, const void* type) {
    if (count_ >= capacity_ / 2)
      enlarge();
    Slot* slot = place(slots_, capacity_, object, type);
    if (slot->object != nullptr)
      return slot->number;
    *slot = {object, type, count_++};
    return isNew;
  }

 private:
  struct Slot {
    const void *object, *type;
    Number number;
  };

  static Slot* place(Slot* slots, std::size_t capacity, const void* object, const void* type) {
    std::size_t at = (reinterpret_cast<std::size_t>(object) ^ reinterpret_cast<std::size_t>(type)) *
                         0x9E3779B97F4A7C15u >>
                     20;
    while (slots[at & (capacity - 1)].object != nullptr &&
           (slots[at & (capacity - 1)].object != object || slots[at & (capacity - 1)].type != type))
      ++at;
    return slots + (at & (capacity - 1));
  }
  void enlarge() {
    std::size_t capacity = capacity_ == 0 ? 16 : 2 * capacity_; // a power of two
    auto* slots = static_cast<Slot*>(__builtin_calloc(capacity, sizeof(Slot)));
    if (slots == nullptr)
      throw std::bad_alloc();
    for (Slot* old = slots_; old != slots_ + capacity_; ++old)
      if (old->object != nullptr)
        *place(slots, capacity, old->object, old->type) = *old;
    __builtin_free(slots_);
    slots_ = slots;
    capacity_ = capacity;
  }

  Output& out_;
  SavedObjects* before_;
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  Number count_ = 0;
};

/// The shared objects read so far, each kept alive by one more owner until this is destroyed.
class LoadedObjects {
 public:
  LoadedObjects() = default;
  LoadedObjects(const LoadedObjects&) = delete;
  ~LoadedObjects() {
    while (last_ != nullptr) {
      Owner* owner = last_;
      last_ = owner->before;
      owner->release(owner);
    }
    __builtin_free(owners_);
  }

  /// Gives the next number to the object.
  template <class Pointer>
  void add(const Pointer& pointer) {
    append(
        new OwnerOf<Pointer>{{last_, &typeTag<Pointer>, thisSlice, sizeof(*pointer),
                              [](Owner* owner) { delete static_cast<OwnerOf<Pointer>*>(owner); }},
                             pointer});
  }
  /// Null if no object has this number, or one of another type. Of objects that another slice has
  /// added (held-encodings.h) only the size of the type can be compared.
  template <class Pointer>
  const Pointer* find(std::uint32_t number) const {
    if (number >= count_)
      return nullptr;
    const Owner& owner = *owners_[number];
    bool fits = owner.slice == thisSlice ? owner.type == &typeTag<Pointer>
                                         : owner.size == sizeof(*std::declval<Pointer>());
    return fits ? &static_cast<const OwnerOf<Pointer>&>(owner).pointer : nullptr;
  }

 private:
  struct Owner {
    Owner* before;
    const void *type, *slice;
    std::size_t size; ///< of the object
    void (*release)(Owner*);
  };
  static constexpr const void* thisSlice = &typeTag<LoadedObjects>;
  template <class Pointer>
  struct OwnerOf : Owner {
    Pointer pointer;
  };

  void append(Owner* owner) {
    last_ = owner;
    if (count_ == capacity_) {
      std::size_t capacity = capacity_ == 0 ? 16 : 2 * capacity_;
      void* moved = __builtin_realloc(owners_, capacity * sizeof(Owner*));
      if (moved == nullptr)
        throw std::bad_alloc();
      owners_ = static_cast<Owner**>(moved);
      capacity_ = capacity;
    }
    owners_[count_++] = owner;
  }

  Owner* last_ = nullptr;
  Owner** owners_ = nullptr; // by number
  std::size_t count_ = 0, capacity_ = 0;
};

} // namespace roam
