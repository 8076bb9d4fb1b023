/** Error, or speed where there is no reference, over time; a click goes there. */

const EDGE = 8; // pixels at the right end: half the slider's thumb
const SCALE = 44; // pixels at the left end, where the numbers stand; viewer.css moves the slider as far

/** What the curve shows: a name, a unit, and numbers a row for each of some sources. */
function curveOf(scene, state) {
  const judged = scene.sources.some((source) => source.errors);
  const lines = [];
  scene.sources.forEach((source, i) => {
    if (!state.shown[i] || (judged && !source.errors)) return;
    const all = judged ? source.errors : speedsOf(scene, source);
    const means = () => source.error || meansOnce(source, all, scene.joints);
    const values = state.joint === null ? means() : column(all, scene.joints, state.joint);
    lines.push({ name: source.name, color: sourceColor(scene, i), values });
  });
  const what = judged ? `error, ${units.error.symbol}` : `speed, ${units.size.symbol}/s`;
  const joint = state.joint === null ? "mean of the joints" : scene.skeleton.names[state.joint];
  const one = judged ? unitsIn(scene, "error") / 1000 : unitsIn(scene, "size");
  return { lines, one, name: `${what}, relative to the root: ${joint}` };
}

function meansOnce(source, all, joints) {
  if (!source.means) source.means = rowMeans(all, joints);
  return source.means;
}

function column(values, width, at) {
  return Float32Array.from({ length: values.length / width }, (_, row) => values[row * width + at]);
}

/** The curve without the playhead, on a canvas of its own that is kept until something changes. */
function drawCurveBase(kept, scene, state, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const key = [scene.index, width, height, ratio, state.joint, state.shown].join();
  if (kept.key === key) return kept;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const { lines, one, name } = curveOf(scene, state);
  const tops = lines.map(({ values }) => quantile(values, 0.995)).filter((top) => top > 0);
  const top = niceOf(Math.max(...tops, 0) * 1.05, one);
  const plot = { x: SCALE, y: 8, width: width - SCALE - EDGE, height: height - 26 };
  drawGaps(context, scene, plot);
  drawGrid(context, plot);
  for (const line of [...lines].reverse()) drawSeries(context, scene, plot, top, line);
  drawMarks(context, scene, plot);
  drawTicks(context, scene, plot, top);
  Object.assign(kept, { key, canvas });
  nameCurve(name, lines);
  return kept;
}

/** Says what the curve is, each source in its line's colour. */
function nameCurve(name, lines) {
  const named = lines.map((line) => {
    const made = element("b", "", line.name);
    made.style.color = line.color;
    return made;
  });
  byId("curve-name").replaceChildren(name, ...(named.length > 1 ? named : []));
}

/** Pixels from the left where a frame number is. */
function acrossOf(scene, plot, frame) {
  return plot.x + (plot.width * (frame - scene.first)) / Math.max(scene.last - scene.first, 1);
}

/** Where no pose is, hatched. */
function drawGaps(context, scene, plot) {
  const source = scene.sources[scene.lead];
  context.fillStyle = FAINT;
  const shade = (from, to) => {
    const x = acrossOf(scene, plot, from);
    context.fillRect(x, plot.y, Math.max(acrossOf(scene, plot, to) - x, 1), plot.height);
  };
  let start = null;
  scene.ids.forEach((id, row) => {
    if (row && id - scene.ids[row - 1] > scene.stride) shade(scene.ids[row - 1] + scene.stride, id);
    if (source.missing[row] && start === null) start = id;
    if (!source.missing[row] && start !== null) {
      shade(start, id);
      start = null;
    }
  });
  if (start !== null) shade(start, scene.last);
}

/** Below the curve, where joints were filled or their detections rejected. */
function drawMarks(context, scene, plot) {
  const bars = [
    [scene.filled, OTHERS[2]],
    [scene.rejected, OTHERS[1]],
  ];
  bars.forEach(([stretches, color], line) => {
    context.fillStyle = color;
    for (const [from, to] of stretches) {
      const [x, end] = [from, to].map((row) => acrossOf(scene, plot, scene.ids[row]));
      const y = plot.y + plot.height + 1 + 2 * line;
      context.fillRect(x, y, Math.max(end - x, 2), 2);
    }
  });
}

function drawGrid(context, plot) {
  for (const share of [0, 0.5, 1]) {
    const y = plot.y + plot.height * (1 - share);
    drawLine(context, [plot.x, y], [plot.x + plot.width, y], share ? FAINT : LINE, 1);
  }
}

function drawTicks(context, scene, plot, top) {
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const y = plot.y + plot.height * (1 - share) + 4;
    label(context, `${+(top * share).toPrecision(3)}`, plot.x - 6, y, plot.x - 8, SOFT, "11px");
  }
  const seconds = (scene.last - scene.first) / scene.fps;
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200];
  const step = steps.find((size) => seconds / size <= plot.width / 70) || seconds;
  for (let k = 0; k * step <= seconds && step > 0; k++) {
    const x = plot.x + (plot.width * k * step) / seconds;
    const words = clock(k * step, step < 1 ? 1 : 0);
    context.textAlign = k ? (x > plot.x + plot.width - 16 ? "right" : "center") : "left";
    label(context, words, x, plot.y + plot.height + 16, 60, SOFT, "11px");
  }
  context.textAlign = "left";
}

/** A line; where many frames share a pixel, their mean, and behind it all that they span. */
function drawSeries(context, scene, plot, top, { values, color }) {
  const high = (value) => plot.y + plot.height * (1 - Math.min(value / top, 1));
  const stretches = stretchesOf(scene, plot, values);
  context.fillStyle = color;
  context.globalAlpha = 0.22;
  for (const stretch of stretches) {
    context.beginPath();
    stretch.forEach(({ x, most }) => context.lineTo(x, high(most)));
    [...stretch].reverse().forEach(({ x, least }) => context.lineTo(x, high(least)));
    context.fill();
  }
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1.4;
  context.beginPath();
  for (const stretch of stretches) {
    const { x, sum, count } = stretch[0];
    context.moveTo(x - 0.5, high(sum / count)); // a lone frame is a dot
    for (const column of stretch) context.lineTo(column.x, high(column.sum / column.count));
  }
  context.stroke();
}

/** Columns of pixels with what their frames span, in stretches without a gap. */
function stretchesOf(scene, plot, values) {
  const stretches = [];
  let open = null;
  values.forEach((value, row) => {
    if (row && scene.ids[row] - scene.ids[row - 1] > scene.stride) open = null;
    if (value !== value) {
      open = null;
      return;
    }
    if (!open) stretches.push((open = []));
    const x = Math.round(acrossOf(scene, plot, scene.ids[row]));
    const last = open[open.length - 1];
    if (last && last.x === x) {
      last.least = Math.min(last.least, value);
      last.most = Math.max(last.most, value);
      last.sum += value;
      last.count++;
    } else {
      open.push({ x, least: value, most: value, sum: value, count: 1 });
    }
  });
  return stretches;
}

/** Draws the curve and where the player stands. */
function drawCurve(canvas, kept, scene, state) {
  const { context, width, height } = fresh(canvas);
  const base = drawCurveBase(kept, scene, state, width, height);
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0); // pixel by pixel: a fraction of one would blur it
  context.drawImage(base.canvas, 0, 0);
  context.restore();
  const plot = { x: SCALE, width: width - SCALE - EDGE };
  const x = acrossOf(scene, plot, state.frame);
  drawLine(context, [x, 4], [x, height - 18], ACCENT, 1.5);
}

/** Frame number at a place on the curve. */
function frameAcross(canvas, scene, clientX) {
  const { left, width } = canvas.getBoundingClientRect();
  const share = (clientX - left - SCALE) / (width - SCALE - EDGE);
  const frame = scene.first + Math.min(Math.max(share, 0), 1) * (scene.last - scene.first);
  return Math.round(frame);
}

/** Minutes and seconds. */
function clock(seconds, digits = 2) {
  const rounded = +seconds.toFixed(digits);
  const minutes = Math.floor(rounded / 60);
  const rest = (rounded - 60 * minutes).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? digits + 3 : 2, "0")}`;
}
