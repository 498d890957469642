// A type whose fields are asked for too early would stay "without fields" for the rest of the file.
#include "ship.h"
#include <memory>

struct Later;
bool early = roam::Reflected<Later>; // expected-error {{roam needs the fields of 'Later' here, but its definition is not complete yet; move the use below it}}
struct Later {
  int a;
};

struct Never;
void behind(std::shared_ptr<Never> never) {
  ship([never] { return never == nullptr; }); // expected-error {{it holds a 'Never', whose definition is not complete here in 'never[...]'}} expected-note {{move its definition, or the #include of it, above this line}} expected-note {{sent from here}}
}
