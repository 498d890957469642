// A loop that is vectorised: the sum of the squares below n.
extern "C" long entry(const int* numbers, long n) asm("roam.root");

long entry(const int* numbers, long n) {
  long sum = 0;
  for (long i = 0; i < n; ++i)
    sum += static_cast<long>(numbers[i]) * numbers[i];
  return sum;
}
