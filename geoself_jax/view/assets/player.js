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
