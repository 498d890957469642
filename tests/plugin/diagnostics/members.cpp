// Addresses inside classes, private members included where the bytes of the class would be copied.
#include "ship.h"
#include <iosfwd>

struct Net {
  const char* host; // expected-note {{'host' is declared here; send a std::string instead, or give 'Net' a member 'template <class Archive> void serialize(Archive&)' that says how it travels}}
  int port;
};
struct Config {
  int level;
  Net net;
};
class Cursor {
public:
  explicit Cursor(int* at) : at_(at) {}
  int get() const { return *at_; }

private:
  int* at_; // expected-note 2 {{'at_' is declared here; send the object itself}}
};
struct Derived : Cursor {
  using Cursor::Cursor;
};
union Either {
  int i;
  int* p; // expected-note {{'p' is declared here}}
};
struct Reference {
  int& r; // expected-note {{'r' is declared here; send the object itself}}
};
class Travels {
public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value_);
  }

private:
  int value_ = 0;
  int* cache_ = nullptr;
};
class Prints {
public:
  void serialize(std::ostream& out) const;
  void save(const char* path) const;
  void load(const char* path);

private:
  int* value_ = nullptr; // expected-note {{'value_' is declared here}}
};
class Versioned {
public:
  template <class Archive>
  void serialize(Archive&, unsigned) {}

private:
  int* value_ = nullptr;
};
class Saves {
public:
  template <class Archive>
  void save(Archive&) const {}
  template <class Archive>
  void load(Archive&) {}

private:
  int* value_ = nullptr;
};
struct Functor {
  int* p; // expected-note {{'p' is declared here}}
  int operator()() const { return *p; }
};

void all(int* p, int n) {
  Config config{1, {"here", 2}};
  ship([config] { return config.level; }); // expected-error {{capture 'config' cannot travel to another machine: it holds a raw pointer ('const char *') in 'config.net.host'}} expected-note {{sent from here}}
  Cursor cursor(p);
  ship([cursor] { return cursor.get(); }); // expected-error {{it holds a raw pointer ('int *') in 'cursor.at_'}} expected-note {{sent from here}}
  Derived derived(p);
  ship([derived] { return derived.get(); }); // expected-error {{it holds a raw pointer ('int *') in 'derived.at_'}} expected-note {{sent from here}}
  Either either{1};
  ship([either] { return either.i; }); // expected-error {{it holds a raw pointer ('int *') in 'either.p'}} expected-note {{sent from here}}
  Reference reference{n};
  ship([reference] { return reference.r; }); // expected-error {{it holds a reference ('int &') in 'reference.r'}} expected-note {{sent from here}}
  Travels travels;
  ship([travels] { return sizeof travels; });
  Prints prints;
  ship([prints] { return sizeof prints; }); // expected-error {{it holds a raw pointer ('int *') in 'prints.value_'}} expected-note {{sent from here}}
  Versioned versioned;
  Saves saves;
  ship([versioned, saves] { return sizeof versioned + sizeof saves; });
  ship(Functor{p}); // expected-error {{'Functor' cannot travel to another machine: it holds a raw pointer ('int *') in 'p'}}
}
