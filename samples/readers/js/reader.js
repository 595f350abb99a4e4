// Reads through the pointer of a pipeline with `strategy: switch` (docs/switch.md).
'use strict';

class SwitchedContainer {
  constructor(database, pointerId, { pointers = 'spillway-pointers', cacheMs = 30_000 } = {}) {
    this.database = database;
    this.pointer = database.container(pointers).item(pointerId, pointerId);
    this.cacheMs = cacheMs; // far below `sync.switch.keep`
    this.name = undefined;
    this.readAt = 0;
  }

  // Calls `work(container)` once for the whole of one answer: never mix two containers. When a
  // document (undefined, as this client says it), or the container itself, is not there, the pointer
  // may have moved on: it is read again, and the work is done once more if it has.
  async read(work) {
    const name = await this.current();
    const [found, problem] = await attempt(() => work(this.database.container(name)));
    if (!problem && found !== undefined) return found;
    if (problem && problem.code !== 404) throw problem;
    this.name = undefined;
    if ((await this.current()) !== name) return work(this.database.container(this.name));
    if (problem) throw problem;
    return undefined;
  }

  async current() {
    if (this.name === undefined || Date.now() - this.readAt > this.cacheMs) {
      const { resource } = await this.pointer.read();
      if (!resource) throw new Error('there is no pointer yet: nothing was ever switched to');
      this.name = resource.container;
      this.readAt = Date.now();
    }
    return this.name;
  }
}

async function attempt(work) {
  try {
    return [await work(), undefined];
  } catch (problem) {
    return [undefined, problem];
  }
}

module.exports = { SwitchedContainer };
