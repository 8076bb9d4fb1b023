/** A scene with its numbers decoded, and what is computed from them. */

/** Decodes a scene; blocks that the scene before had are taken over from it. */
async function openScene(page, index, before) {
  const facts = page.scenes[index];
  const blocks = new Map();
  const read = async (id) => {
    if (id === null) return null;
    const known = blocks.get(id) || (before && before.blocks.get(id));
    const text = () => document.getElementById(`block-${id}`).textContent;
    const values = known || numbersOf(page.blocks[id], await inflated(text()));
    blocks.set(id, values);
    return values;
  };
  const scene = { ...facts, index, blocks, skeleton: page.skeletons[facts.skeleton] };
  scene.joints = scene.skeleton.names.length;
  scene.ids = frameNumbers(facts.frames);
  scene.first = scene.ids.length ? scene.ids[0] : 0;
  scene.last = scene.ids.length ? scene.ids[scene.ids.length - 1] : 0;
  scene.stride = usualStep(scene.ids);
  scene.sources = [];
  for (const source of facts.sources) {
    scene.sources.push({ ...source, points: await read(source.pose), drawn: await read(source.drawn ?? null) });
  }
  scene.pixels = await read(facts.pixels);
  scene.confidence = await read(facts.confidence);
  scene.others = []; // other people's 2D input, over a video
  for (const other of facts.others ?? []) {
    scene.others.push({ pixels: await read(other.pixels), confidence: await read(other.confidence) });
  }
  const rivals = scene.sources.findIndex((_, i) => i !== scene.reference);
  scene.lead = Math.max(rivals, 0);
  measure(scene);
  place(scene);
  return scene;
}

/** Frame numbers from runs of [first, step, count]. */
function frameNumbers(runs) {
  const ids = [];
  for (const [first, step, count] of runs) {
    for (let i = 0; i < count; i++) ids.push(first + i * step);
  }
  return Float64Array.from(ids);
}

/** The median step from one frame to the next: a longer one is a gap. */
function usualStep(ids) {
  const steps = Array.from(ids.subarray(1), (id, i) => id - ids[i]).sort((a, b) => a - b);
  return steps.length ? steps[steps.length >> 1] : 1;
}

/** Row of a frame number, or -1 in a gap. */
function rowAt(scene, frame) {
  const { ids } = scene;
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] <= frame) low = middle + 1;
    else high = middle;
  }
  const row = low - 1;
  return row >= 0 && frame - ids[row] < scene.stride ? row : -1;
}

/** Errors in their unit, relative to the root, NaN where missing; which rows have no pose. */
function measure(scene) {
  const reference = scene.reference === null ? null : scene.sources[scene.reference];
  scene.sources.forEach((source, i) => {
    source.errors = reference && i !== scene.reference ? errorsOf(scene, source, reference) : null;
    source.error = source.errors && rowMeans(source.errors, scene.joints);
    source.missing = missingRows(scene, source.points);
  });
  const judged = scene.sources.filter((source) => source.errors);
  const large = judged.map((source) => quantile(source.errors, 0.97));
  const millimetre = unitsIn(scene, "error") / 1000; // of a human's scene
  scene.worstError = niceOf(Math.max(0, ...large.filter((value) => value === value)), millimetre);
}

function errorsOf(scene, source, reference) {
  const { joints, skeleton } = scene;
  const a = source.points;
  const b = reference.points;
  const errors = new Float32Array(scene.ids.length * joints);
  const factor = unitsIn(scene, "error");
  for (let i = 0; i < errors.length; i++) {
    const root = (i - (i % joints) + skeleton.root) * 3;
    let sum = 0;
    for (let n = 0; n < 3; n++) {
      const difference = a[3 * i + n] - a[root + n] - (b[3 * i + n] - b[root + n]);
      sum += difference * difference;
    }
    errors[i] = factor * Math.sqrt(sum);
  }
  return errors;
}

/** Speed of each joint relative to the root, in the unit of sizes a second, once a source. */
function speedsOf(scene, source) {
  if (source.speeds) return source.speeds;
  const { joints, skeleton, ids, fps } = scene;
  const speeds = new Float32Array(ids.length * joints).fill(NaN);
  const factor = unitsIn(scene, "size");
  const p = source.points;
  for (let row = 1; row < ids.length; row++) {
    const seconds = (ids[row] - ids[row - 1]) / fps;
    if (ids[row] - ids[row - 1] > scene.stride) continue;
    for (let joint = 0; joint < joints; joint++) {
      let sum = 0;
      for (let n = 0; n < 3; n++) {
        const now = p[(row * joints + joint) * 3 + n] - p[(row * joints + skeleton.root) * 3 + n];
        const was =
          p[((row - 1) * joints + joint) * 3 + n] - p[((row - 1) * joints + skeleton.root) * 3 + n];
        sum += (now - was) * (now - was);
      }
      speeds[row * joints + joint] = (factor * Math.sqrt(sum)) / seconds;
    }
  }
  source.speeds = speeds;
  return speeds;
}

/** Mean of each row over what is there. */
function rowMeans(values, width) {
  const means = new Float32Array(values.length / width);
  for (let row = 0; row < means.length; row++) {
    let sum = 0;
    let count = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      if (values[i] === values[i]) {
        sum += values[i];
        count++;
      }
    }
    means[row] = count ? sum / count : NaN;
  }
  return means;
}

/** 1 for each row without any joint. */
function missingRows(scene, points) {
  const rows = new Uint8Array(scene.ids.length).fill(1);
  const width = 3 * scene.joints;
  for (let row = 0; row < rows.length; row++) {
    for (let i = row * width; i < (row + 1) * width && rows[row]; i += 3) {
      if (points[i] === points[i]) rows[row] = 0;
    }
  }
  return rows;
}

/** Length of a bone in a row. */
function boneLength(scene, source, row, [parent, child]) {
  const p = source.points;
  const a = (row * scene.joints + parent) * 3;
  const b = (row * scene.joints + child) * 3;
  return Math.hypot(p[a] - p[b], p[a + 1] - p[b + 1], p[a + 2] - p[b + 2]);
}

/** Mean length of each bone and its standard deviation relative to it, once a source. */
function boneSpread(scene, source) {
  if (!source.bones) {
    source.bones = scene.skeleton.bones.map((bone) => {
      let sum = 0;
      let squares = 0;
      let count = 0;
      for (let row = 0; row < scene.ids.length; row++) {
        const length = boneLength(scene, source, row, bone);
        if (length !== length) continue;
        sum += length;
        squares += length * length;
        count++;
      }
      const mean = sum / count;
      return { mean, spread: Math.sqrt(Math.max(squares / count - mean * mean, 0)) / mean };
    });
  }
  return source.bones;
}

/** Where the floor is, how high the root stands over it, and what the views must hold. */
function place(scene) {
  const { sources, reference, joints, skeleton } = scene;
  const order = [reference, ...sources.keys()].filter((i) => i !== null);
  const anchor = order.find((i) => !sources[i].relative && sources[i].missing.includes(0));
  const anyone = anchor === undefined ? sources[scene.lead] : sources[anchor];
  scene.anchor = anchor === undefined ? null : anyone;
  const p = anyone.points;
  const lows = [];
  const highs = [];
  const roots = [[], [], []];
  const sizes = [];
  const rows = scene.ids.length;
  for (let row = 0; row < rows; row += Math.ceil(rows / 1000) || 1) {
    const root = (row * joints + skeleton.root) * 3;
    let low = Infinity;
    let high = -Infinity;
    let size = 0;
    for (let i = row * joints * 3; i < (row + 1) * joints * 3; i += 3) {
      if (p[i] !== p[i]) continue;
      low = Math.min(low, p[i + 2]);
      high = Math.max(high, p[i + 2]);
      const away = Math.hypot(p[i] - p[root], p[i + 1] - p[root + 1], p[i + 2] - p[root + 2]);
      size = Math.max(size, away || 0);
    }
    if (low === Infinity) continue;
    lows.push(low);
    highs.push(high);
    sizes.push(size);
    for (let n = 0; n < 3; n++) if (p[root + n] === p[root + n]) roots[n].push(p[root + n]);
  }
  scene.floor = quantile(lows, 0.03) || 0;
  scene.tall = Math.min(Math.max(quantile(highs, 0.98) - scene.floor || 1, 0.2), 20);
  scene.size = Math.min(Math.max(quantile(sizes, 0.95) || 1, scene.tall / 2), 20);
  scene.middle = roots.map((values) => quantile(values, 0.5) || 0);
  scene.span = roots.map((values) => [quantile(values, 0.01) || 0, quantile(values, 0.99) || 0]);
}

/** The value below which a share of the numbers lies, of 20,000 of them; NaN of none. */
function quantile(values, share) {
  const some = [];
  const apart = Math.ceil(values.length / 20000);
  for (let i = 0; i < values.length; i += apart) if (values[i] === values[i]) some.push(values[i]);
  const there = Float32Array.from(some).sort();
  return there.length ? there[Math.min(Math.floor(share * there.length), there.length - 1)] : NaN;
}

/** The least round number that is not below a number. */
function niceAbove(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((nice) => nice * power >= value * 0.999);
}
