/** The 3D view: floor, shadows, skeletons. */

/** Draws all visible sources; returns the projected joints, for the pointer. */
function drawBody(canvas, scene, state, row) {
  const { context, width, height } = fresh(canvas);
  const shown = scene.sources.map((_, i) => i).filter((i) => state.shown[i]);
  const viewports = state.layout === "side" && shown.length > 1 ? shown.map((i) => [i]) : [shown];
  const boxes = tiles(viewports.length, width, height);
  const view = viewer(state.orbit, ...heldIn(scene, state));
  const seen = [];
  viewports.forEach((sources, n) => {
    const box = boxes[n];
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.width, box.height);
    context.clip();
    drawViewport(context, scene, state, row, { view, box, sources, alone: sources.length === 1 }, seen);
    context.restore();
    if (viewports.length > 1) drawHead(context, box, scene.sources[sources[0]].name, n);
  });
  drawUp(context, view, height);
  return seen;
}

/** Boxes of equal size, as large as possible. */
function tiles(count, width, height) {
  let best = { size: 0, columns: 1 };
  for (let columns = 1; columns <= count; columns++) {
    const size = Math.min((width / columns) * WIDE, height / Math.ceil(count / columns));
    if (size > best.size) best = { size, columns };
  }
  const [w, h] = [width / best.columns, height / Math.ceil(count / best.columns)];
  return [...Array(count).keys()].map((n) => ({
    x: (n % best.columns) * w,
    y: Math.floor(n / best.columns) * h,
    width: w,
    height: h,
  }));
}

/** The viewpoint's target and the radius that must be visible around it. */
function heldIn(scene, state) {
  const reach = scene.size * 1.12;
  const { span, anchor } = scene;
  const height = 0.49 * scene.tall;
  if (state.place === "together" || !anchor) return [[0, 0, height], reach];
  const half = Math.hypot(span[0][1] - span[0][0], span[1][1] - span[1][0]) / 2;
  const center = [(span[0][0] + span[0][1]) / 2, (span[1][0] + span[1][1]) / 2];
  return [[...center, height], reach + half * 0.6];
}

function drawViewport(context, scene, state, row, viewport, seen) {
  const { view, box, sources } = viewport;
  const together = state.place === "together";
  drawFloor(context, scene, view, box, together);
  if (row < 0) return drawGap(context, box, "no frame here");
  const pieces = [];
  let any = false;
  for (const i of sources) {
    const points = seenPoints(scene, i, row, view, box, together);
    if (!points.some(Boolean)) continue;
    any = true;
    drawShadow(context, scene, i, row, view, box, together);
    addPieces(pieces, scene, state, viewport, i, row, points);
    points.forEach((point, joint) => point && seen.push({ source: i, joint, point }));
  }
  if (!any) return drawGap(context, box, "no pose in this frame");
  if (state.paint === "error" && !viewport.alone) addWhiskers(pieces, scene, state, row, seen);
  pieces.sort((a, b) => b.depth - a.depth).forEach((piece) => piece.draw(context));
  return undefined;
}

/** Projects each joint of a source; null where missing. */
function seenPoints(scene, i, row, view, box, together, flat = false) {
  const source = scene.sources[i];
  const add = shift(scene, source, row, together);
  return scene.skeleton.names.map((_, joint) => {
    const at = (row * scene.joints + joint) * 3;
    const [x, y, z] = [0, 1, 2].map((n) => source.points[at + n] + add[n]);
    if (x + y + z !== x + y + z) return null;
    const point = seenAt(view, box, x, y, flat ? 0 : z);
    return point[2] > 0.05 ? point : null;
  });
}

function drawShadow(context, scene, i, row, view, box, together) {
  const points = seenPoints(scene, i, row, view, box, together, true);
  for (const [parent, child] of scene.skeleton.bones) {
    const [a, b] = [points[parent], points[child]];
    if (a && b) drawLine(context, a, b, SHADOW, Math.max(0.018 * a[3], 1));
  }
}

/** Bones and joints to draw, each with its depth. */
function addPieces(pieces, scene, state, viewport, i, row, points) {
  const { skeleton } = scene;
  const secondary = i !== scene.lead && !viewport.alone; // thin, so that the first stays visible
  const thick = (point) => Math.min(Math.max(0.028 * point[3], 1.6), 9) * (secondary ? 0.5 : 1);
  const paints = painter(scene, state, viewport, i, row);
  skeleton.bones.forEach(([parent, child], bone) => {
    const [a, b] = [points[parent], points[child]];
    if (!a || !b) return;
    const cut = (from, to) => [0, 1].map((n) => from[n] + 0.2 * (to[n] - from[n]));
    const draw = (context) => {
      const wide = thick(a);
      drawLine(context, cut(a, b), cut(b, a), PAPER, wide + Math.min(0.6 * wide, 2.5));
      drawLine(context, a, b, paints.bone(bone, child), wide);
    };
    pieces.push({ depth: (a[2] + b[2]) / 2, draw });
  });
  points.forEach((point, joint) => {
    if (!point) return;
    const chosen = state.joint === joint;
    const radius = thick(point) * (chosen ? 1.5 : 0.8);
    const draw = (context) => {
      context.fillStyle = paints.joint(joint);
      context.strokeStyle = chosen ? INK : PAPER;
      context.lineWidth = chosen ? 2 : Math.min(0.3 * radius, 1.2);
      context.beginPath();
      context.arc(point[0], point[1], radius, 0, 7);
      context.fill();
      context.stroke();
    };
    pieces.push({ depth: point[2] - 0.01, draw });
  });
}

/** Returns the colours of a source's bones and joints. */
function painter(scene, state, viewport, i, row) {
  const { skeleton, joints } = scene;
  const { errors } = scene.sources[i];
  if (state.paint === "error" && errors) {
    const of = (joint) => {
      const error = errors[row * joints + joint];
      return error === error ? rampColor(error / scene.worstError) : LINE;
    };
    return { bone: (_, child) => of(child), joint: of };
  }
  if ((i === scene.lead || viewport.alone) && state.paint !== "error") {
    const { boneSides, jointSides } = skeleton;
    return { bone: (bone) => SIDES[boneSides[bone]], joint: (joint) => SIDES[jointSides[joint]] };
  }
  const plain = i === scene.lead ? INK : sourceColor(scene, i);
  return { bone: () => plain, joint: () => plain };
}

/** Thin lines from each joint to where the reference has it. */
function addWhiskers(pieces, scene, state, row, seen) {
  const targets = new Map(
    seen.filter((s) => s.source === scene.reference).map((s) => [s.joint, s.point]),
  );
  for (const { source, joint, point } of seen) {
    const { errors } = scene.sources[source];
    const target = targets.get(joint);
    if (!errors || !target) continue;
    const color = rampColor(errors[row * scene.joints + joint] / scene.worstError);
    pieces.push({ depth: point[2], draw: (context) => drawLine(context, point, target, color, 1) });
  }
}

/** Extent of the floor, its squares' side, half a metre under people or more on a large floor. */
function floorOf(scene, together) {
  const near = Math.max(1.5, Math.ceil(scene.size * 2) / 2);
  const still = together || !scene.anchor;
  const range = [0, 1].map((n) => {
    const [low, high] = still ? [0, 0] : scene.span[n];
    return [low - near, high + near];
  });
  const widest = Math.max(...range.map(([low, high]) => high - low));
  const cell = [0.5, 1, 2, 5, 10, 50, 100].find((size) => widest / size <= 24) || widest / 20;
  return { near, still, range, cell };
}

/** Draws the floor in squares, and the camera. */
function drawFloor(context, scene, view, box, together) {
  const { near, still, range, cell } = floorOf(scene, together);
  const [xs, ys] = range.map(([low, high]) => {
    const ticks = [];
    for (let k = Math.floor(low / cell); k <= Math.ceil(high / cell); k++) ticks.push(k * cell);
    return ticks;
  });
  const corner = (x, y) => seenAt(view, box, x, y, 0);
  const line = (x1, y1, x2, y2) => {
    const [a, b] = [corner(x1, y1), corner(x2, y2)];
    if (a[2] > 0.05 && b[2] > 0.05) drawLine(context, a, b, LINE, 1);
  };
  for (const x of xs) line(x, ys[0], x, ys[ys.length - 1]);
  for (const y of ys) line(xs[0], y, xs[xs.length - 1], y);
  drawCamera(context, scene, view, box, still, near);
}

/** Draws the camera as a small pyramid: at its centre, or at the floor's edge on its side. */
function drawCamera(context, scene, view, box, still, near) {
  const { camera, floor } = scene;
  const angles = cameraAngles(scene);
  if (!angles) return;
  const { azimuth, elevation } = angles;
  const at = still || !camera.center
    ? [Math.sin(azimuth) * near, -Math.cos(azimuth) * near, Math.tan(elevation) * near + 0.9]
    : [camera.center[0], camera.center[1], camera.center[2] - floor];
  const ahead = still || !camera.center
    ? [-Math.sin(azimuth), Math.cos(azimuth), 0]
    : camera.forward;
  const flat = Math.hypot(ahead[0], ahead[1]) || 1;
  const right = [ahead[1] / flat, -ahead[0] / flat, 0];
  const up = [-ahead[0] * ahead[2] / flat, -ahead[1] * ahead[2] / flat, flat];
  const tip = seenAt(view, box, ...at);
  const ends = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([a, b]) =>
    seenAt(view, box, ...at.map((p, n) => p + 0.2 * ahead[n] + 0.1 * a * right[n] + 0.075 * b * up[n])),
  );
  if ([tip, ...ends].some((point) => point[2] < 0.1)) return;
  ends.forEach((end, n) => {
    drawLine(context, tip, end, GREY, 1.2);
    drawLine(context, end, ends[(n + 1) % 4], GREY, 1.2);
  });
  const low = Math.max(...ends.map((end) => end[1]), tip[1]);
  label(context, "camera", tip[0], low + 14, 80, GREY, "11px");
}

function drawGap(context, box, words) {
  context.textAlign = "center";
  label(context, words, box.x + box.width / 2, box.y + box.height / 2, box.width - 20);
  context.textAlign = "left";
}

function drawHead(context, box, words, n) {
  if (n) drawLine(context, [box.x, box.y + 8], [box.x, box.y + box.height - 8], LINE, 1);
  label(context, words, box.x + 12, box.y + 20, box.width - 24, INK, "600 12px");
}

/** Draws the up direction in the corner. */
function drawUp(context, view, height) {
  const from = [24, height - 20];
  const to = [from[0], from[1] - 34 * Math.max(view.up[2], 0.08)];
  drawLine(context, from, to, SOFT, 1.6);
  drawLine(context, [to[0] - 4, to[1] + 5], to, SOFT, 1.6);
  drawLine(context, [to[0] + 4, to[1] + 5], to, SOFT, 1.6);
  label(context, "up", to[0] + 8, to[1] + 8, 40, SOFT, "11px");
}
