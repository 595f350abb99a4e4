/* The one function of a newer C library that the portable programs would need: libstdc++'s
 * random_device, as Debian 12 builds it, takes its numbers from arc4random (glibc 2.36). */
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

uint32_t arc4random(void) {
  uint32_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) abort();
  return number;
}
