// a * b + c, which clang leaves open to be fused (llvm.fmuladd): in a loop that is vectorised, and
// in its rest.
extern "C" void entry(const double* a, const double* b, const double* c, double* to,
                      long n) asm("roam.root");

void entry(const double* a, const double* b, const double* c, double* __restrict to, long n) {
  for (long i = 0; i < n; ++i)
    to[i] = a[i] * b[i] + c[i];
}
