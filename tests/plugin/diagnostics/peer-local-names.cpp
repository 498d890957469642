// Peer-local variables that peers could not find by their names.
#include "ship.h"
#include <string>

namespace app {
[[roam::peer_local]] int good = 3;
[[roam::peer_local]] inline std::string words = "some";
struct Shop {
  [[roam::peer_local]] static int sold;
};
int Shop::sold = 0;
[[roam::peer_local]] extern int elsewhere; // expected-error {{'app::elsewhere' is peer-local, but it is defined in another file; define it in the header, as an 'inline' variable}}
[[roam::peer_local]] static int hidden; // expected-error {{'app::hidden' is peer-local, but it is found by its name on a peer, and its name is known to this file only; leave 'static' or the unnamed namespace away, or make a const one 'inline'}}
namespace {
[[roam::peer_local]] int unnamed; // expected-error {{is found by its name on a peer}}
int inUnnamed() {
  [[roam::peer_local]] static int calls; // expected-error {{'calls' is peer-local, but it is found by its name}}
  return ++calls;
}
struct Mine {};
} // namespace
template <class T>
int of() {
  [[roam::peer_local]] static int calls; // expected-error 2 {{'calls' is peer-local, but it is found by its name}}
  return ++calls;
}
} // namespace app

int count() {
  [[roam::peer_local]] static int calls = 2;
  return ++calls;
}

void all() {
  ship([] { return ++app::good + ++app::Shop::sold + count() + int(app::words.size()); });
  ship([] { return ++app::elsewhere; }); // expected-note {{in this lambda}}
  ship([] { return ++app::hidden; }); // expected-note {{in this lambda}}
  ship([] { return ++app::unnamed; }); // expected-note {{in this lambda}}
  ship([] { return app::inUnnamed(); });
  ship([] { return app::of<app::Mine>() + app::of<int>(); });
  auto inside = [] { return 1; };
  ship([] { return app::of<decltype(inside)>(); });
}
