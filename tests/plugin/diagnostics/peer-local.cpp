// Where [[roam::peer_local]] can't stand.
#include "ship.h"

struct Shop {
  [[roam::peer_local]] static int sold;
  [[roam::peer_local]] int each; // expected-error {{'roam::peer_local' is for variables that are there once a program: of namespace scope, static members, and static variables of functions}}
};
int Shop::sold = 0;
[[roam::peer_local]] thread_local int perThread; // expected-error {{a variable is either one a peer or one a thread: leave 'roam::peer_local' or 'thread_local' away}}
[[roam::peer_local]] void function(); // expected-error {{'roam::peer_local' is for variables}}
[[roam::peer_local("name")]] int named; // expected-error {{attribute takes no arguments}}
[[peer_local]] int unscoped;

int count() {
  [[roam::peer_local]] static int calls = 2;
  [[roam::peer_local]] int local = 1; // expected-error {{'roam::peer_local' is for variables}}
  return ++calls + local;
}

auto lambda = [] {
  [[roam::peer_local]] static int inLambda; // expected-error {{a peer finds this variable by its name, and what is in a lambda or a class without a name has none that is the same in every program; declare it at namespace scope}}
  return ++inLambda;
};
