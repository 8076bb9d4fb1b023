/** Decodes blocks of numbers over time: view/compress_numbers.py describes the layout. */

/** The bytes behind a block's text: base64, then zlib. */
async function inflated(text) {
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(text)
    : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The numbers of a block: Float32Array [frame][joint][number], NaN where missing. */
function numbersOf(facts, bytes) {
  const { frames, joints, numbers, step, root, planes } = facts;
  const values = new Float32Array(frames * joints * numbers);
  const head = Math.ceil((frames * joints) / 8);
  const plane = frames * joints * numbers;
  const totals = new Int32Array(joints * numbers); // in steps
  const tile = 256; // frames at a time: what is written together stays near the processor
  const base = new Int32Array(tile); // the root's
  const channels = [...totals.keys()].sort((a, b) => (a % numbers) - (b % numbers) || rank(a) - rank(b));
  function rank(channel) {
    return Math.floor(channel / numbers) === root ? -1 : channel;
  }
  for (let start = 0; start < frames; start += tile) {
    const end = Math.min(start + tile, frames);
    for (const channel of channels) {
      const isRoot = Math.floor(channel / numbers) === root;
      const from = head + channel * frames;
      let total = totals[channel];
      for (let t = start; t < end; t++) {
        let zigzag = bytes[from + t];
        for (let p = 1; p < planes; p++) zigzag |= bytes[from + p * plane + t] << (8 * p);
        total += (zigzag >>> 1) ^ -(zigzag & 1);
        if (isRoot) base[t - start] = total;
        const steps = isRoot || root < 0 ? total : total + base[t - start];
        values[t * joints * numbers + channel] = steps * step;
      }
      totals[channel] = total;
    }
  }
  eraseMissing(values, bytes, frames, joints, numbers);
  return values;
}

function eraseMissing(values, bytes, frames, joints, numbers) {
  for (let flag = 0; flag < frames * joints; flag++) {
    if (flag % 8 === 0 && bytes[flag >> 3] === 0) {
      flag += 7; // eight that are there
    } else if ((bytes[flag >> 3] >> (flag & 7)) & 1) {
      const at = ((flag % frames) * joints + Math.floor(flag / frames)) * numbers;
      values.fill(NaN, at, at + numbers);
    }
  }
}
