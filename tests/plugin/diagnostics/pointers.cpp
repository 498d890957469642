// Raw pointers.
#include "ship.h"
#include <cstdio>

void all(int* p, const char* text, void* any, FILE* file, int n) {
  ship([p] { return *p; });        // expected-error {{capture 'p' cannot travel to another machine: it is a raw pointer ('int *')}} \
                                   // expected-note {{send the object itself, several in a std::vector, or a std::unique_ptr where there may be none}} \
                                   // expected-note {{sent from here}}
  ship([text] { return *text; });  // expected-error {{capture 'text' cannot travel to another machine: it is a raw pointer ('const char *')}} \
                                   // expected-note {{send a std::string instead}} expected-note {{sent from here}}
  ship([any] { return any; });     // expected-error {{raw pointer ('void *')}} expected-note {{send the object}} expected-note {{sent from here}}
  ship([file] { return file; });   // expected-error {{raw pointer ('_IO_FILE *')}} expected-note {{send the object}} expected-note {{sent from here}}
  ship([q = &n] { return *q; });   // expected-error {{capture 'q' cannot travel}} expected-note {{send the object}} expected-note {{sent from here}}
  ship([z = nullptr] { return z == nullptr; });
  int* row[3] = {p, p, p};
  ship([row] { return *row[0]; }); // expected-error {{capture 'row' cannot travel to another machine: it holds a raw pointer ('int *') in 'row[...]'}} \
                                   // expected-note {{send the object}} expected-note {{sent from here}}
}
