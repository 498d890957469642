// What other files of the test program, and libraries, define: nothing of it is inline.
#pragma once
#include <string>
#include <vector>

namespace roam::e2e {

/// A plain struct that both sides of a call read and write.
struct Line {
  int pieces = 0;
  double price = 0;
  std::string what;
};

// --- lines.cpp ---------------------------------------------------------------------------------
double total(const Line& line);
void discount(Line& line, double percent);
[[noreturn]] void refuseLine(const Line& line);

int throwsPrivately(int x);
int catchesPrivately(int x); // what the other throws, of a type that only lines.cpp has

extern const int weights[4];
extern const std::string title;
/// From a table that is built when the program starts.
int priceOf(const std::string& what);

class Shape {
 public:
  explicit Shape(double size);
  virtual ~Shape(); // the key function
  virtual double area() const;
  virtual std::string name() const { return "shape of " + std::to_string(int(size_)); }

 protected:
  double size_;
};
class Circle : public Shape {
 public:
  using Shape::Shape;
  double area() const override;
};

/// Defined in headers, so that each slice has a vtable of its own.
struct Animal {
  virtual ~Animal() = default;
};
struct Dog final : Animal {};
bool isDog(const Animal& animal);

int bumpCounter();
int callsBumpCounter();

// --- parity.cpp and lines.cpp, each calling the other ------------------------------------------
bool isEven(unsigned n);
bool isOdd(unsigned n);
int viaTwoFiles(int x);

/// Explicitly instantiated in parity.cpp.
template <class T>
struct Box {
  T value;
  T twice() const;
};
extern template struct Box<int>;

// --- library.cpp, a static library built with the plugin --------------------------------------
extern "C" long inStaticLibrary(long x);

// --- plain.cpp, compiled without the plugin ----------------------------------------------------
int inPlainObject(int x);
int callsPlainObject(int x); // in lines.cpp

// --- loaded.cpp, a shared library that peers don't find ----------------------------------------
extern "C" int onlyAtTheOrigin(int x);

} // namespace roam::e2e
