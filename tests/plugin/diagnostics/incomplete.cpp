// A type whose fields are asked for too early would stay "without fields" for the rest of the file.
#include "roam/reflect.h"

struct Later;
bool early = roam::Reflected<Later>; // expected-error {{roam needs the fields of 'Later' here, but its definition is not complete yet; move the use below it}}
struct Later {
  int a;
};
