// Draws the Mandelbrot set, one row an element, and writes a PNG.
//
//   mandelbrot [FILE [WIDTH HEIGHT]]     default: mandelbrot.png, 1200 x 800
//
//   1. Map: the number of a row to its pixels, on the peers, with a progress bar on a terminal.
//   2. Write the rows with libpng.
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <png.h>
#include <roam/roam.h>
#include <unistd.h>

using Row = std::vector<std::uint8_t>; // 3 bytes a pixel: red, green, blue

static void writePng(const char* path, const std::vector<Row>& rows) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(rows[0].size() / 3);
  image.height = static_cast<png_uint_32>(rows.size());
  image.format = PNG_FORMAT_RGB;
  Row pixels;
  for (auto& row : rows)
    pixels.insert(pixels.end(), row.begin(), row.end());
  if (!png_image_write_to_file(&image, path, 0, pixels.data(), 0, nullptr)) {
    std::fprintf(stderr, "cannot write %s: %s\n", path, image.message);
    std::exit(1);
  }
}

static void showProgress(const roam::Progress& progress) {
  constexpr int width = 50;
  int filled = static_cast<int>(width * progress.done / progress.total);
  std::fprintf(stderr, "\r[%.*s%*s] %3d %%", filled,
               "##################################################", width - filled, "",
               static_cast<int>(100 * progress.done / progress.total));
  if (progress.done == progress.total)
    std::fputc('\n', stderr);
}

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "mandelbrot.png";
  int width = argc > 3 ? std::atoi(argv[2]) : 1200, height = argc > 3 ? std::atoi(argv[3]) : 800;
  if (width < 1 || height < 1) {
    std::fprintf(stderr, "width and height must be positive numbers\n");
    return 2;
  }

  roam::Cluster cluster = roam::connect();
  std::vector<int> numbers(static_cast<std::size_t>(height));
  std::iota(numbers.begin(), numbers.end(), 0);

  roam::Options options;
  if (isatty(STDERR_FILENO))
    options.progress = showProgress;
  auto drawRow = [width, height](int y) { // 1
    constexpr int limit = 1000;
    Row row;
    for (int x = 0; x < width; ++x) {
      double cr = 3.0 * x / width - 2.2, ci = 2.4 * y / height - 1.2, zr = 0, zi = 0;
      int steps = 0;
      while (steps < limit && zr * zr + zi * zi < 4) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        ++steps;
      }
      double shade = steps == limit ? 0 : double(steps % 64) / 64;
      row.push_back(static_cast<std::uint8_t>(255 * shade));
      row.push_back(static_cast<std::uint8_t>(255 * shade * shade));
      row.push_back(static_cast<std::uint8_t>(steps == limit ? 0 : 96 + 159 * shade));
    }
    return row;
  };
  writePng(path, cluster.map(numbers, drawRow, options)); // 2
  std::fprintf(stderr, "wrote %s\n", path);
}
