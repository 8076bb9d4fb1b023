/** The 2D joints in the camera's image. */

/** Draws a frame's 2D joints, faint where the confidence is low. */
function drawDetections(canvas, scene, state, row) {
  const { context, width, height } = fresh(canvas);
  const frame = cropped(scene, state.whole, row);
  const scale = Math.min(width / frame.width, height / frame.height);
  const left = (width - scale * frame.width) / 2 - scale * frame.x;
  const top = (height - scale * frame.height) / 2 - scale * frame.y;
  const [wide, high] = scene.imageSize;
  if (wide && high) {
    context.fillStyle = FAINT;
    context.strokeStyle = LINE;
    context.lineWidth = 1;
    context.beginPath();
    context.rect(left, top, wide * scale, high * scale);
    context.fill();
    context.stroke();
    if (scene.video) drawFilm(context, left, top, wide * scale, high * scale);
  }
  const thick = Math.min(Math.max(scale * frame.height * 0.009, 1.6), 5);
  if (scene.video && row >= 0) drawOnFilm(context, scene, state, row, [left, top, scale], thick);
  const placed = (p) => p && [left + scale * p[0], top + scale * p[1], p[2]];
  const points = row < 0 ? [] : pixelsOf(scene, row).map(placed);
  for (const other of row < 0 ? [] : scene.others) {
    drawRings(context, scene.skeleton, pixelsOf(scene, row, other).map(placed), thick, state.joint);
  }
  if (!points.some(Boolean)) {
    return scene.video || drawGap(context, { x: 0, y: 0, width, height }, "nothing detected in this frame");
  }
  if (scene.video) return drawRings(context, scene.skeleton, points, thick, state.joint);
  drawLimbs(context, scene.skeleton, points, thick);
  drawJoints(context, scene.skeleton, points, thick, state.joint);
  return undefined;
}

/** [x, y, confidence] of each joint in pixels, null where missing. */
function pixelsOf(scene, row, seen = scene) {
  return scene.skeleton.names.map((_, joint) => {
    const at = row * scene.joints + joint;
    const [x, y] = seen.pixels.subarray(2 * at, 2 * at + 2);
    const trust = seen.confidence[at];
    return x + y === x + y && trust > 0 ? [x, y, Math.min(trust, 1)] : null;
  });
}

/** The crop to show: the whole image, the extent of all frames, or the person in this one. */
function cropped(scene, whole, row) {
  const [wide, high] = scene.imageSize;
  if (!scene.crop) Object.assign(scene, everSeen(scene));
  if ((whole || !scene.detected) && wide && high) return { x: 0, y: 0, width: wide, height: high };
  const { crop, near } = scene;
  const middle = Math.max(crop.width, crop.height) > 1.6 * near && row >= 0 && middleAround(scene, row);
  if (!middle) return crop;
  return { x: middle[0] - near / 2, y: middle[1] - near / 2, width: near, height: near };
}

/** Joints of high confidence, as [xs, ys]. */
function sureAt(scene, row) {
  const points = pixelsOf(scene, row).filter((point) => point && point[2] >= 0.1);
  return [0, 1].map((n) => points.map((point) => point[n]));
}

/** Bounding box over all frames, and the size of one that fits the joints of nearly every frame. */
function everSeen(scene) {
  const [xs, ys, sizes] = [[], [], []];
  const rows = scene.ids.length;
  for (let row = 0; row < rows; row += Math.ceil(rows / 700) || 1) {
    const [x, y] = sureAt(scene, row);
    if (!x.length) continue;
    xs.push(...x);
    ys.push(...y);
    sizes.push(Math.max(...x) - Math.min(...x), Math.max(...y) - Math.min(...y));
  }
  return { detected: xs.length > 0, crop: boxAround(xs, ys), near: 1.35 * (quantile(sizes, 0.97) || 1) };
}

/** Mean position of the joints within half a second of a row. */
function middleAround(scene, row) {
  const around = Math.ceil(scene.fps / scene.stride / 2);
  const means = [];
  for (let near = row - around; near <= row + around; near++) {
    const there = near >= 0 && near < scene.ids.length ? sureAt(scene, near) : [[]];
    if (there[0].length) means.push(there.map((v) => (Math.max(...v) + Math.min(...v)) / 2));
  }
  const mean = (n) => means.reduce((sum, middle) => sum + middle[n], 0) / means.length;
  return means.length ? [mean(0), mean(1)] : null;
}

function boxAround(xs, ys) {
  const [x, right] = [quantile(xs, 0.003) || 0, quantile(xs, 0.997) || 1];
  const [y, bottom] = [quantile(ys, 0.003) || 0, quantile(ys, 0.997) || 1];
  const pad = 0.08 * Math.max(right - x, bottom - y, 1);
  return { x: x - pad, y: y - pad, width: right - x + 2 * pad, height: bottom - y + 2 * pad };
}

/** The lifted poses where the video shows them: the first source in colours, the others thin. */
function drawOnFilm(context, scene, state, row, [left, top, scale], thick) {
  scene.sources.forEach((source, i) => {
    if (!source.drawn || !state.shown[i]) return;
    const lead = i === scene.lead;
    const point = (joint) => {
      const at = 2 * (row * scene.joints + joint);
      return [left + scale * source.drawn[at], top + scale * source.drawn[at + 1]];
    };
    scene.skeleton.bones.forEach(([parent, child], bone) => {
      const [a, b] = [point(parent), point(child)];
      if (a[0] + b[0] !== a[0] + b[0]) return;
      if (lead) drawLine(context, a, b, "#ffffff", 1.6 * thick);
      drawLine(context, a, b, lead ? LIGHT.SIDES[scene.skeleton.boneSides[bone]] : "#f0e442", lead ? thick : 0.6 * thick);
    });
  });
}

/** The 2D input over a video: a ring a joint, so that what is under it is seen. */
function drawRings(context, skeleton, points, thick, chosen) {
  points.forEach((point, joint) => {
    if (!point) return;
    context.globalAlpha = 0.1 + 0.9 * point[2];
    context.fillStyle = "#ffffff";
    context.strokeStyle = LIGHT.SIDES[skeleton.jointSides[joint]];
    context.lineWidth = joint === chosen ? 3.5 : 2;
    context.beginPath();
    context.arc(point[0], point[1], thick * (joint === chosen ? 1.6 : 1), 0, 7);
    context.fill();
    context.stroke();
  });
  context.globalAlpha = 1;
}

function drawLimbs(context, skeleton, points, thick) {
  skeleton.bones.forEach(([parent, child], bone) => {
    const [a, b] = [points[parent], points[child]];
    if (!a || !b) return;
    context.globalAlpha = 0.1 + 0.9 * Math.min(a[2], b[2]);
    drawLine(context, a, b, SIDES[skeleton.boneSides[bone]], thick);
  });
}

function drawJoints(context, skeleton, points, thick, chosen) {
  points.forEach((point, joint) => {
    if (!point) return;
    context.globalAlpha = 0.1 + 0.9 * point[2];
    context.fillStyle = SIDES[skeleton.jointSides[joint]];
    context.strokeStyle = joint === chosen ? INK : CARD;
    context.lineWidth = joint === chosen ? 2 : 1;
    context.beginPath();
    context.arc(point[0], point[1], thick * (joint === chosen ? 1.6 : 1.05), 0, 7);
    context.fill();
    context.stroke();
  });
  context.globalAlpha = 1;
}
