// Functions of which the program chooses a version for its CPU when it starts.
#include "ship.h"

__attribute__((target_clones("avx2", "default"))) int cloned(int x) { return x + 1; }
__attribute__((target("default"))) int versioned(int x) { return x; }
__attribute__((target("avx2"))) int versioned(int x) { return x + 1; }
__attribute__((target("avx2"))) int forOne(int x) { return x + 2; }

void all(int x) {
  ship([x] { return cloned(x); }); // expected-error {{roam could not make a slice of this lambda: it calls 'cloned(int)', of which there are several versions for different CPUs, chosen when the program starts; call a function without versions: code that travels is compiled for the CPU it runs on anyway}}
  ship([x] { return versioned(x); }); // expected-error {{it calls 'versioned(int)', of which there are several versions}}
  ship([x] { return forOne(x); });
  ship([x] { return __builtin_cpu_supports("avx2") ? x : 0; }); // expected-error {{it asks what this machine's CPU can do (__builtin_cpu_supports); code that travels is compiled for the CPU it runs on: leave the question out, or ask before and capture the answer}}
}
