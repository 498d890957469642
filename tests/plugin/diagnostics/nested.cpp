// Lambdas captured by lambdas.
#include "ship.h"

struct Holder {
  int* p; // expected-note {{'p' is declared here}}
};

void all(int x, int* p) {  // expected-note {{'x' is declared here with type 'int'}}
  auto inner = [&x] { return x; }; // expected-error {{capture 'x' cannot travel}} expected-note {{write 'x' instead of '&x'}}
  ship([inner] { return inner(); }); // expected-note {{that lambda is captured here, as 'inner'}} expected-note {{sent from here}}
  auto holds = [h = Holder{p}] { return *h.p; }; // expected-error {{capture 'h' cannot travel to another machine: it holds a raw pointer ('int *') in 'h.p'}}
  auto around = [holds] { return holds(); }; // expected-note {{that lambda is captured here, as 'holds'}}
  ship([around] { return around(); }); // expected-note {{that lambda is captured here, as 'around'}} expected-note {{sent from here}}
  auto fine = [x] { return x; };
  ship([fine] { return fine(); });
}
