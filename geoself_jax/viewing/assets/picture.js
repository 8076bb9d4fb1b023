/** The 2D joints in the camera's picture. */

/** Draws a frame's 2D joints, faint where the detector is unsure. */
function drawPicture(canvas, scene, state, row) {
  const { context, width, height } = fresh(canvas);
  const frame = cropped(scene, state.whole);
  const scale = Math.min(width / frame.width, height / frame.height);
  const left = (width - scale * frame.width) / 2 - scale * frame.x;
  const top = (height - scale * frame.height) / 2 - scale * frame.y;
  const [wide, high] = scene.imageSize;
  if (wide && high) {
    context.fillStyle = "#f0f2f5";
    context.strokeStyle = LINE;
    context.lineWidth = 1;
    context.beginPath();
    context.rect(left, top, wide * scale, high * scale);
    context.fill();
    context.stroke();
  }
  const points = row < 0 ? [] : pixelsOf(scene, row).map((p) => p && [left + scale * p[0], top + scale * p[1], p[2]]);
  if (!points.some(Boolean)) {
    return drawGap(context, { x: 0, y: 0, width, height }, "nothing detected in this frame");
  }
  const thick = Math.min(Math.max(scale * frame.height * 0.009, 1.6), 5);
  drawLimbs(context, scene.skeleton, points, thick);
  drawJoints(context, scene.skeleton, points, thick, state.joint);
  return undefined;
}

/** [x, y, confidence] of each joint in pixels, null where missing. */
function pixelsOf(scene, row) {
  return scene.skeleton.names.map((_, joint) => {
    const at = row * scene.joints + joint;
    const [x, y] = scene.pixels.subarray(2 * at, 2 * at + 2);
    const trust = scene.confidence[at];
    return x + y === x + y && trust > 0 ? [x, y, Math.min(trust, 1)] : null;
  });
}

/** The part of the picture to show: where the person ever is, or all of it. */
function cropped(scene, whole) {
  const [wide, high] = scene.imageSize;
  if (whole && wide && high) return { x: 0, y: 0, width: wide, height: high };
  if (!scene.crop) {
    const [xs, ys] = [[], []];
    const rows = scene.ids.length;
    for (let row = 0; row < rows; row += Math.ceil(rows / 3000) || 1) {
      for (const point of pixelsOf(scene, row)) {
        if (!point || point[2] < 0.1) continue;
        xs.push(point[0]);
        ys.push(point[1]);
      }
    }
    scene.crop = boxAround(xs, ys);
  }
  return scene.crop;
}

function boxAround(xs, ys) {
  const [x, right] = [quantile(xs, 0.003) || 0, quantile(xs, 0.997) || 1];
  const [y, bottom] = [quantile(ys, 0.003) || 0, quantile(ys, 0.997) || 1];
  const pad = 0.08 * Math.max(right - x, bottom - y, 1);
  return { x: x - pad, y: y - pad, width: right - x + 2 * pad, height: bottom - y + 2 * pad };
}

function drawLimbs(context, skeleton, points, thick) {
  skeleton.bones.forEach(([parent, child], bone) => {
    const [a, b] = [points[parent], points[child]];
    if (!a || !b) return;
    context.globalAlpha = 0.1 + 0.9 * Math.min(a[2], b[2]);
    stroke(context, a, b, SIDES[skeleton.boneSides[bone]], thick);
  });
}

function drawJoints(context, skeleton, points, thick, chosen) {
  points.forEach((point, joint) => {
    if (!point) return;
    context.globalAlpha = 0.1 + 0.9 * point[2];
    context.fillStyle = SIDES[skeleton.jointSides[joint]];
    context.strokeStyle = joint === chosen ? INK : "#ffffff";
    context.lineWidth = joint === chosen ? 2 : 1;
    context.beginPath();
    context.arc(point[0], point[1], thick * (joint === chosen ? 1.6 : 1.05), 0, 7);
    context.fill();
    context.stroke();
  });
  context.globalAlpha = 1;
}
