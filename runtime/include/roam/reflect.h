// What the compiler plugin tells the headers: the captures of closures, the fields of aggregates,
// the entry of a shape.
//
// The plugin watches template instantiations. When `reflect<T>` is instantiated it adds members to
// that specialisation; when `Code<Shape>` is, it numbers the entry and has it compiled into a
// slice. Everything else in these headers is ordinary C++.
#pragma once
#include "roam/entry.h"
#include "roam/presence.h"
#include <cstddef>
#include <cstdint>

namespace roam {

/// What is special about a field; the values are known to the plugin.
enum FieldFlags : unsigned {
  fieldMutable = 1,
  fieldInitCapture = 2,
  fieldReference = 4, ///< Type is then a pointer to the referee
  fieldThis = 8,
  fieldBase = 64, ///< a base class, not a member
};

/// One field of a reflected type: its type without the reference, its place in bytes, its flags.
template <class T, std::size_t Offset, unsigned Flags>
struct Field {
  using Type = T;
  static constexpr std::size_t offset = Offset;
  static constexpr unsigned flags = Flags;
};
template <class... F>
struct Fields {
  static constexpr std::size_t size = sizeof...(F);
};

/// Where neighbouring bit-fields lie: the bits of each byte that are theirs. The plugin gives it as
/// the type of one field.
template <unsigned char... Masks>
struct BitFields {
  unsigned char bytes[sizeof...(Masks)];
};

/// One byte of a class that is padding, but for the bits in Mask.
template <std::size_t Offset, unsigned char Mask>
struct Gap {};
template <class... G>
struct Gaps {};

/// For a closure type, and for a class that may be taken apart field by field (all members and
/// bases public, no virtual base, no hand-written copy, move or destructor, not of
/// namespace std) the plugin adds
///
///     using type = Fields<Field<T0, offset0, flags0>, ...>; // bases, then members, as in memory
///     using closure = T;                                    // closures only
///     using polymorphic = T; // classes with virtual functions, or std::enable_shared_from_this
///
/// For other classes that are copied as bytes and have padding, so that it is not sent:
///
///     using gaps = Gaps<Gap<offset0, mask0>, ...>;
///
/// and for every other type nothing. A hand-written destructor is allowed if it is virtual and its
/// body is empty. It is an error to ask while T is incomplete.
template <class T>
struct reflect {};

template <class T>
concept Reflected = requires {
  typename reflect<T>::type;
};
template <class T>
concept HasGaps = requires {
  typename reflect<T>::gaps;
};
template <class T>
concept ClosureType = requires {
  typename reflect<T>::closure;
};
template <class T>
concept PolymorphicType = requires {
  typename reflect<T>::polymorphic;
};

/// Instantiating `Shippable<F>` makes the plugin check that F can travel. What cannot is an error:
/// at the captures of a closure, for other types at the place in the program that led here. Then
/// `value` is false, so that the headers stay quiet about it. `shares` says whether there may be
/// two owners of one object inside. The plugin adds `static constexpr bool value, shares`.
template <class F>
struct Shippable {};

/// Stands for a T that is an argument or a result: Shippable<Passed<T>> is false also where T holds
/// what can travel only inside what a closure captures.
template <class T>
struct Passed {};

/// What can be wrong with a call; the values are known to the plugin.
enum class Mistake : unsigned {
  cannotBeCalled,     ///< F with A...
  changesItsArgument, ///< F takes one of A... as a reference to what is not const
  returnsNothing,     ///< F, whose results are collected
  cannotReduce,       ///< Op, what it must return, what it returns
};

/// Instantiating it makes the plugin say what is wrong, at the place in the program that led here.
/// The headers then stay quiet.
template <Mistake M, class... T>
struct Mistaken {
  static constexpr bool told = true;
};

/// Instantiated for each type P of pointers to functions or member functions that is encoded. The
/// functions of this type whose addresses the translation unit takes then become slices, so that a
/// pointer to one may travel.
template <class P>
struct PointedTo {
  static constexpr bool value = true;
};

/// The number the plugin gives to an entry within its translation unit; entries of a precompiled
/// header keep theirs.
template <unsigned N>
struct Index {
  static constexpr unsigned value = N;
};

extern "C" const EntryRecord*
roamRecord(unsigned index) noexcept; // every call is replaced by the record's address

/// The name of the slice of Held<H, F>::code, by its number; every call is replaced by it.
extern "C" const char* roamHeldName(unsigned index) noexcept;

/// An F that may be behind an H (held-encodings.h). When heldItem<H> is instantiated, the plugin
/// asks for the `item` of each F that the translation unit knows and that can travel, and adds
/// `using id = Index<N>`.
template <class H, class F>
struct Held;

/// The entry of a shape. `Shape` has
///
///     using Closure = ...; using Argument = ...; using Result = ...;    // for the record's
///     description static Outcome run(const char*, std::size_t, const char*, std::size_t,
///     std::uint64_t, Output&);
///
/// The plugin adds `using id = Index<N>` and ships `entry`. The program itself emits `entry` only
/// where it takes its address.
template <class Shape>
struct Code {
  static Outcome entry(const char* captures, std::size_t capturesSize, const char* arguments,
                       std::size_t argumentsSize, std::uint64_t count, Output* out) {
    return Shape::run(captures, capturesSize, arguments, argumentsSize, count, *out);
  }
};

/// The record of a shape's entry: a constant of the program, valid for ever.
template <class Shape>
const EntryRecord* recordOf() {
  return roamRecord(Code<Shape>::id::value);
}

} // namespace roam
