// Classes that the headers cannot take apart, with the path to them and the member they need.
#include "ship.h"
#include <memory>
#include <string>

class Account { // expected-note 2 {{'Account' is declared here; give it a public member 'template <class Archive> void serialize(Archive& archive) { archive(owner_, balance_); }', or specialise roam::Codec for it}}
public:
  double balance() const { return balance_; }

private:
  std::string owner_;
  double balance_ = 0;
};
struct Customer {
  int number;
  std::vector<Account> accounts;
};
struct Base {
  int x = 1;
};
struct Derived : private Base { // expected-note {{'Derived' is declared here; give it a public member 'template <class Archive> void serialize(Archive& archive) { archive(text); }'}}
  std::string text;
};
struct Counted { // expected-note {{'Counted' is declared here; give it a public member}}
  std::string text;
  ~Counted() { text.clear(); }
};
struct Shape {
  virtual double area() const = 0;
  int corners = 0;
};
struct Numbered { // expected-note {{'Numbered' is declared here; give it one: the object is made by it over there, then its members are set}}
  int n;
  explicit Numbered(int n) : n(n) {}
  virtual ~Numbered() {}
};
struct Speaks { // expected-note {{'Speaks' is declared here; give it one}}
  explicit Speaks(int);
  template <class Archive>
  void serialize(Archive&) {}
};
class Silent {
public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text_);
  }

private:
  std::string text_;
};

void all(Account account, Customer customer, Derived derived, Counted counted, Silent silent) {
  ship([account] { return account.balance(); }); // expected-error {{capture 'account' cannot travel to another machine: it is an object of the class 'Account', which has members that are not public}} expected-note {{the lambda is sent from here}}
  ship([customer] { return customer.number; }); // expected-error {{it holds an object of the class 'Account', which has members that are not public in 'customer.accounts[...]'}} expected-note {{sent from here}}
  ship([derived] { return derived.text; }); // expected-error {{it is an object of the class 'Derived', which has a base class that is not public}} expected-note {{sent from here}}
  ship([counted] { return counted.text; }); // expected-error {{it is an object of the class 'Counted', which has a copy or move constructor or a destructor of its own}} expected-note {{sent from here}}
  std::shared_ptr<Shape> shape;
  ship([shape] { return shape->area(); }); // expected-error {{it is an owner of an abstract class without a virtual destructor, so that the class of its object is not known here}} expected-note {{make the destructor virtual, or send an owner of the derived class, or a std::variant of the derived classes}} expected-note {{sent from here}}
  ship([n = Numbered(1)] { return n.n; }); // expected-error {{it is an object of the class 'Numbered', which has no public default constructor}} expected-note {{sent from here}}
  ship([s = Speaks(1)] { return sizeof s; }); // expected-error {{it is an object of the class 'Speaks', which has no public default constructor}} expected-note {{sent from here}}
  ship([silent] { return sizeof silent; });
}
