// The slices, fetched one by one and kept up to a limit.

const CACHE_BYTES = 256 * 1024 * 1024;
let cache = new Map();
let cached = 0;
let waiting = new Map();
let generation = 0;

function forgetSlices() {
  generation += 1;
  cache = new Map();
  cached = 0;
}

async function fetchSlice(key, index) {
  const name = `${view.edition}/${key}/${index}`;
  if (cache.has(name)) return cache.get(name);
  if (waiting.has(name)) return waiting.get(name);
  const mine = generation;
  const promise = (async () => {
    const response = await fetch(`study/${view.token}/slice/${name}`);
    if (!response.ok) throw new Error(await response.text());
    const data = new Uint16Array(await response.arrayBuffer());
    if (mine === generation) {
      cache.set(name, data);
      cached += data.byteLength;
      for (const [old, value] of cache) {
        if (cached <= CACHE_BYTES) break;
        cache.delete(old);
        cached -= value.byteLength;
      }
    }
    return data;
  })();
  waiting.set(name, promise);
  try {
    return await promise;
  } finally {
    waiting.delete(name);
  }
}

async function prefetch(plane) {
  const mine = generation;
  const shown = plane.series;
  const from = plane.slice;
  for (let step = 1; step < shown.slices; step++) {
    for (const index of [from + step, from - step]) {
      if (mine !== generation || shown !== plane.series || step > 60) return;
      if (index < 0 || index >= shown.slices) continue;
      try {
        await fetchSlice(shown.key, index);
      } catch {
        return;
      }
    }
  }
}
