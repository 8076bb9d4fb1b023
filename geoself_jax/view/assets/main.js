/** The page: what is open, what is drawn when. */

const state = {
  frame: 0,
  playing: false,
  speed: 1,
  ticked: 0,
  shown: [],
  layout: "over",
  place: null, // until the user says, each scene's own
  paint: "sides",
  joint: null,
  whole: false,
  orbit: { ...START },
};
const kept = {};
let page = null;
let scene = null;
let seenJoints = [];
let updates = [];
let drawn = {};
let markOpen = () => {};
let waiting = false;
let asked = 0;

/** Asks for everything to be drawn when the screen is next. */
function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}

function draw(now) {
  waiting = false;
  if (state.playing && filmLeads()) followFilm();
  else if (state.playing) advance(state, scene, now);
  if (!filmLeads()) showInFilm(state.frame);
  const row = rowAt(scene, state.frame);
  const how = { ...state, place: placed() };
  seenJoints = drawBody(byId("body"), scene, how, row);
  if (scene.pixels) drawDetections(byId("picture"), scene, state, row);
  drawCurve(byId("curve"), kept, scene, state);
  if (drawn.row !== row || drawn.joint !== state.joint) updates.forEach((update) => update(row));
  drawn = { row, joint: state.joint };
  if (page.joints) drawBoxes(byId("boxes"), page.joints);
  showTime();
  if (state.playing) changed();
}

/** Poses of unlike depth are compared with their roots together; a lone one moves about. */
function placed() {
  const apart = scene.reference === null && scene.sources.every((source) => !source.relative);
  return state.place ?? (apart ? "absolute" : "together");
}

function showTime() {
  const frame = Math.floor(state.frame);
  const seconds = (number) => clock((number - scene.first) / scene.fps);
  const count = `frame ${frame.toLocaleString("en")} of ${scene.last.toLocaleString("en")}`;
  const slider = byId("slider");
  slider.value = frame;
  slider.setAttribute("aria-valuetext", `${seconds(frame)}, ${count}`);
  const rest = element("span", "soft", ` / ${seconds(scene.last)} · ${count}`);
  byId("time").replaceChildren(element("b", "", seconds(frame)), rest);
}

function play(on) {
  state.playing = on && scene.last > scene.first;
  if (state.playing && state.frame >= scene.last) state.frame = scene.first;
  state.ticked = performance.now();
  const shape = state.playing ? "M4 3h4v14H4zM12 3h4v14h-4z" : "M5 3l12 7-12 7z";
  byId("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  byId("play-shape").setAttribute("d", shape);
  playFilm(state.playing);
  changed();
}

function setSpeed(speed) {
  state.speed = speed;
  if (film.element) film.element.playbackRate = speed;
}

function seek(frame) {
  goTo(state, scene, frame);
  showInFilm(state.frame);
  changed();
}

/** Opens a scene: of several asked for one after the other, the last. */
async function choose(index, frame = null) {
  const ticket = ++asked;
  const opened = await openScene(page, index, scene);
  if (ticket !== asked) return;
  scene = opened;
  state.shown = scene.sources.map(() => true);
  state.joint = null;
  state.orbit = startOrbit(scene);
  goTo(state, scene, frame ?? tellingFrame(scene));
  drawn = {};
  fill();
  play(false);
}

const open = (index) => choose(index).catch(fail);
const fail = (error) => tell(`This page cannot be shown: ${error.message}`);

/** Puts the scene's names into the page. */
function fill() {
  const judged = scene.sources.some((source) => source.errors);
  if (!judged) state.paint = "sides";
  byId("current").textContent = scene.name;
  byId("seen").hidden = !scene.pixels;
  byId("figures").classList.toggle("filmed", Boolean(scene.video));
  byId("seen-head").textContent = scene.video ? "Video" : "2D input";
  const rings = scene.video ? "rings: 2D input" : "";
  byId("seen-name").textContent = [scene.camera ? scene.camera.name : "", rings].filter(Boolean).join(" · ");
  byId("whole").hidden = !scene.imageSize[0];
  byId("worst").hidden = !judged;
  byId("paint-error").parentElement.hidden = !judged;
  byId("layout-over").parentElement.hidden = scene.sources.length < 2;
  const slider = byId("slider");
  [slider.min, slider.max] = [scene.first, scene.last];
  byId("sources").replaceChildren();
  updates = [listSources(scene, state, changed), listJoints(scene, state, changed)];
  const notes = [...scene.notes, ...boneNotes(scene)];
  byId("notes").hidden = !notes.length;
  byId("notes-list").replaceChildren(...notes.map((note) => element("li", "", note)));
  markOpen(scene.index);
  showChoices();
}

/** Marks what is chosen among layout, place and colour. */
function showChoices() {
  const chosen = { layout: state.layout, place: placed(), paint: state.paint };
  for (const [what, value] of Object.entries(chosen)) {
    for (const button of document.querySelectorAll(`[id^="${what}-"]`)) {
      button.setAttribute("aria-pressed", button.id === `${what}-${value}`);
    }
  }
  byId("whole").setAttribute("aria-pressed", state.whole);
  const side = unitsIn(scene, "size") * floorOf(scene, placed() === "together").cell;
  const where = scene.relative ? "relative to the root" : scene.axes;
  byId("placed").textContent = `${where} · squares of ${+side.toPrecision(3)} ${units.size.symbol}`;
  byId("bar").hidden = state.paint !== "error";
  byId("sides").hidden = state.paint === "error";
  if (state.paint === "error") drawRamp();
  changed();
}

function drawRamp() {
  const { context, width, height } = fresh(byId("ramp"));
  for (let x = 0; x < width; x++) {
    context.fillStyle = rampColor(x / width);
    context.fillRect(x, 0, 1, height);
  }
  byId("ramp-middle").textContent = `${+(scene.worstError / 2).toPrecision(3)}`;
  byId("ramp-end").textContent = `${scene.worstError} ${units.error.symbol} and more`;
}

/** Looks from the camera's place, from its side, or from above. */
function look(from) {
  const angles = cameraAngles(scene) || { azimuth: 0, elevation: START.elevation };
  const views = {
    camera: angles,
    side: { azimuth: angles.azimuth + Math.PI / 2, elevation: 0.1 },
    top: { azimuth: angles.azimuth, elevation: Math.PI / 2 },
    reset: startOrbit(scene),
  };
  Object.assign(state.orbit, views[from]);
  changed();
}

function onKey(event) {
  const typing = event.target.closest("input[type=search], select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.target.closest("button, summary, input[type=checkbox]");
  const jump = event.shiftKey ? Math.max(Math.round(scene.fps), 1) : 0;
  const by = (sign) => seek(jump ? state.frame + sign * jump : stepped(state, scene, sign));
  const next = (sign) => {
    const index = scene.index + sign;
    if (page.scenes[index]) open(index);
  };
  const keys = {
    ArrowLeft: () => by(-1),
    ArrowRight: () => by(1),
    ArrowUp: () => next(-1),
    ArrowDown: () => next(1),
    Home: () => seek(scene.first),
    End: () => seek(scene.last),
    0: () => look("reset"),
  };
  if (event.key === " " && !onButton) play(!state.playing);
  else if (keys[event.key]) keys[event.key]();
  else if (turnByKey(state.orbit, event.key)) changed();
  else return;
  event.preventDefault();
}

function hover(event) {
  const tip = byId("tip");
  const canvas = byId("body").getBoundingClientRect();
  const row = rowAt(scene, state.frame);
  const found =
    event && jointAt(scene, seenJoints, row, event.clientX - canvas.left, event.clientY - canvas.top);
  tip.hidden = !found;
  if (!found) return;
  tip.textContent = found.text;
  const place = byId("body");
  tip.style.left = `${Math.min(place.offsetLeft + found.x + 12, place.offsetLeft + canvas.width - tip.offsetWidth - 4)}px`;
  tip.style.top = `${place.offsetTop + Math.max(found.y - 30, 4)}px`;
}

/** What a click anywhere does. */
function listen() {
  const on = (id, kind, act) => byId(id).addEventListener(kind, act);
  on("play", "click", () => play(!state.playing));
  on("slider", "input", () => seek(Number(byId("slider").value)));
  on("speed", "change", () => setSpeed(Number(byId("speed").value)));
  on("worst", "click", () => seek(worstFrame(scene, state) ?? state.frame));
  on("whole", "click", () => showChoices((state.whole = !state.whole)));
  for (const from of ["camera", "side", "top", "reset"]) on(`view-${from}`, "click", () => look(from));
  const choices = { layout: ["over", "side"], place: ["together", "absolute"], paint: ["sides", "error"] };
  for (const [what, values] of Object.entries(choices)) {
    for (const value of values) on(`${what}-${value}`, "click", () => showChoices((state[what] = value)));
  }
  listenToPointers(byId("body"), state, changed, hover);
  const curve = byId("curve");
  const along = (event) => event.buttons && seek(frameAcross(curve, scene, event.clientX));
  on("curve", "pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    along(event);
  });
  on("curve", "pointermove", along);
  document.addEventListener("keydown", onKey);
  darkness.addEventListener("change", recolor);
  const sizes = new ResizeObserver(() => showChoices());
  for (const id of ["body", "picture", "curve"]) sizes.observe(byId(id));
}

/** Scene and frame of an address such as report.html#scene=3&frame=120, the scene from 1. */
function wanted() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const index = Number(asked.get("scene") || 1) - 1;
  const frame = asked.has("frame") ? Number(asked.get("frame")) : null;
  return [page.scenes[index] ? index : 0, Number.isFinite(frame) ? frame : null];
}

/** Draws all of it again in the colours that the screen now asks for. */
function recolor() {
  useColors();
  kept.key = null;
  drawn = {};
  fill();
}

function tell(words) {
  byId("banner").textContent = words;
  byId("banner").hidden = false;
}

async function start() {
  page = JSON.parse(byId("page").textContent);
  units = page.units;
  byId("title").textContent = page.title;
  byId("summary").textContent = page.summary;
  if (!window.DecompressionStream) {
    return tell("This browser is too old for this page: it wants one of 2023 or later.");
  }
  byId("app").hidden = false;
  byId("chooser").hidden = page.scenes.length < 2;
  byId("app").classList.toggle("single", page.scenes.length < 2);
  byId("chooser").open = !window.matchMedia("(max-width: 60rem)").matches;
  listActions(page);
  showBoxes(page);
  markOpen = listScenes(page, open);
  await openFilm(page.scenes[0].video);
  await choose(...wanted());
  listen();
  requestAnimationFrame(() => {
    performance.mark("drawn");
    document.body.dataset.state = "ready";
  });
  return undefined;
}

start().catch(fail);
