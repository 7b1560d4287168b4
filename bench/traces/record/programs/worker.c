/* A worker that serves pretended requests, ten each tenth of a second, and keeps
 * what its mechanism keeps. Each time it prints: requests served, bytes leaked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 4000 };
static char *slots[SLOTS];

static char *touched(size_t size) {
	char *p = malloc(size);
	if (p == NULL)
		exit(1);
	memset(p, 1, size);
	return p;
}

int main(int argc, char **argv) {
	if (argc < 3)
		return 2;
	const char *mechanism = argv[1];
	size_t size = strtoul(argv[2], NULL, 10);
	unsigned long served = 0, leaked = 0, seed = 1;
	for (;;) {
		for (int i = 0; i < 10; i++) {
			served++;
			if (strcmp(mechanism, "malloc") == 0) {
				slots[0] = touched(size); /* the one before is lost */
				leaked += size;
			} else if (strcmp(mechanism, "fragments") == 0) {
				/* Sizes that change leave holes that the next does not fit in. */
				for (int k = 0; k < 8; k++) {
					seed = seed * 6364136223846793005UL + 1442695040888963407UL;
					unsigned long slot = (seed >> 33) % SLOTS;
					free(slots[slot]);
					slots[slot] = touched(256 + (seed >> 40) % (2 * size));
				}
			} else if (strcmp(mechanism, "clean") == 0) {
				free(touched(size));
			} else {
				return 2;
			}
		}
		printf("%lu %lu\n", served, leaked);
		fflush(stdout);
		usleep(100000);
	}
}
