/** How 3D becomes 2D: a viewer who goes round a point, z up. */

const FIELD = Math.tan((17 * Math.PI) / 180); // half the view's height at distance 1

const WIDE = 1.5; // a body is taller than it is wide

/** A viewer's axes. Azimuth 0 looks along y; the angles are radians. */
function viewer(orbit, target, reach) {
  const { azimuth, elevation, zoom } = orbit;
  const away = [Math.sin(azimuth) * -1, Math.cos(azimuth)]; // on the floor, from the viewer
  const [ce, se] = [Math.cos(elevation), Math.sin(elevation)];
  return {
    target,
    distance: (reach / FIELD) * 1.05 / zoom,
    right: [Math.cos(azimuth), Math.sin(azimuth), 0],
    up: [away[0] * se, away[1] * se, ce],
    back: [-away[0] * ce, -away[1] * ce, se], // to the viewer
  };
}

/** Place in a box of pixels: [x, y, depth, pixels a length of 1]; depth <= 0 is behind the viewer. */
function seenAt(view, box, x, y, z) {
  const dx = x - view.target[0];
  const dy = y - view.target[1];
  const dz = z - view.target[2];
  const { right, up, back } = view;
  const depth = view.distance - (dx * back[0] + dy * back[1] + dz * back[2]);
  const scale = (Math.min(box.height, box.width * WIDE) / 2 / FIELD) / Math.max(depth, 1e-3);
  return [
    box.x + box.width / 2 + scale * (dx * right[0] + dy * right[1]),
    box.y + box.height / 2 - scale * (dx * up[0] + dy * up[1] + dz * up[2]),
    depth,
    scale,
  ];
}

/** Where a source's joints are drawn: what is added to its points in a row. */
function shift(scene, source, row, together) {
  const { anchor, joints, skeleton } = scene;
  const at = (row * joints + skeleton.root) * 3;
  const root = source.points.subarray(at, at + 3);
  const led = anchor && anchor.points.subarray(at, at + 3);
  const known = led && led[2] === led[2];
  if (!together && !source.relative) return [0, 0, -scene.floor];
  if (!together && known) return [led[0], led[1], led[2] - scene.floor];
  const height = anchor ? (known ? led[2] : scene.middle[2]) - scene.floor : -scene.floor;
  return [-root[0], -root[1], height - root[2]];
}

/** Direction on the floor and height angle from the person to the camera; null if not known. */
function cameraAngles(scene) {
  const { camera, middle } = scene;
  if (!camera || !camera.forward) return null;
  const there = camera.center && scene.anchor;
  const to = there ? camera.center.map((c, i) => c - middle[i]) : camera.forward.map((c) => -c);
  const flat = Math.hypot(to[0], to[1]);
  return { azimuth: Math.atan2(to[0], -to[1]), elevation: Math.atan2(to[2], flat) };
}
