"""A process of its own that notes when this machine stood still: nothing else in it is slow. Prints
a line when it ticks, and at the end of its input the pauses in milliseconds since 1970.

ticker.py STEP_MS LATE_MS
"""

import json
import select
import sys
import time


def main():
    step_ms, late_ms = (int(word) for word in sys.argv[1:])
    late = []
    print("ticking", flush=True)
    before = time.time_ns() // 1_000_000
    while not select.select([sys.stdin], [], [], step_ms / 1000)[0]:
        now = time.time_ns() // 1_000_000
        if now - before > step_ms + late_ms:
            late.append((before, now))
        before = now
    print(json.dumps(late))


if __name__ == "__main__":
    main()
