// One file of the test program that lambdas of another call.
#include "tests/e2e/across/elsewhere.h"
#include "tests/e2e/across/tickets.h"
#include <map>
#include <stdexcept>

namespace roam::e2e {

namespace {
int counter = 0;

struct Other {};
struct Private {
  int x;
};

double rounded(double x) {
  return double(long(x * 100 + 0.5)) / 100;
}

const std::map<std::string, int> prices{{"rope", 7}, {"thread", 2}, {"wire", 9}};
} // namespace

const int weights[4] = {3, 1, 4, 1};
const std::string title = "prices of " + std::to_string(weights[0]) + " things";

int priceOf(const std::string& what) {
  return prices.at(what);
}

double total(const Line& line) {
  return rounded(line.pieces * line.price);
}

void discount(Line& line, double percent) {
  line.price = rounded(line.price * (100 - percent) / 100);
  line.what += " (reduced)";
}

void refuseLine(const Line& line) {
  throw std::invalid_argument("no price for " + line.what);
}

int throwsPrivately(int x) {
  try {
    if (x == 0)
      throw Other();
  } catch (Other&) {
    x = 1;
  }
  if (x > 0)
    throw Private{x};
  return 0;
}
int catchesPrivately(int x) {
  try {
    return x > 10 ? x : throwsPrivately(x) + viaTwoFiles(-x);
  } catch (Private& thrown) {
    return -thrown.x;
  }
}

Shape::Shape(double size) : size_(size) {}
Shape::~Shape() = default;
double Shape::area() const {
  return size_ * size_;
}
bool isDog(const Animal& animal) {
  return dynamic_cast<const Dog*>(&animal) != nullptr;
}

double Circle::area() const {
  return 3 * size_ * size_;
}

int bumpCounter() {
  return ++counter;
}
int callsBumpCounter() {
  return bumpCounter() + 1;
}

[[roam::peer_local]] int lastTicket = 6;
int nextTicket() {
  tickets.push_back(++lastTicket);
  return lastTicket;
}

bool isOdd(unsigned n) {
  return n != 0 && isEven(n - 1);
}

int callsPlainObject(int x) {
  return inPlainObject(x) + 1;
}

} // namespace roam::e2e
