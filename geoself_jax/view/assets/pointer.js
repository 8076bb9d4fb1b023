/** Turning and zooming by mouse, touch and keys; the joint under the pointer. */

const START = { azimuth: 0.5, elevation: 0.22, zoom: 1 };

/** Viewpoint at an angle to the camera's, so that depth is visible. */
function startOrbit(scene) {
  const angles = cameraAngles(scene);
  return { ...START, azimuth: (angles ? angles.azimuth : 0) + START.azimuth };
}

function turn(orbit, dx, dy) {
  orbit.azimuth -= dx;
  orbit.elevation = Math.min(Math.max(orbit.elevation + dy, -0.3), Math.PI / 2);
}

function zoomBy(orbit, factor) {
  orbit.zoom = Math.min(Math.max(orbit.zoom * factor, 0.15), 12);
}

/** Lets a canvas be turned by dragging and zoomed by wheel or two fingers. */
function listenToPointers(canvas, state, changed, hover) {
  const held = new Map();
  const apart = () => {
    const [a, b] = [...held.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    hover(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return hover(event);
    const before = held.size === 2 ? apart() : 0;
    const moved = { x: event.clientX - last.x, y: event.clientY - last.y };
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (held.size === 2) zoomBy(state.orbit, apart() / Math.max(before, 1));
    else turn(state.orbit, moved.x * 0.008, moved.y * 0.008);
    hover(null);
    return changed();
  });
  const release = (event) => held.delete(event.pointerId);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomBy(state.orbit, Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0012)));
      changed();
    },
    { passive: false },
  );
}

/** Orbits or zooms by a key; returns whether the key is bound. */
function turnByKey(orbit, key) {
  const turns = { a: [-0.1, 0], d: [0.1, 0], w: [0, 0.1], s: [0, -0.1] };
  const zooms = { "+": 1.15, "=": 1.15, "-": 1 / 1.15 };
  const name = key.toLowerCase();
  if (turns[name]) turn(orbit, ...turns[name]);
  else if (zooms[name]) zoomBy(orbit, zooms[name]);
  else return false;
  return true;
}

/** Text and position of the tooltip of the joint nearest to the pointer, or null. */
function jointAt(scene, seen, row, x, y) {
  let best = null;
  for (const item of seen) {
    const away = Math.hypot(item.point[0] - x, item.point[1] - y);
    if (away < 14 && (!best || away < best.away)) best = { ...item, away };
  }
  if (!best) return null;
  const source = scene.sources[best.source];
  const error = source.errors ? source.errors[row * scene.joints + best.joint] : NaN;
  const words = [scene.skeleton.names[best.joint], source.name];
  if (error === error) words.push(`${figure(error)} ${units.error.symbol}`);
  return { text: words.join(" · "), x: best.point[0], y: best.point[1] };
}
