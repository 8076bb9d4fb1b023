/** Time: where the player stands, and how it moves. */

/** Moves to a frame number within the scene. */
function goTo(state, scene, frame) {
  state.frame = Math.min(Math.max(frame, scene.first), scene.last);
}

/** Moves on by the time since the last call; from the end it starts again. */
function advance(state, scene, now) {
  const seconds = Math.min((now - state.ticked) / 1000, 0.25);
  state.ticked = now;
  const next = state.frame + seconds * state.speed * scene.fps;
  state.frame = next > scene.last + 1 ? scene.first : next;
}

/** Frame before or after, of those that are there. */
function stepped(state, scene, by) {
  const row = rowAt(scene, state.frame);
  const { ids } = scene;
  if (row < 0) {
    const next = ids.findIndex((id) => id > state.frame);
    return ids[Math.max(by > 0 ? next : next - 1, 0)];
  }
  return ids[Math.min(Math.max(row + by, 0), ids.length - 1)];
}

/** Frame number of the posture farthest from the clip's usual one, once a scene: where it opens. A
 * posture counts by its neighbours too, so that one frame lifted wrongly is not it. */
function tellingFrame(scene) {
  if (scene.telling === undefined) scene.telling = farthestPosture(scene) ?? scene.first;
  return scene.telling;
}

/** The row whose joints' heights and distances from the vertical through the root are the farthest
 * from their means: a body that only turns round keeps them. */
function farthestPosture(scene) {
  const { points } = scene.sources[scene.reference ?? scene.lead];
  const { joints, skeleton } = scene;
  const rows = scene.ids.length;
  const found = new Float64Array(2 * joints * rows);
  for (let row = 0; row < rows; row++) {
    const root = (row * joints + skeleton.root) * 3;
    for (let joint = 0; joint < joints; joint++) {
      const at = (row * joints + joint) * 3;
      const [x, y, z] = [0, 1, 2].map((n) => points[at + n] - points[root + n]);
      found.set([z, Math.hypot(x, y)], 2 * (row * joints + joint));
    }
  }
  const means = columnMeans(found, 2 * joints);
  const away = Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0; // NaN where a joint is missing: such a posture does not open the scene
    for (let i = 0; i < 2 * joints; i++) sum += means[i] === means[i] ? (found[row * 2 * joints + i] - means[i]) ** 2 : 0;
    return Math.sqrt(sum);
  });
  let best = null;
  let most = -1;
  scene.ids.forEach((id, row) => {
    const near = away.subarray(Math.max(row - 2, 0), row + 3);
    const mean = near.reduce((sum, value) => sum + value, 0) / near.length;
    if (mean > most) [best, most] = [id, mean];
  });
  return best;
}

/** Frame number where the first judged source that is shown is worst, or null. */
function worstFrame(scene, state) {
  const source = scene.sources.find((one, i) => one.error && state.shown[i]);
  if (!source) return null;
  let worst = -1;
  source.error.forEach((error, row) => {
    if (error === error && (worst < 0 || error > source.error[worst])) worst = row;
  });
  return worst < 0 ? null : scene.ids[worst];
}
