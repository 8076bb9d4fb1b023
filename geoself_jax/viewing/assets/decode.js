/** Blocks of numbers over time: the layout is told in viewing/coding.py. */

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
  const base = new Int32Array(numbers * frames); // the root's, in steps
  const order = [...Array(joints).keys()].filter((joint) => joint !== root);
  if (root >= 0) order.unshift(root);
  for (const joint of order) {
    for (let n = 0; n < numbers; n++) {
      const from = head + (joint * numbers + n) * frames;
      let total = 0;
      for (let t = 0; t < frames; t++) {
        let zigzag = bytes[from + t];
        for (let p = 1; p < planes; p++) zigzag |= bytes[from + p * plane + t] << (8 * p);
        total += (zigzag >>> 1) ^ -(zigzag & 1);
        const at = n * frames + t;
        if (joint === root) base[at] = total;
        const steps = root < 0 || joint === root ? total : total + base[at];
        const flag = joint * frames + t;
        const missing = (bytes[flag >> 3] >> (flag & 7)) & 1;
        values[(t * joints + joint) * numbers + n] = missing ? NaN : steps * step;
      }
    }
  }
  return values;
}
