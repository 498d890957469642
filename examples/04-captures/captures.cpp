// A lambda takes a whole little world with it: what it captures arrives as it was here.
//
//   1. Containers in containers, and a lambda inside the lambda: nothing to do.
//   2. A class with private members says with `serialize` what it is made of.
//   3. A class that can't be changed gets a roam::Codec.
//   4. Objects with several owners still have them: both routes start from one depot.
//   5. Virtual functions work there.
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <roam/roam.h>

class Discount { // 2
 public:
  Discount() = default;
  Discount(int from, double percent) : from_(from), percent_(percent) {}
  double of(int pieces, double price) const {
    return pieces < from_ ? price : price * (1 - percent_ / 100);
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(from_, percent_);
  }

 private:
  int from_ = 0;
  double percent_ = 0;
};

namespace bank { // of a library, say
class Money {
  long cents_;

 public:
  explicit Money(long cents) : cents_(cents) {}
  ~Money() {}
  long cents() const { return cents_; }
};
} // namespace bank

template <>
struct roam::Codec<bank::Money> { // 3
  static void save(Output& out, const bank::Money& m) { roam::save(out, m.cents()); }
  static bank::Money load(Reader& in) { return bank::Money(roam::load<long>(in)); }
};

struct Depot {
  std::string name;
  int loaded = 0;
};
struct Route {
  std::shared_ptr<Depot> from; // 4
  std::optional<std::string> via;
};

struct Tax { // 5
  virtual ~Tax() = default;
  virtual double on(double price) const { return price; }
};
struct ValueAddedTax : Tax {
  double percent = 19;
  double on(double price) const override { return price * (1 + percent / 100); }
};

int main() {
  roam::Cluster cluster = roam::connect();

  std::map<std::string, std::vector<double>> prices = {{"tea", {2.5, 3}}, {"salt", {0.8}}}; // 1
  auto cheapest = [prices](const std::string& what) { return prices.at(what).front(); };
  Discount discount(10, 20);
  bank::Money postage(450);
  auto depot = std::make_shared<Depot>(Depot{"Hamburg"});
  std::vector<Route> routes = {{depot, {}}, {depot, "Kassel"}};
  ValueAddedTax tax;

  auto offer = [=](int pieces) {
    double price = discount.of(pieces, pieces * cheapest("tea")) + double(postage.cents()) / 100;
    for (const Route& route : routes)
      route.from->loaded += pieces; // one depot, loaded twice
    std::string line = std::to_string(pieces) + " tea: " + std::to_string(tax.on(price)) + ", " +
                       std::to_string(routes[0].from->loaded) + " loaded at " +
                       routes[1].from->name + " via " + routes[1].via.value_or("nowhere");
    routes[0].from->loaded = 0;
    return line;
  };
  for (const std::string& line : cluster.map(std::vector{1, 10, 100}, offer))
    std::printf("%s\n", line.c_str());
}
