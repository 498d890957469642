// Constructs of the language that code generation treats specially: it runs twice over each, and
// what arrives on the peer gives what it gives here, where the program's own code runs.
#include "tests/e2e/shared-peers.h"
#include <cctype>
#include <compare>
#include <coroutine>
#include <cstdarg>
#include <cstring>
#include <initializer_list>
#include <new>
#include <optional>
#include <ranges>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <typeindex>
#include <typeinfo>
#include <vector>

namespace roam::e2e {

/// Its name is the same in every file, so slices keep it.
struct Named {};

namespace {

class Constructs : public SharedPeers {
 protected:
  /// f(0) ... f(19) there equal those here.
  template <class F>
  static void runs(F f) {
    auto numbers = std::views::iota(0, 20);
    EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
  }
};

// --- classes ------------------------------------------------------------------------------------

struct Animal {
  int legs = 4;
  virtual ~Animal() = default;
  virtual Animal* self() { return this; }
  virtual int weight() const = 0;
};
struct Flying {
  int wings = 2;
  virtual ~Flying() = default;
  virtual int height() const { return 100 * wings; }
};
struct Bird : Animal, Flying {
  Bird* self() override { return this; } // a thunk that adjusts its result
  int weight() const override { return 3; }
  int height() const override { return Flying::height() + legs; } // a thunk that adjusts `this`
};
struct Top {
  explicit Top(int value = 1) : value(value) {}
  virtual ~Top() = default;
  virtual int sum() const { return value; }
  int value;
};
struct Left : virtual Top {
  int sum() const override { return Top::sum() + 10; }
};
struct Right : virtual Top {
  int right = 7;
};
struct Bottom : Left, Right {
  explicit Bottom(int value) : Top(value) {}
  int sum() const override { return Left::sum() + right; }
};

TEST_F(Constructs, ThunksAndVirtualBases) {
  runs([](int n) {
    Bird bird;
    bird.wings = n;
    Flying& flying = bird;
    Animal& animal = bird;
    Bottom bottom(n);
    Right& right = bottom;
    return flying.height() + animal.self()->weight() +
           static_cast<Bird*>(dynamic_cast<void*>(&flying))->legs + right.sum() +
           dynamic_cast<Left&>(right).sum();
  });
}

struct Counted {
  int* alive = nullptr;
  Counted() = default;
  explicit Counted(int* alive) : alive(alive) { ++*alive; }
  Counted(const Counted& other) : alive(other.alive) {
    if (alive)
      ++*alive;
  }
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    if (alive)
      --*alive;
  }
};
struct Inherits : Counted {
  using Counted::Counted;
  int member = legsOf(2);
  static int legsOf(int n, int factor = 3) { return n * factor; }
};

TEST_F(Constructs, ArraysOfObjectsAndInheritedConstructors) {
  runs([](int n) {
    int alive = 0, most = 0;
    {
      auto* many = new Inherits[static_cast<unsigned>(n) + 1]; // counts its elements in front
      for (int i = 0; i <= n; ++i) {
        many[i].alive = &alive;
        ++alive;
      }
      most = alive;
      delete[] many;
      Inherits one(&alive), other = one;
      most = 10 * most + alive + other.member;
    }
    return 1000 * most + alive;
  });
}

struct Guarded {
  int value;
  explicit Guarded(int n) try : value(half(n)) {
  } catch (int odd) {
    throw std::string("odd: ") + std::to_string(odd);
  }
  static int half(int n) {
    if (n % 2)
      throw n;
    return n / 2;
  }
};

TEST_F(Constructs, FunctionTryBlocksAndNestedHandlers) {
  runs([](int n) -> std::string {
    try {
      try {
        return std::to_string(Guarded(n).value);
      } catch (const std::string& text) {
        if (n % 3 == 0)
          throw;
        return text;
      }
    } catch (...) {
      return "again";
    }
  });
}

// --- expressions and statements ---------------------------------------------------------------

int sumOf(int count, ...) {
  va_list arguments;
  va_start(arguments, count);
  int sum = 0;
  for (int i = 0; i < count; ++i)
    sum += i % 2 ? static_cast<int>(va_arg(arguments, double)) : va_arg(arguments, int);
  va_end(arguments);
  return sum;
}

TEST_F(Constructs, VariableArguments) {
  runs([](int n) { return sumOf(4, n, n * 2.0, 3, 4.5); });
}

struct Version {
  int major, minor;
  std::string tag;
  auto operator<=>(const Version&) const = default;
};

TEST_F(Constructs, ComparisonsBindingsAndFolds) {
  runs([](int n) {
    Version a{n, 1, "x"}, b{.major = n % 2 ? n : 3, .minor = 1, .tag = "y"};
    auto [major, minor, tag] = b;
    auto sum = [](auto... all) { return (all + ... + 0); };
    std::tuple<int, long> pair{n, 2};
    auto& [first, second] = pair;
    first += 1;
    return sum(major, minor, a < b, a == b, a <= b, int(tag.size()), std::get<0>(pair)) + second;
  });
}

TEST_F(Constructs, SwitchesGotosAndLoops) {
  runs([](int n) {
    int sum = 0;
    for (int i = 0;; ++i) {
      switch (i % 5) {
      case 0:
        sum += n;
        [[fallthrough]];
      case 1:
        sum += 2;
        break;
      case 2:
        continue;
      default:
        if (i > n)
          goto done;
      }
      for (char c : {'a', 'b'})
        sum += c;
    }
  done:
    return sum;
  });
}

TEST_F(Constructs, BitFieldsUnionsAndWideNumbers) {
  runs([](int n) {
    struct Flags {
      unsigned low : 3;
      signed high : 5;
      bool set : 1;
    } flags{static_cast<unsigned>(n) & 7u, n % 15, n > 4};
    union {
      float number;
      unsigned bits;
    } both;
    both.number = static_cast<float>(n) / 3;
    __int128 wide = static_cast<__int128>(n) * 0x100000000ll * 0x100000000ll;
    return static_cast<long>(flags.low + flags.high + flags.set) + both.bits +
           static_cast<long>(wide >> 64) + (n ? 1000 / n : 0);
  });
}

consteval int atCompileTime(int n) {
  return n * n;
}
template <int N>
constexpr auto tableOf() {
  std::array<int, N> table{};
  for (int i = 0; i < N; ++i)
    table[i] = i * atCompileTime(3);
  return table;
}
template <class T>
constexpr T variableTemplate = T(2.75);

TEST_F(Constructs, TablesMadeAtCompileTime) {
  runs([](int n) {
    static constexpr auto table = tableOf<32>();
    if constexpr (sizeof(void*) == 8)
      return table[n] + variableTemplate<int> * 4 + variableTemplate<double>;
    else
      return 0.0;
  });
}

struct Overaligned {
  alignas(64) char bytes[64];
};

TEST_F(Constructs, AlignmentAndPlacement) {
  runs([](int n) {
    alignas(Overaligned) unsigned char storage[2 * sizeof(Overaligned)];
    auto* object = new (storage) Overaligned{};
    std::memset(object->bytes, n, sizeof object->bytes);
    auto owned = std::make_unique<Overaligned>(*object);
    bool aligned = reinterpret_cast<std::uintptr_t>(owned.get()) % 64 == 0;
    return owned->bytes[63] + 100 * aligned;
  });
}

using Four = float __attribute__((vector_size(16)));

TEST_F(Constructs, VectorsOfTheCompiler) {
  runs([](int n) {
    Four a{1, 2, 3, static_cast<float>(n)}, b = a * a + 1.0f;
    auto less = a < b;
    return b[3] + static_cast<float>(less[0] + less[3]) + __builtin_popcount(unsigned(n));
  });
}

// --- coroutines -------------------------------------------------------------------------------

struct Numbers {
  struct promise_type {
    int value = 0;
    Numbers get_return_object() {
      return Numbers{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int n) {
      value = n;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { throw; }
  };
  explicit Numbers(std::coroutine_handle<promise_type> handle) : handle(handle) {}
  Numbers(const Numbers&) = delete;
  ~Numbers() { handle.destroy(); }
  std::optional<int> next() {
    handle.resume();
    if (handle.done())
      return std::nullopt;
    return handle.promise().value;
  }
  std::coroutine_handle<promise_type> handle;
};
Numbers squares(int count) {
  for (int i = 0; i < count; ++i) {
    std::string text(static_cast<unsigned>(i), 'x'); // lives across the suspension
    co_yield i* i;
    if (text.size() > 12)
      throw std::length_error("too far");
  }
}

TEST_F(Constructs, Coroutines) {
  runs([](int n) {
    int sum = 0;
    Numbers numbers = squares(n);
    try {
      while (auto next = numbers.next())
        sum += *next;
    } catch (const std::length_error&) {
      return -sum;
    }
    return sum;
  });
}

// --- names as values --------------------------------------------------------------------------

template <class T>
std::string nameInside() {
  return __PRETTY_FUNCTION__;
}

TEST_F(Constructs, NamesOfFunctionsAndTypes) {
  runs([](int n) {
    struct Here {
      virtual ~Here() = default;
    };
    std::string names = std::string(__func__) + nameInside<std::vector<int>>() + typeid(n).name() +
                        typeid(Named).name() + typeid(std::vector<Named>).name();
    Here here, other;
    bool same = typeid(here) == typeid(other) && typeid(here) != typeid(Bird) &&
                std::type_index(typeid(here)) == std::type_index(typeid(Here));
    // The name of a type of this file would tell the file; in a slice it has another.
    bool named = std::string_view(typeid(Version).name()).find("Version") != std::string::npos;
    return names + std::to_string(same) + std::to_string(named);
  });
}

TEST_F(Constructs, PlacesInTheSource) {
  runs([](int n) {
    auto place = std::source_location::current();
    return std::to_string(place.line() + static_cast<unsigned>(n)) + place.file_name() + __FILE__;
  });
}

// --- statics ----------------------------------------------------------------------------------

struct Table {
  std::vector<int> squares;
  explicit Table(int count) {
    for (int i = 0; i < count; ++i)
      squares.push_back(i * i);
  }
};

template <class T>
const Table& tableFor() {
  static const Table table(20 + int(sizeof(T)));
  return table;
}

TEST_F(Constructs, StaticsOfFunctionsThatAreInitialisedAtTheirFirstUse) {
  runs([](int n) {
    static const std::string words[] = {"zero", "one", std::string(40, 'm')};
    static thread_local int calls = static_cast<int>(words[2].size());
    calls += 0;
    return tableFor<char>().squares[n] + tableFor<long>().squares.back() +
           int(words[n % 3].size()) + calls;
  });
}

// --- assembly ---------------------------------------------------------------------------------

#if defined(__x86_64__)
TEST_F(Constructs, InlineAssembly) {
  runs([](int n) {
    int swapped = n;
    asm("bswap %0" : "+r"(swapped));
    return swapped;
  });
}
#endif

} // namespace
} // namespace roam::e2e
