// References and `this`.
#include "ship.h"
#include <atomic>
#include <mutex>

struct Scale {
  int by = 2;
  void all() {
    ship([this] { return by; }); // expected-error {{capture 'this' cannot travel to another machine: it is a raw pointer to the enclosing object}} \
                                 // expected-note {{capture '*this' to send a copy of the whole object, or only the members that are used: [member = this->member]}} \
                                 // expected-note {{the lambda is sent from here}}
    ship([=] {                   // expected-note {{capture '*this' to send a copy}} expected-note {{sent from here}}
      return by;                 // expected-error {{capture 'this' cannot travel}}
    });
    ship([*this] { return by; });
    ship([by = this->by] { return by; });
  }
};

template <class T>
void inTemplate(T t) {           // expected-note 2 {{'t' is declared here with type}}
  ship([&t] { return t; });      // expected-error 2 {{capture 't' cannot travel}} expected-note 2 {{write 't' instead of '&t'}} expected-note 2 {{sent from here}}
}

void all(int argc) {
  int x = argc;                  // expected-note 5 {{'x' is declared here with type 'int'}}
  ship([&x] { return x; });      // expected-error {{capture 'x' cannot travel to another machine: it is a reference}} \
                                 // expected-note {{write 'x' instead of '&x' to send a copy}} expected-note {{sent from here}}
  ship([&] {                     // expected-note {{write '[=]' instead of '[&]', or '[x]', to send a copy}} expected-note {{sent from here}}
    return x;                    // expected-error {{capture 'x' cannot travel}}
  });
  ship([&r = x] { return r; });  // expected-error {{capture 'r' cannot travel to another machine: it is a reference}} \
                                 // expected-note {{write 'r = ...' without '&' to send a copy}} expected-note {{sent from here}}
  ship([=, &x] { return x; });   // expected-error {{capture 'x' cannot travel}} expected-note {{write 'x' instead of '&x'}} expected-note {{sent from here}}
  ship([& x] { return x; });     // expected-error {{capture 'x' cannot travel}} expected-note {{write 'x' instead of '&x'}} expected-note {{sent from here}}
  int& alias = x;
  ship([alias] { return alias; });
  auto f = [&x] { return x; };   // expected-error {{capture 'x' cannot travel}} expected-note {{write 'x' instead of '&x'}}
  ship(f);                       // expected-note {{sent from here}}
  ship(f);
  inTemplate(1);
  inTemplate(2L);
  using Row = int[argc];             // expected-error {{the size of a variable-length array cannot travel}}
  ship([=] { return sizeof(Row); }); // expected-note {{use a std::vector instead of the array}} expected-note {{sent from here}}
  std::mutex mutex;
  std::atomic<int> count;
  ship([&mutex] { mutex.lock(); return 1; }); // expected-error {{capture 'mutex' cannot travel to another machine: it is a reference, and a copy could not travel either: it is a lock of this process}} \
                                              // expected-note {{make it a static variable inside the lambda}} expected-note {{sent from here}}
  ship([&] { return ++count; }); // expected-error {{it is a reference, and a copy could not travel either: it is a std::atomic}} expected-note {{send the value it has now: x.load()}} expected-note {{sent from here}}
}
