// What a program's headers may hold: tables that are built when the program starts.
#pragma once
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace roam::e2e {

inline std::vector<int> squaresUpTo(int count) {
  std::vector<int> squares;
  for (int i = 0; i < count; ++i)
    squares.push_back(i * i);
  return squares;
}

inline const std::vector<int> squares = squaresUpTo(20);

struct Units {
  static const std::map<std::string, double> metres;
  inline static const std::string longest = "a unit whose name is too long for the object itself";
};
inline const std::map<std::string, double> Units::metres{{"inch", 0.0254}, {"mile", 1609.344}};

template <class T>
struct Powers {
  static const std::vector<T> table;
};
template <class T>
const std::vector<T> Powers<T>::table = [] {
  std::vector<T> powers{T(1)};
  while (powers.size() < 10)
    powers.push_back(powers.back() * T(3));
  return powers;
}();

template <int Step>
const std::vector<int> steps = [] {
  std::vector<int> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(i * Step);
  return all;
}();

} // namespace roam::e2e
